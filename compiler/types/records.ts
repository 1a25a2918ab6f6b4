import type { MemberDecl, RecordSpec } from "../grammar/ast.ts";
import { collect, ownAttributes } from "./attributes.ts";
import { asArray, asRecord, asFunction, canonical, ERROR, INT, integerType, isComplete, isError, qualifiersOf } from "./basic.ts";
import { atFileScope, type Cx, report, unevaluated } from "./context.ts";
import { declare } from "./declarators.ts";
import { layOut, sizeOf, type MemberPlan } from "./layout.ts";
import { LazyRecord } from "./lazy.ts";
import { rvalue } from "./operand.ts";
import { checkStaticAssert } from "./static-assert.ts";
import { checkNoStorage } from "./storage-class.ts";
import { decorate, specify } from "./specifiers.ts";
import { quote } from "./spell.ts";
import { fileTag, findSpec, isFileTag } from "./tags.ts";
import type { CType, Member, RecordBody, RecordType } from "./types.ts";
import { noAttributes } from "./attr-set.ts";

/**
 * In: a struct or union specifier. Out: its type, with members laid out; and member look-up through anonymous members.
 * Source: C11 6.7.2.1, GNU C for empty records, zero-length and flexible arrays anywhere, and clang for what is an error.
 */
export function specifiedRecord(cx: Cx, spec: RecordSpec): RecordType {
	const made = cx.file.records.get(spec);
	if (made) return made;
	const type = tagFor(cx, spec);
	if (!spec.members || !(type instanceof LazyRecord)) return type;
	cx.file.records.set(spec, type);
	if (type.defined) {
		report(cx, "redefinition", spec.span, `redefinition of '${spec.name}'`, [{ message: "previous definition is here", span: type.span }]);
		return type;
	}
	// A definition at file scope is read when needed; in a block its names mean what they mean there.
	if (cx.scope || !spec.name) type.finish(define(cx, spec, type));
	return type;
}

function tagFor(cx: Cx, spec: RecordSpec): RecordType {
	if (!spec.name) return new LazyRecord(spec.union, null, spec.span, null);
	const kind = spec.union ? "union" : "struct";
	if (cx.scope) {
		const found = spec.members ? cx.scope.ownTag(spec.name) : cx.scope.findTag(spec.name);
		if (found?.kind === "record" && found.union === spec.union) return found;
		if (found) mismatch(cx, spec, found);
		else if (!spec.members && isFileTag(cx, kind, spec.name)) {
			const file = fileTag(cx, kind, spec.name, spec.span);
			if (file.kind === "record" && file.union === spec.union) return file;
		}
		const type = new LazyRecord(spec.union, spec.name, spec.span, null);
		cx.scope.declareTag(spec.name, type);
		if (cx.scope.prototype)
			report(
				cx,
				"visibility",
				{ from: spec.span.from + 1, to: spec.span.from + 2 },
				`declaration of '${kind} ${spec.name}' will not be visible outside of this function`,
			);
		return type;
	}
	const tag = fileTag(cx, kind, spec.name, spec.span);
	if (tag.kind === "record" && tag.union === spec.union) return tag;
	mismatch(cx, spec, tag);
	const type = new LazyRecord(spec.union, spec.name, spec.span, null);
	// Complete, lest its users complain too.
	if (!spec.members) type.finish({ members: [], size: 0, align: 1 });
	return type;
}

function mismatch(cx: Cx, spec: RecordSpec, previous: { readonly span: RecordType["span"] }): void {
	report(cx, "wrongTag", spec.span, `use of '${spec.name}' with tag type that does not match previous declaration`, [
		{ message: "previous use is here", span: previous.span },
	]);
}

/** The body of a file-scope record, when somebody first asks. */
export function recordBody(cx: Cx, union: boolean, name: string): RecordBody | null {
	const spec = findSpec(cx, union ? "union" : "struct", name);
	if (spec?.kind !== "record") return null;
	const type = cx.file.tags.get(name);
	if (!(type instanceof LazyRecord)) return null;
	cx.file.records.set(spec, type);
	return atFileScope(cx, () => define(cx, spec, type));
}

function define(cx: Cx, spec: RecordSpec, type: LazyRecord): RecordBody {
	const attrs = collect(cx, noAttributes(), spec.attrs);
	const preserve = attrs.preserveAccessIndex || cx.file.preserved.has(spec);
	// The attribute holds for records that are defined within, too.
	if (preserve)
		for (const m of spec.members ?? [])
			if (m.kind === "member" && m.specs.type.kind === "record" && m.specs.type.members) cx.file.preserved.add(m.specs.type);
	const { declTags, transparentUnion, preserveStaticOffset } = attrs;
	type.extras = { preserveAccessIndex: preserve, preserveStaticOffset, declTags, transparentUnion };
	const members: MemberPlan[] = [];
	const seen = new Map<string, MemberPlan>();
	for (const m of spec.members ?? []) {
		if (m.kind === "static-assert") {
			checkStaticAssert(cx, m);
			continue;
		}
		for (const plan of memberPlans(cx, m)) {
			for (const name of namesOf(plan)) {
				if (seen.has(name)) report(cx, "duplicateMember", m.span, `duplicate member '${name}'`);
				seen.set(name, plan);
			}
			members.push(plan);
		}
	}
	return layOut({ union: spec.union, members, packed: attrs.packed, align: attrs.aligned, pack: attrs.pack });
}

function namesOf(plan: MemberPlan): readonly string[] {
	if (plan.name !== null) return [plan.name];
	if (plan.bits !== null) return [];
	const names: string[] = [];
	const visit = (record: RecordType | null): void => {
		for (const m of record?.body?.members ?? []) {
			if (m.name !== null) names.push(m.name);
			else if (m.bitWidth === null) visit(asRecord(m.type));
		}
	};
	visit(asRecord(plan.type));
	return names;
}

function* memberPlans(cx: Cx, m: MemberDecl): Iterable<MemberPlan> {
	checkNoStorage(cx, m.specs);
	const base = specify(cx, m.specs);
	if (m.declarators.length === 0) {
		const record = asRecord(base.type);
		// `struct tag { … };` within a record declares the tag and no member; without a tag it is an anonymous member.
		if (record && m.specs.type.kind === "record" && m.specs.type.name === undefined)
			yield {
				name: null,
				type: base.type,
				bits: null,
				align: base.attrs.aligned,
				packed: base.attrs.packed,
				declTags: base.attrs.declTags,
			};
		else if (record) report(cx, "emptyDeclaration", m.span, "declaration does not declare anything");
		return;
	}
	for (const d of m.declarators) {
		let attrs = base.attrs;
		let type = base.type;
		let name: string | null = null;
		let span = d.span;
		if (d.declarator) {
			const declared = declare(cx, d.declarator, base.type);
			type = declared.type;
			name = declared.name;
			span = declared.span;
			attrs = ownAttributes(cx, base.attrs, declared.attrs, d.attrs);
			type = decorate(cx, type, attrs);
		}
		let bits: number | null = null;
		if (d.bits) {
			const ast = d.bits;
			const width = unevaluated(cx, () => rvalue(cx.rules.expr(cx, ast)));
			const int = integerType(type);
			if (width.kind !== "int") {
				if (!isError(width.type)) report(cx, "notConstant", ast.span, "expression is not an integer constant expression");
				bits = 1;
			} else if (!int || qualifiersOf(type).atomic) {
				if (!isError(type)) report(cx, "badBitField", span, `bit-field '${name ?? ""}' has non-integral type ${quote(type)}`);
				type = INT;
				bits = 1;
			} else {
				bits = Number(width.value);
				const limit = int.rank === 0 ? 1 : sizeOf(type) * 8;
				if (bits < 0) report(cx, "badBitField", ast.span, `bit-field '${name ?? ""}' has negative width (${bits})`);
				else if (bits > limit)
					report(
						cx,
						"badBitField",
						ast.span,
						`width of bit-field '${name ?? ""}' (${bits} bits) exceeds the width of its type (${limit} bits)`,
					);
				else if (bits === 0 && name !== null) report(cx, "badBitField", ast.span, `named bit-field '${name}' has zero width`);
				bits = Math.min(Math.max(bits, 0), limit);
			}
		} else if (asFunction(type)) {
			report(cx, "badMember", span, `field '${name ?? ""}' declared as a function`);
			type = ERROR;
		} else if (!isComplete(type) && !isFlexible(type)) {
			if (!isError(type)) report(cx, "incompleteType", span, `field has incomplete type ${quote(type)}`, forward(type));
			type = ERROR;
		}
		yield { name, type, bits, align: attrs.aligned, packed: attrs.packed, declTags: attrs.declTags };
	}
}

function isFlexible(type: CType): boolean {
	const array = asArray(type);
	return array !== null && array.length === null && isComplete(array.element);
}

/** The note that tells where an incomplete record was declared. */
export function forward(type: CType): { message: string; span: RecordType["span"] }[] {
	const t = canonical(type);
	return t.kind === "record" || t.kind === "enum" ? [{ message: `forward declaration of ${quote(t)}`, span: t.span }] : [];
}

// ── look-up ─────────────────────────────────────────────────────────────────────────────────────

export interface MemberStep {
	readonly record: RecordType;
	readonly member: Member;
	readonly index: number;
}

/** The way to a member, through anonymous records: every step one member of the one before. */
export function findMember(record: RecordType, name: string): readonly MemberStep[] | null {
	const members = record.body?.members ?? [];
	for (let index = 0; index < members.length; index++) {
		const member = members[index]!;
		if (member.name === name) return [{ record, member, index }];
		if (member.name !== null || member.bitWidth !== null) continue;
		const inner = asRecord(member.type);
		const rest = inner ? findMember(inner, name) : null;
		if (rest) return [{ record, member, index }, ...rest];
	}
	return null;
}

export function memberNames(record: RecordType): string[] {
	return (record.body?.members ?? []).flatMap((m) => {
		if (m.name !== null) return [m.name];
		const inner = m.bitWidth === null ? asRecord(m.type) : null;
		return inner ? memberNames(inner) : [];
	});
}
