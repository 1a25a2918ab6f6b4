/**
 * Whether two objects mean the same by a name: the types of an extern and its definition, and the fields of two map definitions.
 * In: one list of types that holds both. Out: nothing when they agree, or what differs. Source: the rules of libbpf's linker.
 */
import { stripModifiers } from "../assembler/btf/layout.ts";
import type { BtfType } from "../assembler/btf/types.ts";

/** `exact`: records are compared member by member; behind a pointer their name is enough. */
export function typeMismatch(types: readonly BtfType[], a: number, b: number, exact = true, depth = 0): string | null {
	a = stripModifiers(types, a);
	b = stripModifiers(types, b);
	if (a === b || depth > 64) return null;
	const x = types[a];
	const y = types[b];
	const nameOf = (type: BtfType): string => ("name" in type ? type.name : "");
	const said = (type: BtfType): string => `${type.kind}${nameOf(type) === "" ? "" : ` ${nameOf(type)}`}`;
	const differ = `${said(x)} against ${said(y)}`;
	const isRecord = (type: BtfType): boolean => type.kind === "struct" || type.kind === "union";
	if (x.kind === "fwd" || y.kind === "fwd") {
		const record = (type: BtfType): string => (type.kind === "fwd" ? (type.union ? "union" : "struct") : type.kind);
		return record(x) === record(y) && nameOf(x) === nameOf(y) ? null : differ;
	}
	// Of numbers the size counts: int and __u32 may be one variable.
	if (x.kind !== y.kind || (x.kind !== "int" && x.kind !== "float" && nameOf(x) !== nameOf(y))) return differ;
	if (
		"size" in x &&
		"size" in y &&
		x.size !== y.size &&
		!(x.kind === "enum" && (x.values.length === 0 || (y as typeof x).values.length === 0))
	)
		return `${said(x)} of ${x.size} bytes against ${y.size}`;
	if (x.kind === "ptr" && y.kind === "ptr") return typeMismatch(types, x.type, y.type, false, depth + 1);
	if (x.kind === "array" && y.kind === "array")
		return x.length !== y.length ? `array of ${x.length} against ${y.length}` : typeMismatch(types, x.type, y.type, exact, depth + 1);
	if (x.kind === "func_proto" && y.kind === "func_proto") {
		if (x.params.length !== y.params.length) return `${x.params.length} parameters against ${y.params.length}`;
		for (let i = 0; i < x.params.length; i++) {
			const mismatch = typeMismatch(types, x.params[i].type, y.params[i].type, exact, depth + 1);
			if (mismatch !== null) return `parameter ${i + 1}: ${mismatch}`;
		}
		const mismatch = typeMismatch(types, x.result, y.result, exact, depth + 1);
		return mismatch === null ? null : `result: ${mismatch}`;
	}
	if (exact && isRecord(x) && "members" in x && "members" in y) {
		if (x.members.length !== y.members.length) return `${said(x)} with ${x.members.length} members against ${y.members.length}`;
		for (let i = 0; i < x.members.length; i++) {
			const [m, n] = [x.members[i], y.members[i]];
			if (m.name !== n.name || m.bitOffset !== n.bitOffset || m.bitSize !== n.bitSize)
				return `${said(x)}: member ${m.name} against ${n.name}`;
			const mismatch = typeMismatch(types, m.type, n.type, exact, depth + 1);
			if (mismatch !== null) return `${said(x)}.${m.name}: ${mismatch}`;
		}
	}
	return null;
}

/** The fields of a `.maps` definition: `__uint(type, 2)` is a pointer to an array of 2, `__type(key, T)` a pointer to T. */
export function mapMismatch(types: readonly BtfType[], a: number, b: number): string | null {
	const x = types[stripModifiers(types, a)];
	const y = types[stripModifiers(types, b)];
	if (x.kind !== "struct" || y.kind !== "struct") return "a map definition is not a struct";
	for (const member of x.members) {
		const other = y.members.find(({ name }) => name === member.name);
		if (other === undefined) return `field ${member.name} is only in one definition`;
		const mismatch =
			member.name === "key" || member.name === "value"
				? typeMismatch(types, pointee(types, member.type), pointee(types, other.type))
				: typeMismatch(types, member.type, other.type, true);
		const [m, n] = [numberOf(types, member.type), numberOf(types, other.type)];
		if (m !== n) return `${member.name} is ${m} against ${n}`;
		if (mismatch !== null) return `${member.name}: ${mismatch}`;
	}
	const extra = y.members.find(({ name }) => !x.members.some((member) => member.name === name));
	return extra === undefined ? null : `field ${extra.name} is only in one definition`;
}

function pointee(types: readonly BtfType[], id: number): number {
	const type = types[stripModifiers(types, id)];
	return type.kind === "ptr" ? type.type : id;
}

/** The N of `int (*field)[N]`. */
function numberOf(types: readonly BtfType[], id: number): number | undefined {
	const target = types[stripModifiers(types, pointee(types, id))];
	return target?.kind === "array" ? target.length : undefined;
}
