/**
 * Questions about types that the verifier asks of the program's BTF and of the kernel's alike.
 *
 * In: a `TypeSource` (whole BTF as data, or the lazy view of the kernel's) and type ids; out: sizes, fields at offsets, ids without modifiers.
 * Source: kernel/bpf/btf.c: btf_resolve_size, btf_struct_walk, btf_struct_ids_match for behaviour.
 */
import type { Btf, BtfRecord, BtfType } from "../../assembler/btf/types.ts";
import type { BtfView } from "../../assembler/btf/view.ts";
import { PERCPU, RCU, UNTRUSTED, USER } from "./types.ts";

export interface TypeSource {
	readonly kernel: boolean;
	readonly count: number;
	type(id: number): BtfType;
	find(name: string, kind: BtfType["kind"]): number;
	named(name: string, kind: BtfType["kind"]): readonly number[];
	/** The types with a declaration tag of this text. */
	tagged(text: string): readonly number[];
}

/** A program's BTF. */
export function typeSource(btf: Btf): TypeSource {
	return {
		kernel: false,
		count: btf.types.length,
		type: (id) => btf.types[id] ?? { kind: "void" },
		find: (name, kind) => btf.types.findIndex((t) => t.kind === kind && (t as { name?: string }).name === name),
		named: (name, kind) => btf.types.flatMap((t, id) => (t.kind === kind && (t as { name?: string }).name === name ? [id] : [])),
		tagged: (text) => btf.types.flatMap((t) => (t.kind === "decl_tag" && t.name === text ? [t.type] : [])),
	};
}

/** The kernel's BTF, from what finds types by name. */
export function kernelTypes(
	view: Pick<BtfView, "count" | "type"> & { find(name: string, kind?: BtfType["kind"]): readonly number[] },
): TypeSource {
	return {
		kernel: true,
		count: view.count,
		type: (id) => (id >= 0 && id < view.count ? view.type(id) : { kind: "void" }),
		find: (name, kind) => view.find(name, kind).find((id) => view.type(id).kind === kind) ?? -1,
		named: (name, kind) => view.find(name, kind).filter((id) => view.type(id).kind === kind),
		tagged: (text) =>
			view.find(text, "decl_tag").flatMap((id) => {
				const t = view.type(id);
				return t.kind === "decl_tag" ? [t.type] : [];
			}),
	};
}

export function nameOf(types: TypeSource, id: number): string {
	return (types.type(id) as { name?: string }).name ?? "";
}

type Modifier = Extract<BtfType, { kind: "const" | "volatile" | "restrict" | "typedef" | "type_tag" }>;

export function isModifier(t: BtfType): t is Modifier {
	return t.kind === "const" || t.kind === "volatile" || t.kind === "restrict" || t.kind === "typedef" || t.kind === "type_tag";
}

/** The id without const, volatile, restrict, typedef and type tags. */
export function skipModifiers(types: TypeSource, id: number): number {
	for (let i = 0; i < 64; i++) {
		const t = types.type(id);
		if (!isModifier(t)) return id;
		id = t.type;
	}
	return id;
}

export function resolved(types: TypeSource, id: number): BtfType {
	return types.type(skipModifiers(types, id));
}

export const isRecord = (t: BtfType): t is BtfRecord => t.kind === "struct" || t.kind === "union";
export const isInt = (t: BtfType): boolean => t.kind === "int";
export const isEnum = (t: BtfType): boolean => t.kind === "enum" || t.kind === "enum64";
export const isScalarType = (t: BtfType): boolean => isInt(t) || isEnum(t);

/** Size in bytes; null for void, functions and incomplete types. */
export function sizeOf(types: TypeSource, id: number): number | null {
	let elements = 1;
	for (let i = 0; i < 64; i++) {
		const t = types.type(id);
		if (isModifier(t)) id = t.type;
		else if (t.kind === "array") {
			elements *= t.length;
			id = t.type;
		} else if (t.kind === "ptr") return elements * 8;
		else if (t.kind === "int" || t.kind === "enum" || t.kind === "enum64" || t.kind === "float" || isRecord(t)) return elements * t.size;
		else if (t.kind === "var") id = t.type;
		else if (t.kind === "datasec") return elements * t.size;
		else return null;
	}
	return null;
}

/** "STRUCT", "PTR": the kernel's name of a kind in messages. */
export function kindName(t: BtfType): string {
	return t.kind === "void" ? "UNKNOWN" : t.kind.toUpperCase();
}

export type WalkResult =
	| { readonly kind: "scalar" }
	/** A pointer to a record. */
	| { readonly kind: "pointer"; readonly id: number; readonly flags: number; readonly field: string }
	/** A pointer to something else. */
	| { readonly kind: "untrusted-pointer" }
	/** An embedded record that starts exactly there. */
	| { readonly kind: "struct"; readonly id: number; readonly flags: number }
	| { readonly kind: "error"; readonly errno: number; readonly message: string };

/** What lies at `off` in the record `id`, `size` bytes of it. `flags` collects UNTRUSTED for unions on the way; `flexible`: an array of unknown length may be read. */
export function walkStruct(types: TypeSource, id: number, off: number, size: number, flags: number, flexible = true): WalkResult {
	let t = resolved(types, id);
	outer: for (let depth = 0; depth < 64; depth++) {
		if (!isRecord(t)) return { kind: "error", errno: 22, message: `Type '${(t as { name?: string }).name ?? ""}' is not a struct` };
		const { members } = t;
		const name = t.name || "(anon)";
		if (t.kind === "union" && members.length !== 1) flags |= UNTRUSTED;
		if (off + size > t.size) {
			const last = flexible ? members[members.length - 1] : undefined;
			const start = last ? last.bitOffset >> 3 : 0;
			const element = last && off >= start ? flexibleElement(types, last.type) : null;
			if (element?.kind === "int") return { kind: "scalar" };
			if (!element || !isRecord(element) || element.size === 0)
				return { kind: "error", errno: 13, message: `access beyond struct ${name} at off ${off} size ${size}` };
			// Nothing tells how many elements there are: what is read there is not to be trusted.
			flags |= UNTRUSTED;
			t = element;
			off = (off - start) % element.size;
			continue;
		}
		for (const m of members) {
			let start = m.bitOffset >> 3;
			if (off + size <= start) break;
			if (m.bitSize) {
				if (off <= start && (m.bitOffset + m.bitSize + 7) >> 3 <= off + size) return { kind: "scalar" };
				continue;
			}
			if (off < start) break;
			const total = sizeOf(types, m.type);
			if (total === null) return { kind: "error", errno: 14, message: `field ${m.name} doesn't have size` };
			const end = start + total;
			if (off >= end) continue;
			let memberId = skipModifiers(types, m.type);
			let member = types.type(memberId);
			let memberSize = total;
			if (member.kind === "array") {
				if (start === end) continue;
				let elements = 1;
				while (member.kind === "array") {
					elements *= member.length;
					memberId = skipModifiers(types, member.type);
					member = types.type(memberId);
				}
				memberSize = total / elements;
				start += Math.floor((off - start) / memberSize) * memberSize;
			}
			if (isRecord(member)) {
				t = member;
				if (off === start) return { kind: "struct", id: memberId, flags };
				off -= start;
				continue outer;
			}
			if (member.kind === "ptr") {
				if (memberSize !== size || off !== start) {
					return {
						kind: "error",
						errno: 13,
						message: `cannot access ptr member ${m.name} with moff ${start} in struct ${name} with off ${off} size ${size}`,
					};
				}
				return pointerMember(types, member.type, flags, m.name);
			}
			if (off + size > end && !(flags & UNTRUSTED)) {
				return {
					kind: "error",
					errno: 13,
					message: `access beyond the end of member ${m.name} (mend:${end}) in struct ${name} with off ${off} size ${size}`,
				};
			}
			return { kind: "scalar" };
		}
		return { kind: "error", errno: 22, message: `struct ${name} doesn't have field at offset ${off}` };
	}
	return { kind: "error", errno: 22, message: "struct nesting is too deep" };
}

/** Of an array without a length, the last member of a record: only it reaches beyond. */
function flexibleElement(types: TypeSource, id: number): BtfType | null {
	const array = resolved(types, id);
	return array.kind === "array" && array.length === 0 ? resolved(types, array.type) : null;
}

function pointerMember(types: TypeSource, pointee: number, flags: number, field: string): WalkResult {
	const target = skipModifiers(types, pointee);
	if (!isRecord(types.type(target))) return { kind: "untrusted-pointer" };
	const tag = types.type(pointee);
	return { kind: "pointer", id: target, flags: tag.kind === "type_tag" && !tag.kflag ? flags | tagFlags(tag.name) : flags, field };
}

function tagFlags(tag: string): number {
	switch (tag) {
		case "user":
			return USER;
		case "percpu":
			return PERCPU;
		case "rcu":
			return RCU;
		default:
			return 0;
	}
}

/** Whether a pointer to `id` + off is one to `needed` (or, unless strict, to a record that begins with it). */
export function sameStruct(types: TypeSource, id: number, off: number, neededTypes: TypeSource, needed: number, strict: boolean): boolean {
	if (off === 0 && types === neededTypes && id === needed) return true;
	if (strict) return false;
	for (let i = 0; i < 64; i++) {
		const step = walkStruct(types, id, off, 1, 0, false);
		if (step.kind !== "struct") return false;
		if (types === neededTypes && step.id === needed) return true;
		id = step.id;
		off = 0;
	}
	return false;
}

/** A record of numbers only (nested up to three levels, arrays of numbers): memory that a program may fill by itself. */
export function isScalarStruct(types: TypeSource, t: BtfType, note?: (text: string) => void, depth = 0): boolean {
	if (!isRecord(t)) return false;
	for (const m of t.members) {
		const member = resolved(types, m.type);
		if (isRecord(member)) {
			if (depth >= 3) {
				note?.("max struct nesting depth exceeded");
				return false;
			}
			if (!isScalarStruct(types, member, note, depth + 1)) return false;
		} else if (member.kind === "array") {
			if (member.length === 0 || !isScalarType(resolved(types, member.type))) return false;
		} else if (!isScalarType(member)) return false;
	}
	return true;
}

/** The names that programs know two kernel structs by. */
export function isProjectionOf(seen: string, real: string): boolean {
	return (seen === "__sk_buff" && real === "sk_buff") || (seen === "xdp_md" && real === "xdp_buff");
}

export type { BtfType };
