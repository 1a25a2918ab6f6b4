/**
 * BTF types to JavaScript values and back: what makes a map a typed `Map` and a global variable a property.
 *
 *     int up to 32 bits → number     64 bits and more → bigint     _Bool → boolean     float → number     enum → number
 *     pointer → bigint               char[N] → string (to the NUL) u8[N] → Uint8Array  other array → array
 *     struct, union → object by member name; anonymous members are merged in
 *
 * Encoding takes the same, and is lenient: numbers for bigints, −1 for all ones, enumerators by name, strings for char arrays, missing members stay zero. What does
 * not fit is refused, since it would be another value. Padding is always zero.
 */
import type { BtfType } from "../../assembler/btf/types.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { nameOf, resolved, sizeOf } from "../../assembler/btf/type-source.ts";

/** A value of a BTF type; which JavaScript type stands for which is said at the top of this file. */
export type Value = number | bigint | boolean | string | Uint8Array | readonly Value[] | { readonly [member: string]: Value };

export interface Codec {
	readonly size: number;
	decode(bytes: Uint8Array): Value;
	/** @throws TypeError naming the member that cannot be encoded */
	encode(value: Value): Uint8Array;
}

/** Without BTF: bytes as they are; numbers are welcome where they fit. */
export function bytesCodec(size: number): Codec {
	return {
		size,
		decode: (bytes) => bytes.slice(),
		encode: (value) => {
			const out = new Uint8Array(size);
			if (value instanceof Uint8Array) {
				if (value.length > size) throw new TypeError(`${value.length} bytes do not fit into ${size}`);
				out.set(value);
			} else if (typeof value === "number" || typeof value === "bigint") {
				if (typeof value === "number" && !Number.isInteger(value))
					throw new TypeError(`expected ${size} bytes or a whole number, not ${value}`);
				storeInteger(out, 0, size * 8, BigInt(value), "value");
			} else {
				throw new TypeError(`expected ${size} bytes or a number`);
			}
			return out;
		},
	};
}

/** `path` is what messages call the value. */
export function typeCodec(source: TypeSource, typeId: number, path = "value"): Codec {
	const size = sizeOf(source, typeId);
	return {
		size,
		decode: (bytes) => decodeAt(source, typeId, bytes, 0),
		encode: (value) => {
			const out = new Uint8Array(size);
			encodeAt(source, typeId, out, 0, value, path);
			return out;
		},
	};
}

/** A value in a message. */
function shown(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value);
	if (value instanceof Uint8Array) return `${value.length} bytes`;
	if (Array.isArray(value)) return `an array of ${value.length}`;
	return typeof value === "object" && value !== null ? "an object" : String(value);
}

function decodeAt(source: TypeSource, typeId: number, bytes: Uint8Array, at: number): Value {
	const type = resolved(source, typeId);
	switch (type.kind) {
		case "int":
			return integerValue(loadInteger(bytes, at * 8, type.size * 8), type.size * 8, type.encoding);
		case "enum":
			return Number(
				type.signed ? BigInt.asIntN(type.size * 8, loadInteger(bytes, at * 8, type.size * 8)) : loadInteger(bytes, at * 8, type.size * 8),
			);
		case "enum64":
			return type.signed ? BigInt.asIntN(64, loadInteger(bytes, at * 8, 64)) : loadInteger(bytes, at * 8, 64);
		case "ptr":
			return loadInteger(bytes, at * 8, 64);
		case "float": {
			const view = new DataView(bytes.buffer, bytes.byteOffset + at, type.size);
			return type.size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
		}
		case "array": {
			const element = resolved(source, type.type);
			const size = sizeOf(source, type.type);
			if (element.kind === "int" && element.size === 1) {
				const part = bytes.slice(at, at + type.length);
				return isText(source, type.type) ? textOf(part) : part;
			}
			return Array.from({ length: type.length }, (_, i) => decodeAt(source, type.type, bytes, at + i * size));
		}
		case "struct":
		case "union": {
			const out: Record<string, Value> = {};
			for (const member of type.members) {
				const offset = at * 8 + member.bitOffset;
				if (member.bitSize > 0) {
					const base = resolved(source, member.type);
					const encoding = base.kind === "int" ? base.encoding : base.kind === "enum" && base.signed ? 1 : 0;
					out[member.name] = integerValue(loadInteger(bytes, offset, member.bitSize), member.bitSize, encoding);
				} else {
					const value = decodeAt(source, member.type, bytes, offset / 8);
					if (member.name === "") Object.assign(out, value);
					else out[member.name] = value;
				}
			}
			return out;
		}
		default:
			return bytes.slice(at, at + sizeOf(source, typeId));
	}
}

function encodeAt(source: TypeSource, typeId: number, out: Uint8Array, at: number, value: Value, path: string): void {
	const type = resolved(source, typeId);
	const to: Target = {
		source,
		out,
		at,
		path,
		fail: (wanted) => {
			throw new TypeError(`${path}: expected ${wanted}, not ${shown(value)}`);
		},
	};
	switch (type.kind) {
		case "int":
		case "ptr": {
			const size = type.kind === "int" ? type.size : 8;
			if (typeof value === "string" && value.length === 1 && size === 1) out[at] = value.charCodeAt(0);
			else storeInteger(out, at * 8, size * 8, toInteger(value) ?? to.fail("a whole number"), path);
			return;
		}
		case "enum":
		case "enum64": {
			const named = typeof value === "string" ? type.values.find((one) => one.name === value)?.value : undefined;
			const number = named !== undefined ? BigInt(named) : (toInteger(value) ?? to.fail(`a number or an enumerator of enum ${type.name}`));
			storeInteger(out, at * 8, type.size * 8, number, path);
			return;
		}
		case "float": {
			const view = new DataView(out.buffer, out.byteOffset + at, type.size);
			const number = typeof value === "number" ? value : to.fail("a number");
			if (type.size === 4) view.setFloat32(0, number, true);
			else view.setFloat64(0, number, true);
			return;
		}
		case "array":
			return encodeArray(to, type, value);
		case "struct":
		case "union":
			return encodeRecord(to, typeId, type, value);
		default:
			to.fail(`nothing: ${type.kind} has no value`);
	}
}

/** Where a value goes to. */
interface Target {
	readonly source: TypeSource;
	readonly out: Uint8Array;
	readonly at: number;
	readonly path: string;
	readonly fail: (wanted: string) => never;
}

function encodeArray({ source, out, at, path, fail }: Target, type: BtfType & { kind: "array" }, value: Value): void {
	const size = sizeOf(source, type.type);
	const list = typeof value === "string" ? new TextEncoder().encode(value) : value;
	if (list instanceof Uint8Array && size === 1) {
		if (list.length > type.length) fail(`at most ${type.length} bytes`);
		out.set(list, at);
		return;
	}
	if (!Array.isArray(list) || list.length > type.length) {
		fail(`an array of at most ${type.length} elements`);
		return;
	}
	for (const [i, element] of (list as readonly Value[]).entries())
		encodeAt(source, type.type, out, at + i * size, element, `${path}[${i}]`);
}

function encodeRecord(
	{ source, out, at, path, fail }: Target,
	typeId: number,
	type: BtfType & { kind: "struct" | "union" },
	value: Value,
): void {
	if (value instanceof Uint8Array) {
		if (value.length > type.size) fail(`at most ${type.size} bytes`);
		out.set(value, at);
		return;
	}
	if (typeof value !== "object" || Array.isArray(value)) {
		fail(`an object with the members of ${type.kind} ${type.name}`);
		return;
	}
	const object = value as Readonly<Record<string, Value>>;
	for (const member of type.members) {
		if (member.name === "") {
			const inner = resolved(source, member.type);
			if (inner.kind === "struct" || inner.kind === "union")
				encodeAnonymous(source, member.type, out, at + member.bitOffset / 8, object, path);
			continue;
		}
		const own = object[member.name];
		if (own === undefined) continue;
		const offset = at * 8 + member.bitOffset;
		if (member.bitSize > 0) storeInteger(out, offset, member.bitSize, toInteger(own) ?? fail("a whole number"), `${path}.${member.name}`);
		else encodeAt(source, member.type, out, offset / 8, own, `${path}.${member.name}`);
	}
	const unknown = Object.keys(object).find((name) => !hasMember(source, typeId, name));
	if (unknown !== undefined) throw new TypeError(`${path}: ${type.kind} ${type.name} has no member ${unknown}`);
}

/** Members of an anonymous record are given among its parent's. */
function encodeAnonymous(
	source: TypeSource,
	typeId: number,
	out: Uint8Array,
	at: number,
	object: Readonly<Record<string, Value>>,
	path: string,
): void {
	const own = Object.fromEntries(Object.entries(object).filter(([name]) => hasMember(source, typeId, name)));
	if (Object.keys(own).length > 0) encodeAt(source, typeId, out, at, own, path);
}

function hasMember(source: TypeSource, typeId: number, name: string): boolean {
	const type = resolved(source, typeId);
	return (
		(type.kind === "struct" || type.kind === "union") &&
		type.members.some((member) => member.name === name || (member.name === "" && hasMember(source, member.type, name)))
	);
}

function isText(source: TypeSource, typeId: number): boolean {
	const type = resolved(source, typeId);
	return type.kind === "int" && ((type.encoding & 2) !== 0 || nameOf(type) === "char");
}

function textOf(bytes: Uint8Array): string {
	const end = bytes.indexOf(0);
	return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

/** BTF_INT_SIGNED 1, BTF_INT_BOOL 4. */
function integerValue(raw: bigint, bits: number, encoding: number): Value {
	if (encoding & 4) return raw !== 0n;
	const value = encoding & 1 ? BigInt.asIntN(bits, raw) : raw;
	return bits > 32 ? value : Number(value);
}

function toInteger(value: Value): bigint | null {
	if (typeof value === "bigint") return value;
	if (typeof value === "boolean") return value ? 1n : 0n;
	return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : null;
}

function loadInteger(bytes: Uint8Array, bitOffset: number, bits: number): bigint {
	let value = 0n;
	const first = bitOffset >> 3;
	const last = (bitOffset + bits + 7) >> 3;
	for (let i = last - 1; i >= first; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
	return BigInt.asUintN(bits, value >> BigInt(bitOffset & 7));
}

function storeInteger(out: Uint8Array, bitOffset: number, bits: number, value: bigint, path: string): void {
	if (value >> BigInt(bits) !== 0n && value >> BigInt(bits - 1) !== -1n) throw new TypeError(`${path}: ${value} does not fit ${bits} bits`);
	const wrapped = BigInt.asUintN(bits, value);
	if ((bitOffset & 7) === 0 && (bits & 7) === 0) {
		for (let i = 0; i < bits >> 3; i++) out[(bitOffset >> 3) + i] = Number((wrapped >> BigInt(8 * i)) & 0xffn);
		return;
	}
	for (let i = 0; i < bits; i++) {
		const bit = bitOffset + i;
		const mask = 1 << (bit & 7);
		out[bit >> 3] = (out[bit >> 3] & ~mask) | ((wrapped >> BigInt(i)) & 1n ? mask : 0);
	}
}
