/**
 * CO-RE's notion of "the same type in another BTF" (tools/lib/bpf/relo_core.c): names without their `___flavor`, kinds that agree, members looked up by name
 * also through anonymous structs and unions. In: a local access such as "0:1:2"; out: where that field is in a target type.
 */
import type { BtfMember, BtfType } from "../../assembler/btf/types.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { essentialName, nameOf, resolve, resolved, sizeOf } from "../../assembler/btf/type-source.ts";

/** A field as it was found, walked to from its root type. */
export interface FieldSpec {
	readonly bitOffset: number;
	/** The member's type, before names and qualifiers are taken off. */
	readonly type: number;
	/** 0 when it is no bit field. */
	readonly bitSize: number;
	/** Path of members and indexes, in names: to find it again elsewhere. */
	readonly steps: readonly AccessStep[];
	/** The members walked through, anonymous ones too: the record's id and the member's place in it. */
	readonly members: readonly MemberPlace[];
	readonly root: number;
}

export interface MemberPlace {
	readonly record: number;
	readonly index: number;
}

export type AccessStep = { readonly kind: "index"; readonly index: number } | { readonly kind: "member"; readonly name: string };

/** Walks "0:1:2" from a local root; null: the string does not fit the type. */
export function walkLocal(source: TypeSource, root: number, access: string): FieldSpec | null {
	const indexes = access.split(":").map(Number);
	if (indexes.some((n) => !Number.isInteger(n) || n < 0)) return null;
	const steps: AccessStep[] = [{ kind: "index", index: indexes[0] }];
	const members: MemberPlace[] = [];
	let type = root;
	let bitOffset = indexes[0] * sizeOf(source, root) * 8;
	let bitSize = 0;
	for (const index of indexes.slice(1)) {
		const here = resolved(source, type);
		bitSize = 0;
		if (here.kind === "struct" || here.kind === "union") {
			const member = here.members[index];
			if (member === undefined) return null;
			members.push({ record: resolve(source, type), index });
			bitOffset += member.bitOffset;
			bitSize = member.bitSize;
			type = member.type;
			// Anonymous members are not part of the path: the target may nest differently.
			if (member.name !== "") steps.push({ kind: "member", name: member.name });
		} else if (here.kind === "array") {
			bitOffset += index * sizeOf(source, here.type) * 8;
			type = here.type;
			steps.push({ kind: "index", index });
		} else {
			return null;
		}
	}
	return { bitOffset, type, bitSize, steps, members, root };
}

/** The same path in a target type; null: it is not there, or what is there is of another kind. */
export function walkTarget(target: TypeSource, root: number, local: TypeSource, spec: FieldSpec): FieldSpec | null {
	const first = spec.steps[0];
	let type = root;
	const members: MemberPlace[] = [];
	let bitOffset = first.kind === "index" ? first.index * sizeOf(target, root) * 8 : 0;
	let bitSize = 0;
	for (const step of spec.steps.slice(1)) {
		const here = resolved(target, type);
		bitSize = 0;
		if (step.kind === "index") {
			if (here.kind !== "array") return null;
			// A last member of zero or one elements is a flexible array.
			if (here.length > 1 && step.index >= here.length) return null;
			bitOffset += step.index * sizeOf(target, here.type) * 8;
			type = here.type;
		} else {
			const found = findMember(target, type, step.name);
			if (found === null) return null;
			members.push(...found.path);
			bitOffset += found.bitOffset;
			bitSize = found.member.bitSize;
			type = found.member.type;
		}
	}
	if (!fieldsCompatible(local, spec.type, target, type)) return null;
	return { bitOffset, type, bitSize, steps: spec.steps, members, root };
}

interface FoundMember {
	readonly member: BtfMember;
	readonly bitOffset: number;
	readonly path: readonly MemberPlace[];
}

function findMember(source: TypeSource, id: number, name: string, depth = 32): FoundMember | null {
	const at = resolve(source, id);
	const record = source.type(at);
	if ((record.kind !== "struct" && record.kind !== "union") || depth === 0) return null;
	for (const [index, member] of record.members.entries()) {
		const here = { record: at, index };
		if (member.name === name) return { member, bitOffset: member.bitOffset, path: [here] };
		if (member.name !== "") continue;
		const inner = findMember(source, member.type, name, depth - 1);
		if (inner !== null) return { member: inner.member, bitOffset: inner.bitOffset + member.bitOffset, path: [here, ...inner.path] };
	}
	return null;
}

/** bpf_core_fields_are_compat: may a field of one type be read as the other? */
function fieldsCompatible(local: TypeSource, localId: number, target: TypeSource, targetId: number): boolean {
	const a = resolved(local, localId);
	const b = resolved(target, targetId);
	const record = (type: BtfType): boolean => type.kind === "struct" || type.kind === "union";
	if (record(a) && record(b)) return true;
	const enumeration = (type: BtfType): boolean => type.kind === "enum" || type.kind === "enum64";
	if (enumeration(a) && enumeration(b)) return namesAgree(a, b);
	if (a.kind !== b.kind) return false;
	switch (a.kind) {
		case "ptr":
		case "float":
			return true;
		case "fwd":
		case "enum":
			return namesAgree(a, b);
		case "int":
			return a.offset === 0 && b.kind === "int" && b.offset === 0;
		case "array":
			return b.kind === "array" && fieldsCompatible(local, a.type, target, b.type);
		default:
			return false;
	}
}

function namesAgree(a: BtfType, b: BtfType): boolean {
	const left = essentialName(nameOf(a));
	const right = essentialName(nameOf(b));
	return left === "" || right === "" || left === right;
}

/** Types of the target that may stand for the local one: same essential name, same kind. */
export function candidates(local: TypeSource, localId: number, target: TypeSource): number[] {
	const type = local.type(localId);
	const name = essentialName(nameOf(type));
	if (name === "") return [];
	return target.find(name).filter((id) => kindsAgree(type, target.type(id)));
}

function kindsAgree(a: BtfType, b: BtfType): boolean {
	const group = (kind: string): string => (kind === "enum64" ? "enum" : kind);
	return group(a.kind) === group(b.kind);
}

/** bpf_core_types_are_compat: the kinds agree all the way down; members and names do not matter. */
export function typesCompatible(local: TypeSource, localId: number, target: TypeSource, targetId: number, depth = 32): boolean {
	const a = resolved(local, localId);
	const b = resolved(target, targetId);
	if (depth === 0 || !kindsAgree(a, b)) return false;
	switch (a.kind) {
		case "int":
			return a.offset === 0 && b.kind === "int" && b.offset === 0;
		case "ptr":
			return b.kind === "ptr" && typesCompatible(local, a.type, target, b.type, depth - 1);
		case "array":
			return b.kind === "array" && typesCompatible(local, a.type, target, b.type, depth - 1);
		case "func_proto":
			return (
				b.kind === "func_proto" &&
				a.params.length === b.params.length &&
				typesCompatible(local, a.result, target, b.result, depth - 1) &&
				a.params.every((param, i) => typesCompatible(local, param.type, target, b.params[i].type, depth - 1))
			);
		default:
			return true;
	}
}

/** bpf_core_types_match: as compatible, and every local member or enumerator exists in the target, with a matching type. */
export function typesMatch(
	local: TypeSource,
	localId: number,
	target: TypeSource,
	targetId: number,
	behindPointer = false,
	depth = 32,
): boolean {
	if (depth === 0) return false;
	const a = resolved(local, localId);
	const b = resolved(target, targetId);
	const [nameA, nameB] = [essentialName(nameOf(a)), essentialName(nameOf(b))];
	if (nameA !== "" && nameB !== "" && nameA !== nameB && a.kind !== "int") return false;
	if (behindPointer && (a.kind === "fwd" || b.kind === "fwd")) return true;
	if (!kindsAgree(a, b)) return false;
	const next = (x: number, y: number, pointer = false): boolean => typesMatch(local, x, target, y, pointer, depth - 1);
	switch (a.kind) {
		case "int":
			return b.kind === "int" && a.size === b.size && (a.encoding & 1) === (b.encoding & 1);
		case "ptr":
			return b.kind === "ptr" && next(a.type, b.type, true);
		case "array":
			return b.kind === "array" && a.length === b.length && next(a.type, b.type);
		case "struct":
		case "union":
			if (behindPointer) return true;
			return a.members.every((member) => {
				if (member.name === "") return true;
				const found = findMember(target, targetId, member.name);
				return found !== null && next(member.type, found.member.type);
			});
		case "enum":
		case "enum64":
			return (
				(b.kind === "enum" || b.kind === "enum64") &&
				a.size === b.size &&
				a.values.every((value) => b.values.some((other) => essentialName(other.name) === essentialName(value.name)))
			);
		case "func_proto":
			return (
				b.kind === "func_proto" &&
				a.params.length === b.params.length &&
				next(a.result, b.result) &&
				a.params.every((param, i) => next(param.type, b.params[i].type))
			);
		default:
			return true;
	}
}

/** An enumerator's value by its essential name; null: the enum has none of that name. */
export function enumerator(source: TypeSource, id: number, name: string): bigint | null {
	const type = source.type(resolve(source, id));
	if (type.kind !== "enum" && type.kind !== "enum64") return null;
	const found = type.values.find((value) => essentialName(value.name) === essentialName(name));
	return found === undefined ? null : BigInt(found.value);
}
