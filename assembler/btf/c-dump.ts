/**
 * BTF as a C header, as `bpftool btf dump … format c` writes it, and single declarations for other generators.
 *
 * Types are put in an order in which C can read them (a struct before whoever embeds it, forward declarations for cycles through
 * pointers); then each is written once, anonymous ones in place. Padding that the compiler would not add by itself is written as
 * unnamed bit-fields. Names are checked: what is no C identifier is made one.
 *
 * Source: the behaviour of libbpf's btf_dump, compared against it type by type.
 */
import { alignOf, isPacked, POINTER_SIZE, sizeOf } from "./layout.ts";
import type { Btf, BtfRecord, BtfType } from "./types.ts";

const KEYWORDS = new Set([
	"auto",
	"break",
	"case",
	"char",
	"const",
	"continue",
	"default",
	"do",
	"double",
	"else",
	"enum",
	"extern",
	"float",
	"for",
	"goto",
	"if",
	"inline",
	"int",
	"long",
	"register",
	"restrict",
	"return",
	"short",
	"signed",
	"sizeof",
	"static",
	"struct",
	"switch",
	"typedef",
	"union",
	"unsigned",
	"void",
	"volatile",
	"while",
]);

/** A name as an identifier of C: names in an object are data, never code. */
export function identifier(name: string): string {
	if (/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name)) return KEYWORDS.has(name) ? `${name}_` : name;
	return name === "" ? "" : name.replace(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=\d)/, "_");
}

/** The names of INT and FLOAT types are several words. */
const baseName = (name: string): string =>
	/^[A-Za-z_][A-Za-z0-9_]*( [A-Za-z_][A-Za-z0-9_]*)*$/.test(name) ? name : identifier(name) || "int";

const PADS = [
	["long", POINTER_SIZE * 8],
	["int", 32],
	["short", 16],
	["char", 8],
] as const;
const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;
const tabs = (level: number): string => "\t".repeat(level);
/** Records inside records, and declarators inside declarators, deeper than any real program's. */
const MAX_NESTING = 200;
const TOO_DEEP = "nested too deeply";

type Order = "no" | "ordering" | "ordered";
type Emit = "no" | "emitting" | "emitted";

export class CDump {
	private readonly types: readonly BtfType[];
	private readonly order: Order[];
	private readonly emitState: Emit[];
	private readonly forwarded: Uint8Array;
	private readonly referenced: Uint8Array;
	private readonly names: (string | undefined)[] = [];
	/** How often a name has been given out: struct, union and enum tags; typedefs and enumerators. */
	private readonly tagNames = new Map<string, number>();
	private readonly identNames = new Map<string, number>();
	/** Function types and unnamed records that are being written: one inside itself has no end. */
	private readonly open = new Set<number>();
	/** Steps that may still be taken: types inside types, each twice in the next, would be written for years. Real ones take some ten each. */
	private left: number;
	private queue: number[] = [];
	private out: string[] = [];

	constructor(btf: Btf) {
		this.types = btf.types;
		const { length } = btf.types;
		this.left = 100_000 + 1000 * length;
		this.order = new Array(length).fill("no");
		this.emitState = new Array(length).fill("no");
		this.forwarded = new Uint8Array(length);
		this.referenced = new Uint8Array(length);
		for (const type of btf.types) for (const id of referencesOf(type)) this.referenced[id] = 1;
		this.order[0] = "ordered";
		this.emitState[0] = "emitted";
	}

	/** The definitions of a type and of all that it needs, as far as they have not been written before. */
	type(id: number): string {
		this.queue = [];
		this.out = [];
		this.visit(id, false, 0);
		for (const queued of this.queue) this.emit(queued, 0);
		if (this.left <= 0) return `/* type ${id}: ${TOO_DEEP} */\n\n`;
		return this.out.join("");
	}

	/** `int (*name)[4]`; records and enums with a name are only named. */
	declaration(id: number, name: string): string {
		this.out = [];
		this.declare(id, identifier(name), 0);
		return this.out.join("");
	}

	// --- order ---

	/** Queues what must be written before `id` can be; true if `id` is a definition that its user needs whole. */
	private visit(id: number, throughPointer: boolean, depth: number): boolean {
		if (this.order[id] === "ordered") return true;
		const type = this.types[id];
		if (this.order[id] === "ordering" || depth > 2000 || this.left-- <= 0) return false;
		switch (type.kind) {
			case "int":
			case "float":
				this.order[id] = "ordered";
				return false;
			case "ptr": {
				const strong = this.visit(type.type, true, depth + 1);
				this.order[id] = "ordered";
				return strong;
			}
			case "array":
				return this.visit(type.type, false, depth + 1);
			case "struct":
			case "union":
				// Behind a pointer a name is enough; an anonymous record is written in place.
				if (throughPointer && type.name !== "") return false;
				this.order[id] = "ordering";
				for (const member of type.members) this.visit(member.type, false, depth + 1);
				if (type.name !== "") this.queue.push(id);
				this.order[id] = "ordered";
				return true;
			case "enum":
			case "enum64":
			case "fwd":
				if (type.name !== "" || !this.referenced[id]) this.queue.push(id);
				this.order[id] = "ordered";
				return true;
			case "typedef": {
				const strong = this.visit(type.type, throughPointer, depth + 1);
				if (throughPointer && !strong) return false;
				this.queue.push(id);
				this.order[id] = "ordered";
				return true;
			}
			case "volatile":
			case "const":
			case "restrict":
			case "type_tag":
				return this.visit(type.type, throughPointer, depth + 1);
			case "func_proto": {
				this.order[id] = "ordering";
				let strong = this.visit(type.result, throughPointer, depth + 1);
				for (const param of type.params) strong = this.visit(param.type, throughPointer, depth + 1) || strong;
				this.order[id] = "no";
				return strong;
			}
			case "func":
			case "var":
			case "datasec":
			case "decl_tag":
			case "void":
				this.order[id] = "ordered";
				return false;
			default:
				return type satisfies never;
		}
	}

	// --- definitions ---

	/** Writes what `id` needs and, at top level (`container` 0), its definition. */
	private emit(id: number, container: number, depth = 0): void {
		if (this.emitState[id] === "emitted" || depth > 2000 || this.left-- <= 0) return;
		const type = this.types[id];
		const top = container === 0;
		if (this.emitState[id] === "emitting") {
			if (this.forwarded[id]) return;
			if (type.kind === "struct" || type.kind === "union") {
				// A record may mention itself.
				if (id === container || type.name === "") return;
				this.out.push(this.tag(id), ";\n\n");
			} else if (type.kind === "typedef") this.typedef(id, type.type);
			this.forwarded[id] = 1;
			return;
		}
		switch (type.kind) {
			case "int":
			case "float":
				this.emitState[id] = "emitted";
				return;
			case "enum":
			case "enum64":
				if (top) {
					this.enumeration(id, 0);
					this.out.push(";\n\n");
				}
				this.emitState[id] = "emitted";
				return;
			case "ptr":
			case "volatile":
			case "const":
			case "restrict":
			case "type_tag":
			case "array":
				this.emit(type.type, container, depth + 1);
				return;
			case "fwd":
				this.out.push(this.tag(id), ";\n\n");
				this.emitState[id] = "emitted";
				return;
			case "typedef":
				this.emitState[id] = "emitting";
				this.emit(type.type, id, depth + 1);
				// Someone may have needed it already, as a name for something behind a pointer.
				if (!this.forwarded[id]) this.typedef(id, type.type);
				this.emitState[id] = "emitted";
				return;
			case "struct":
			case "union":
				this.emitState[id] = "emitting";
				if (top || type.name === "")
					for (const member of type.members) this.emit(member.type, type.name === "" ? container : id, depth + 1);
				else if (!this.forwarded[id] && id !== container) {
					this.out.push(this.tag(id), ";\n\n");
					this.forwarded[id] = 1;
				}
				if (top) {
					this.record(id, type, 0);
					this.out.push(";\n\n");
				}
				this.emitState[id] = top ? "emitted" : "no";
				return;
			case "func_proto":
				if (this.open.has(id)) return;
				this.open.add(id);
				this.emit(type.result, container, depth + 1);
				for (const param of type.params) this.emit(param.type, container, depth + 1);
				this.open.delete(id);
				return;
			case "func":
			case "var":
			case "datasec":
			case "decl_tag":
			case "void":
				return;
			default:
				(type) satisfies never;
		}
	}

	private typedef(id: number, target: number): void {
		const name = this.name(id);
		if (name === "__builtin_va_list") return;
		// Old compilers describe it as void.
		if (target === 0 && name === "__gnuc_va_list") this.out.push("typedef __builtin_va_list __gnuc_va_list;\n\n");
		else {
			this.out.push("typedef ");
			this.declare(target, name, 0);
			this.out.push(";\n\n");
		}
	}

	/** `struct name`, with a number if another type has taken the name. */
	private tag(id: number): string {
		const type = this.types[id];
		const keyword =
			type.kind === "enum64" ? "enum" : type.kind === "fwd" ? (type.union ? "union" : "struct") : type.kind;
		const name = this.name(id);
		return name === "" ? keyword : `${keyword} ${name}`;
	}

	private name(id: number): string {
		const known = this.names[id];
		if (known !== undefined) return known;
		const type = this.types[id];
		const plain = identifier("name" in type ? type.name : "");
		const name = plain === "" ? "" : fresh(type.kind === "typedef" ? this.identNames : this.tagNames, plain);
		this.names[id] = name;
		return name;
	}

	private record(id: number, type: BtfRecord, level: number): void {
		const isStruct = type.kind === "struct";
		const align = alignOf(this.types, id) ?? 1;
		const packed = isStruct && isPacked(this.types, type);
		this.out.push(this.tag(id), " {");
		let at = 0;
		let afterBitField = false;
		for (const member of type.members) {
			const inBitField = afterBitField && member.bitSize !== 0;
			if (isStruct)
				this.pad(at, member.bitOffset, packed ? 1 : (alignOf(this.types, member.type) ?? 1), inBitField, level + 1);
			this.out.push("\n", tabs(level + 1));
			this.declare(member.type, identifier(member.name), level + 1);
			afterBitField = member.bitSize !== 0;
			if (afterBitField) this.out.push(`: ${member.bitSize}`);
			at = member.bitOffset + (afterBitField ? member.bitSize : (sizeOf(this.types, member.type) ?? 0) * 8);
			this.out.push(";");
		}
		if (isStruct) this.pad(at, type.size * 8, packed ? 1 : align, false, level + 1);
		this.out.push(type.members.length > 0 || type.size > 0 ? `\n${tabs(level)}}` : "}");
		if (packed) this.out.push(" __attribute__((packed))");
	}

	/** Fills the bits from `at` to `next` as far as the compiler would not. */
	private pad(at: number, next: number, align: number, inBitField: boolean, level: number): void {
		if (at >= next) return;
		const line = (type: string, bits: number): void => {
			this.out.push(`\n${tabs(level)}${type}: ${bits};`);
		};
		const [widest, width] = PADS.find(([, bits]) => roundUp(at, bits) <= next) ?? PADS[3];
		const boundary = roundUp(at, width);
		if (boundary > at && boundary <= next) {
			if (
				inBitField ||
				(boundary === next && roundUp(at, align * 8) !== boundary) ||
				(boundary !== next && next - boundary <= boundary - at)
			)
				line(widest, inBitField ? boundary - at : 0);
			at = boundary;
		}
		// A hostile size could ask for millions of lines; no real gap is as large: an array says the same.
		if (next - at > 8 * 8192) {
			this.out.push(`\n${tabs(level)}char __padding_${at}[${Math.floor((next - at) / 8)}];`);
			at += Math.floor((next - at) / 8) * 8;
		}
		while (at < next) {
			const bits = Math.min(next - at, width);
			line(bits === width ? widest : PADS.findLast(([, size]) => size >= bits)![0], bits);
			at += bits;
		}
	}

	private enumeration(id: number, level: number): void {
		const type = this.types[id];
		if (type.kind !== "enum" && type.kind !== "enum64") return;
		this.out.push(this.tag(id));
		if (type.values.length === 0) return;
		this.out.push(" {");
		for (const { name, value } of type.values) {
			const suffix = type.kind === "enum64" ? (type.signed ? "LL" : "ULL") : "";
			this.out.push(`\n${tabs(level + 1)}${fresh(this.identNames, identifier(name))} = ${value}${suffix},`);
		}
		this.out.push(`\n${tabs(level)}}`);
		if (type.size === 1) this.out.push(" __attribute__((mode(byte)))");
		// Eight bytes although every value fits four.
		else if (
			type.size === 8 &&
			(type.kind === "enum" || type.values.every(({ value }) => BigInt.asUintN(64, value) >> 32n === 0n))
		)
			this.out.push(" __attribute__((mode(word)))");
	}

	// --- declarators ---

	private declare(id: number, name: string, level: number): void {
		// From the name outwards: what is met last is written first.
		const chain: number[] = [];
		for (let depth = 0; depth < MAX_NESTING; depth++) {
			chain.push(id);
			const type = this.types[id];
			if (type.kind === "func_proto") id = type.result;
			else if (
				type.kind === "ptr" ||
				type.kind === "volatile" ||
				type.kind === "const" ||
				type.kind === "restrict" ||
				type.kind === "type_tag" ||
				type.kind === "array"
			)
				id = type.type;
			else break;
		}
		const inPlace = chain.filter((at) => this.isInPlace(at));
		if (level > MAX_NESTING || this.left-- <= 0 || inPlace.some((at) => this.open.has(at))) {
			this.out.push(`/* ${TOO_DEEP} */`);
			return;
		}
		for (const at of inPlace) this.open.add(at);
		this.chain(chain, name, level);
		for (const at of inPlace) this.open.delete(at);
	}

	/** Written where it is mentioned, not by its name. */
	private isInPlace(id: number): boolean {
		const type = this.types[id];
		return type.kind === "func_proto" || ((type.kind === "struct" || type.kind === "union") && type.name === "");
	}

	private qualifier(id: number): "volatile" | "const" | "restrict" | undefined {
		const { kind } = this.types[id];
		return kind === "volatile" || kind === "const" || kind === "restrict" ? kind : undefined;
	}

	private chain(chain: number[], name: string, level: number): void {
		let afterPointer = true;
		const named = (): void => {
			this.out.push(name !== "" && !afterPointer ? ` ${name}` : name);
		};
		/** Qualifiers of a base type are written before it. */
		const qualifiers = (): void => {
			for (
				let q: string | undefined;
				chain.length > 0 && (q = this.qualifier(chain[chain.length - 1])) !== undefined;
				chain.pop()
			)
				this.out.push(`${q} `);
		};
		const dropQualifiers = (): void => {
			while (chain.length > 0 && this.qualifier(chain[chain.length - 1]) !== undefined) chain.pop();
		};
		while (chain.length > 0) {
			const id = chain.pop()!;
			const type = this.types[id];
			switch (type.kind) {
				case "void":
					qualifiers();
					this.out.push("void");
					break;
				case "int":
				case "float":
					qualifiers();
					this.out.push(baseName(type.name));
					break;
				case "struct":
				case "union":
					qualifiers();
					if (type.name === "") this.record(id, type, level);
					else this.out.push(this.tag(id));
					break;
				case "enum":
				case "enum64":
					qualifiers();
					if (type.name === "") this.enumeration(id, level);
					else this.out.push(this.tag(id));
					break;
				case "fwd":
					qualifiers();
					this.out.push(this.tag(id));
					break;
				case "typedef":
					qualifiers();
					this.out.push(this.name(id));
					break;
				case "ptr":
					this.out.push(afterPointer ? "*" : " *");
					break;
				case "volatile":
				case "const":
				case "restrict":
					this.out.push(` ${type.kind}`);
					break;
				case "type_tag":
					qualifiers();
					this.out.push(
						type.kflag
							? ` __attribute__((${identifier(type.name)}))`
							: ` __attribute__((btf_type_tag(${JSON.stringify(type.name)})))`,
					);
					break;
				case "array": {
					// Qualifiers of an array are those of its elements, written already.
					dropQualifiers();
					if (chain.length === 0) {
						named();
						this.out.push(`[${type.length}]`);
						return;
					}
					const several = this.types[chain[chain.length - 1]].kind === "array";
					if (name !== "" && !afterPointer) this.out.push(" ");
					if (!several) this.out.push("(");
					this.chain(chain, name, level);
					if (!several) this.out.push(")");
					this.out.push(`[${type.length}]`);
					return;
				}
				case "func_proto": {
					dropQualifiers();
					if (chain.length > 0) {
						this.out.push(" (");
						this.chain(chain, name, level);
						this.out.push(")");
					} else named();
					this.out.push("(");
					const { params } = type;
					if (params.length === 0 || (params.length === 1 && params[0].type === 0)) this.out.push("void");
					else
						params.forEach((param, i) => {
							if (i > 0) this.out.push(", ");
							// A last parameter of type void stands for the rest.
							if (i === params.length - 1 && param.type === 0) this.out.push("...");
							else this.declare(param.type, identifier(param.name), level + 1);
						});
					this.out.push(")");
					return;
				}
				default:
					this.out.push("void");
			}
			afterPointer = type.kind === "ptr";
		}
		named();
	}
}

/** Types that a type names. */
export function referencesOf(type: BtfType): readonly number[] {
	switch (type.kind) {
		case "array":
			return [type.type, type.indexType];
		case "struct":
		case "union":
			return type.members.map((member) => member.type);
		case "func_proto":
			return [type.result, ...type.params.map((param) => param.type)];
		case "datasec":
			return type.vars.map((variable) => variable.type);
		default:
			return "type" in type ? [type.type] : [];
	}
}

function fresh(taken: Map<string, number>, name: string): string {
	const count = (taken.get(name) ?? 0) + 1;
	taken.set(name, count);
	return count > 1 ? `${name}___${count}` : name;
}

/** The whole header. `ids`: only these types and what they need. */
export function dumpBtfAsC(btf: Btf, ids?: readonly number[]): string {
	const dump = new CDump(btf);
	const parts: string[] = [];
	if (ids) for (const id of ids) parts.push(dump.type(id));
	else for (let id = 1; id < btf.types.length; id++) parts.push(dump.type(id));
	return `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

${parts.join("")}#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;
}
