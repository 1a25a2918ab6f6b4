/**
 * Declarations and definitions of single types as C text.
 *
 * A declarator is written from the name outwards: the types from the name to the base type are a chain, and what is met last is written first.
 * Anonymous records and enums, and function types, are written where they are mentioned.
 */
import { baseName, CNames, identifier } from "./c-names.ts";
import { padding } from "./c-padding.ts";
import { alignOf, isPacked, sizeOf } from "./layout.ts";
import type { BtfRecord, BtfType } from "./types.ts";

const tabs = (level: number): string => "\t".repeat(level);
/** Records inside records, and declarators inside declarators, deeper than any real program's. */
const MAX_NESTING = 200;
export const TOO_DEEP = "nested too deeply";

export class CWriter {
	readonly types: readonly BtfType[];
	readonly names: CNames;
	/** Function types and unnamed records that are being written: one inside itself has no end. */
	readonly open = new Set<number>();
	/** Steps that may still be taken: types inside types, each twice in the next, would be written for years. Real ones take some ten each. */
	left: number;
	#out: string[] = [];

	constructor(types: readonly BtfType[]) {
		this.types = types;
		this.names = new CNames(types);
		this.left = 100_000 + 1000 * types.length;
	}

	write(...texts: readonly string[]): void {
		this.#out.push(...texts);
	}

	/** What has been written since the last time. */
	take(): string {
		const text = this.#out.join("");
		this.#out = [];
		return text;
	}

	/** `struct name { … }`. */
	record(id: number, type: BtfRecord, level: number): void {
		const isStruct = type.kind === "struct";
		const align = alignOf(this.types, id) ?? 1;
		const packed = isStruct && isPacked(this.types, type);
		this.write(this.names.tag(id), " {");
		let at = 0;
		let afterBitField = false;
		for (const member of type.members) {
			const inBitField = afterBitField && member.bitSize !== 0;
			if (isStruct)
				this.#members(padding(at, member.bitOffset, packed ? 1 : (alignOf(this.types, member.type) ?? 1), inBitField), level + 1);
			this.write("\n", tabs(level + 1));
			this.declare(member.type, identifier(member.name), level + 1);
			afterBitField = member.bitSize !== 0;
			if (afterBitField) this.write(`: ${member.bitSize}`);
			at = member.bitOffset + (afterBitField ? member.bitSize : (sizeOf(this.types, member.type) ?? 0) * 8);
			this.write(";");
		}
		if (isStruct) this.#members(padding(at, type.size * 8, packed ? 1 : align, false), level + 1);
		this.write(type.members.length > 0 || type.size > 0 ? `\n${tabs(level)}}` : "}");
		if (packed) this.write(" __attribute__((packed))");
	}

	/** `enum name { … }`. */
	enumeration(id: number, level: number): void {
		const type = this.types[id];
		if (type.kind !== "enum" && type.kind !== "enum64") return;
		this.write(this.names.tag(id));
		if (type.values.length === 0) return;
		this.write(" {");
		for (const { name, value } of type.values) {
			const suffix = type.kind === "enum64" ? (type.signed ? "LL" : "ULL") : "";
			this.write(`\n${tabs(level + 1)}${this.names.enumerator(name)} = ${value}${suffix},`);
		}
		this.write(`\n${tabs(level)}}`);
		if (type.size === 1) this.write(" __attribute__((mode(byte)))");
		// Eight bytes although every value fits four.
		else if (type.size === 8 && (type.kind === "enum" || type.values.every(({ value }) => BigInt.asUintN(64, value) >> 32n === 0n)))
			this.write(" __attribute__((mode(word)))");
	}

	/** `int (*name)[4]`; records and enums with a name are only named. */
	declare(id: number, name: string, level: number): void {
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
		const inPlace = chain.filter((at) => this.#isInPlace(at));
		if (level > MAX_NESTING || this.left-- <= 0 || inPlace.some((at) => this.open.has(at))) {
			this.write(`/* ${TOO_DEEP} */`);
			return;
		}
		for (const at of inPlace) this.open.add(at);
		this.#chain(chain, name, level);
		for (const at of inPlace) this.open.delete(at);
	}

	#members(members: readonly string[], level: number): void {
		for (const member of members) this.write(`\n${tabs(level)}${member}`);
	}

	/** Written where it is mentioned, not by its name. */
	#isInPlace(id: number): boolean {
		const type = this.types[id];
		return type.kind === "func_proto" || ((type.kind === "struct" || type.kind === "union") && type.name === "");
	}

	/** `chain`: the types from the name to the base type. */
	#chain(chain: number[], name: string, level: number): void {
		let afterPointer = true;
		while (chain.length > 0) {
			const id = chain.pop()!;
			const type = this.types[id];
			switch (type.kind) {
				case "ptr":
					this.write(afterPointer ? "*" : " *");
					break;
				case "volatile":
				case "const":
				case "restrict":
					this.write(` ${type.kind}`);
					break;
				case "array":
					return this.#array(type.length, chain, name, afterPointer, level);
				case "func_proto":
					return this.#function(type.params, chain, name, afterPointer, level);
				default:
					this.#base(id, type, chain, level);
			}
			afterPointer = type.kind === "ptr";
		}
		this.#named(name, afterPointer);
	}

	#named(name: string, afterPointer: boolean): void {
		this.write(name !== "" && !afterPointer ? ` ${name}` : name);
	}

	/** What a chain begins with in C, its last type. */
	#base(id: number, type: BtfType, chain: number[], level: number): void {
		switch (type.kind) {
			case "void":
				this.#qualifiers(chain);
				return this.write("void");
			case "int":
			case "float":
				this.#qualifiers(chain);
				return this.write(baseName(type.name));
			case "struct":
			case "union":
				this.#qualifiers(chain);
				return type.name === "" ? this.record(id, type, level) : this.write(this.names.tag(id));
			case "enum":
			case "enum64":
				this.#qualifiers(chain);
				return type.name === "" ? this.enumeration(id, level) : this.write(this.names.tag(id));
			case "fwd":
				this.#qualifiers(chain);
				return this.write(this.names.tag(id));
			case "typedef":
				this.#qualifiers(chain);
				return this.write(this.names.of(id));
			case "type_tag":
				this.#qualifiers(chain);
				return this.write(
					type.kflag ? ` __attribute__((${identifier(type.name)}))` : ` __attribute__((btf_type_tag(${JSON.stringify(type.name)})))`,
				);
			default:
				this.write("void");
		}
	}

	#array(length: number, chain: number[], name: string, afterPointer: boolean, level: number): void {
		// Qualifiers of an array are those of its elements, written already.
		this.#dropQualifiers(chain);
		if (chain.length === 0) {
			this.#named(name, afterPointer);
			return this.write(`[${length}]`);
		}
		const several = this.types[chain[chain.length - 1]].kind === "array";
		if (name !== "" && !afterPointer) this.write(" ");
		if (!several) this.write("(");
		this.#chain(chain, name, level);
		if (!several) this.write(")");
		this.write(`[${length}]`);
	}

	#function(
		params: Extract<BtfType, { kind: "func_proto" }>["params"],
		chain: number[],
		name: string,
		afterPointer: boolean,
		level: number,
	): void {
		this.#dropQualifiers(chain);
		if (chain.length > 0) {
			this.write(" (");
			this.#chain(chain, name, level);
			this.write(")");
		} else this.#named(name, afterPointer);
		this.write("(");
		if (params.length === 0 || (params.length === 1 && params[0].type === 0)) this.write("void");
		else
			params.forEach((param, i) => {
				if (i > 0) this.write(", ");
				// A last parameter of type void stands for the rest.
				if (i === params.length - 1 && param.type === 0) this.write("...");
				else this.declare(param.type, identifier(param.name), level + 1);
			});
		this.write(")");
	}

	#qualifier(chain: readonly number[]): "volatile" | "const" | "restrict" | undefined {
		if (chain.length === 0) return undefined;
		const { kind } = this.types[chain[chain.length - 1]];
		return kind === "volatile" || kind === "const" || kind === "restrict" ? kind : undefined;
	}

	/** Qualifiers of a base type are written before it. */
	#qualifiers(chain: number[]): void {
		for (let q = this.#qualifier(chain); q !== undefined; q = this.#qualifier(chain)) {
			this.write(`${q} `);
			chain.pop();
		}
	}

	#dropQualifiers(chain: number[]): void {
		while (this.#qualifier(chain) !== undefined) chain.pop();
	}
}
