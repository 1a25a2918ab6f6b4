import { spell } from "./spell.ts";
import type { Callee, FunctionSym, LExpr, LocalInit, ObjectSym, Sym, TExpr, TStmt, TypedUnit } from "./typed.ts";
import type { CType } from "./types.ts";

/**
 * The typed tree as text, for people and tests (`--emit=typed`): C where C can say it, and where the checker added something
 * — a load, a conversion, a preserved step — that is written out too.
 *
 * | written | meaning |
 * |---|---|
 * | `x` | the place; `load x` reads it |
 * | `(T)e`, `(T!)e` | an implicit, an explicit conversion |
 * | `p.m`, `p?.m` | a member step, a preserved one (CO-RE); `a[i]`, `a?[i]` likewise |
 * | `p +[4] i` | pointer arithmetic with its scale |
 */
export function printUnit(unit: TypedUnit): string {
	const lines: string[] = [];
	for (const object of unit.objects) lines.push(printObject(object));
	for (const f of unit.functions) lines.push(printFunction(f));
	return `${lines.join("\n")}\n`;
}

function words(s: Sym): string {
	const list: string[] = [s.linkage];
	if (s.weak) list.push("weak");
	if (s.visibility !== "default") list.push(s.visibility);
	if (s.section !== null) list.push(`section(${JSON.stringify(s.section)})`);
	if (s.used) list.push("used");
	for (const tag of s.declTags) list.push(`tag(${JSON.stringify(tag)})`);
	if (s.kind === "object") {
		if (s.ownerFunction !== undefined) list.push(`of(${s.ownerFunction})`);
		if (s.align > 1) list.push(`align(${s.align})`);
		return list.join(" ");
	}
	if (s.inline !== "none") list.push(`inline(${s.inline})`);
	if (s.naked) list.push("naked");
	if (s.noreturn) list.push("noreturn");
	return list.join(" ");
}

function printObject(o: ObjectSym): string {
	const head = `${words(o)} ${spell(o.type, o.name)}`;
	if (!o.init) return `${head};`;
	const bytes = [...o.init.bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
	const relocs = o.init.relocs.map((r) => ` @${r.offset}=${r.symbol.name}${r.addend ? `+${r.addend}` : ""}`).join("");
	return `${head} = ${bytes.length > 128 ? `${bytes.slice(0, 128)}…(${bytes.length / 2})` : bytes}${relocs};`;
}

export function printFunction(f: FunctionSym): string {
	const head = `${words(f)} ${spell(f.type, f.name)}`;
	if (!f.body) return `${head};`;
	const params = f.body.params.map((p) => spell(p.type, p.name)).join(", ");
	return `${head} (${params}) {\n${f.body.statements.map((s) => printStmt(s, "\t")).join("\n")}\n}`;
}

// ── statements ──────────────────────────────────────────────────────────────────────────────────

function list(statements: readonly TStmt[], indent: string): string {
	return statements.map((s) => `${printStmt(s, indent)}\n`).join("");
}

export function printStmt(s: TStmt, indent = ""): string {
	const deeper = `${indent}\t`;
	switch (s.kind) {
		case "expr":
			return `${indent}${printExpr(s.expr)};`;
		case "local":
			return `${indent}local ${spell(s.symbol.type, s.symbol.name)}${s.init ? ` = ${printInit(s.init)}` : ""};`;
		case "block":
			return `${indent}{\n${list(s.body, deeper)}${indent}}`;
		case "if":
			return `${indent}if (${printExpr(s.condition)})\n${printStmt(s.then, deeper)}${s.else ? `\n${indent}else\n${printStmt(s.else, deeper)}` : ""}`;
		case "loop": {
			const unroll = s.unroll === undefined ? "" : ` unroll(${s.unroll})`;
			const test = s.condition ? ` (${printExpr(s.condition)})` : "";
			return `${indent}loop ${s.test}${test}${s.step ? ` step (${printExpr(s.step)})` : ""}${unroll}\n${printStmt(s.body, deeper)}`;
		}
		case "switch": {
			const cases = s.cases.map((c) => `${c.from === c.to ? c.from : `${c.from}...${c.to}`}→#${c.id}`).join(" ");
			return `${indent}switch (${printExpr(s.value)}) [${cases}${s.defaultId === undefined ? "" : ` default→#${s.defaultId}`}]\n${printStmt(s.body, deeper)}`;
		}
		case "case":
			return `${indent}#${s.id}:\n${printStmt(s.body, deeper)}`;
		case "label":
			return `${indent}${s.name}:\n${printStmt(s.body, indent)}`;
		case "goto":
			return `${indent}goto ${s.label};`;
		case "computed-goto":
			return `${indent}goto *${printExpr(s.target)};`;
		case "break":
		case "continue":
			return `${indent}${s.kind};`;
		case "return":
			return `${indent}return${s.value ? ` ${printExpr(s.value)}` : ""};`;
		case "asm": {
			const outputs = s.outputs.map(
				(o) => `${o.name ? `[${o.name}]` : ""}"${o.inout ? "+" : "="}${o.earlyClobber ? "&" : ""}${o.constraint}"(${printPlace(o.target)})`,
			);
			const inputs = s.inputs.map((i) => `${i.name ? `[${i.name}]` : ""}"${i.constraint}"(${printExpr(i.value)})`);
			return `${indent}asm${s.volatile ? " volatile" : ""}(${[JSON.stringify(s.template), outputs.join(", "), inputs.join(", "), s.clobbers.map((c) => `"${c}"`).join(", "), s.labels.join(", ")].join(" : ").replace(/( : )+$/, "")});`;
		}
	}
}

function printInit(init: LocalInit): string {
	const stores = init.stores.map((s) => {
		if (s.kind === "bytes") return `@${s.offset} ${JSON.stringify(String.fromCharCode(...s.bytes))}`;
		const bits = s.bits ? `:${s.bits.bitOffset}+${s.bits.bitWidth}` : "";
		return s.offset === 0 && !s.bits && init.stores.length === 1 && !init.zero
			? printExpr(s.value)
			: `@${s.offset}${bits} ${printExpr(s.value)}`;
	});
	return init.zero || init.stores.length !== 1 ? `{${init.zero ? "zero; " : ""}${stores.join(", ")}}` : stores[0]!;
}

// ── expressions ─────────────────────────────────────────────────────────────────────────────────

const type = (t: CType): string => spell(t);

export function printExpr(e: TExpr): string {
	switch (e.kind) {
		case "int":
			return `${e.value}${e.type.kind === "int" && e.type.name === "int" ? "" : `:${type(e.type)}`}`;
		case "float":
			return `${e.value}:${type(e.type)}`;
		case "load":
			return `load${e.volatile ? " volatile" : ""} ${printPlace(e.from)}`;
		case "address":
			return `&${printPlace(e.of)}`;
		case "function-address":
			return `&${e.symbol.name}`;
		case "convert":
			return `(${type(e.type)}${e.explicit ? "!" : ""})${printExpr(e.operand)}`;
		case "unary":
			return `${e.op}(${printExpr(e.operand)})`;
		case "binary":
		case "compare":
		case "logical":
			return `(${printExpr(e.left)} ${e.op} ${printExpr(e.right)})`;
		case "pointer-add":
			return `(${printExpr(e.pointer)} ${e.preserve ? "?" : ""}${e.subtract ? "-" : "+"}[${e.scale}] ${printExpr(e.index)})`;
		case "pointer-diff":
			return `(${printExpr(e.left)} -[${e.scale}] ${printExpr(e.right)})`;
		case "conditional":
			return `(${printExpr(e.condition)} ? ${e.then ? printExpr(e.then) : ""} : ${printExpr(e.else)})`;
		case "comma":
			return `(${printExpr(e.left)}, ${printExpr(e.right)})`;
		case "assign":
			return `${printPlace(e.target)} = ${printExpr(e.value)}`;
		case "update":
			return `${e.post ? "old " : ""}${printPlace(e.target)} ${e.op}=${e.scale === 1 ? "" : `[${e.scale}]`} ${printExpr(e.value)} in ${type(e.compute)}`;
		case "call":
			return `${printCallee(e.callee)}(${e.args.map(printExpr).join(", ")})`;
		case "builtin":
			return `${e.name}(${[...e.args.map(printExpr), ...e.typeArgs.map(type)].join(", ")})`;
		case "statement-expression":
			return `({ ${e.body.map((s) => printStmt(s)).join(" ")} ${e.result ? `=> ${printExpr(e.result)}` : ""} })`;
		case "core-info":
			return `core(${e.relo}, ${type(e.core.root)}, "${e.core.access}" = ${e.core.value})`;
		case "label-address":
			return `&&${e.label}`;
	}
}

function printCallee(c: Callee): string {
	switch (c.kind) {
		case "function":
			return c.symbol.name;
		case "helper":
			return `helper#${c.id}:${c.name}`;
		case "indirect":
			return `(*${printExpr(c.pointer)})`;
	}
}

function printPlace(l: LExpr): string {
	switch (l.kind) {
		case "variable":
			return l.symbol.name;
		case "deref":
			return `*${printExpr(l.pointer)}`;
		case "member":
			return `${wrapped(l.base)}${l.preserve ? "?" : ""}.${l.member.name ?? `<${l.index}>`}`;
		case "element":
			return `${wrapped(l.base)}${l.preserve ? "?" : ""}[${printExpr(l.index)}]`;
		case "string":
			return JSON.stringify(String.fromCharCode(...l.bytes.subarray(0, l.bytes.length - 1)));
		case "compound-literal":
			return `(${type(l.type)})${printInit(l.init)}`;
		case "materialize":
			return `temporary(${printExpr(l.value)})`;
		case "sequenced":
			return `(${printExpr(l.first)}, ${printPlace(l.then)})`;
	}
}

function wrapped(l: LExpr): string {
	return l.kind === "deref" ? `(${printPlace(l)})` : printPlace(l);
}
