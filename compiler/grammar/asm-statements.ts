/** Actions for assembly statements: a template, and behind its colons what it writes, reads, spoils and jumps to. */
import { spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, maybe, spanOf, textOf } from "./actions.ts";
import type { AsmOperand, AsmStmt, Expr } from "./ast.ts";
import { joinStrings } from "./strings.ts";

type AsmItem =
	| { readonly kind: "operand"; readonly operand: AsmOperand }
	| { readonly kind: "clobber"; readonly text: string }
	| { readonly kind: "label"; readonly name: string };
type StringExpr = Expr & { readonly kind: "string" };

export function asmActions(builder: Builder): Actions {
	return {
		asmStatement(_asm, qualifiers, _open, template, sections, _close, _semicolon) {
			const words = qualifiers.children.map((node) => spellingOf(builder.tokens.kinds[node.from]));
			// template : outputs : inputs : clobbers : labels; `::` leaves one out.
			const parts: AsmItem[][] = [[], [], [], []];
			let section = -1;
			for (const { colons, items } of all<{ colons: number; items: AsmItem[] }>(sections)) {
				section += colons;
				if (section < parts.length) parts[section] = items;
			}
			const operands = (items: readonly AsmItem[]): AsmOperand[] =>
				items.flatMap((item) => (item.kind === "operand" ? [item.operand] : []));
			return {
				kind: "asm",
				volatile: words.includes("volatile"),
				goto: words.includes("goto"),
				template: joinStrings(ast<StringExpr>(template).parts),
				outputs: operands(parts[0]),
				inputs: operands(parts[1]),
				clobbers: parts[2].flatMap((item) => (item.kind === "clobber" ? [item.text] : [])),
				labels: parts[3].flatMap((item) => (item.kind === "label" ? [item.name] : [])),
				span: spanOf(this),
			} satisfies AsmStmt;
		},
		asmSection(colon, items) {
			return { colons: spellingOf(builder.tokens.kinds[colon.from]) === "::" ? 2 : 1, items: all<AsmItem>(items) };
		},
		asmItem_operand(name, constraint, _open, expr, _close): AsmItem {
			const symbol = maybe<string>(name);
			return {
				kind: "operand",
				operand: {
					...(symbol === undefined ? {} : { name: symbol }),
					constraint: joinStrings(ast<StringExpr>(constraint).parts),
					expr: ast<Expr>(expr),
					span: spanOf(this),
				},
			};
		},
		asmItem_clobber(text): AsmItem {
			return { kind: "clobber", text: joinStrings(ast<StringExpr>(text).parts) };
		},
		asmItem_label(name): AsmItem {
			return { kind: "label", name: textOf(builder, name) };
		},
		asmName(_open, name, _close) {
			return textOf(builder, name);
		},
	};
}
