/** One BTF type from its bytes. Type ids in it are checked to exist. Source: Documentation/bpf/btf.rst. */
import type { Reader } from "../bytes.ts";
import { BTF_KINDS, BTF_LINKAGES } from "../spec/btf.ts";
import type { BtfType } from "./types.ts";

export const VOID: BtfType = { kind: "void" };

/** `name_off, info = kflag:1 ·:2 kind:5 ·:8 vlen:16, size|type`: behind them begins what a kind has of its own. */
const NAME = 0;
const INFO = 4;
const SIZE = 8;
const TAIL = 12;

export class TypeDecoder {
	readonly #r: Reader;
	readonly #p: number;
	/** One more than the greatest id. */
	readonly #count: number;
	readonly #string: (offset: number, at: number) => string;
	readonly #vlen: number;
	readonly #kflag: boolean;

	/** @param p where the type begins */
	constructor(r: Reader, p: number, count: number, string: (offset: number, at: number) => string) {
		this.#r = r;
		this.#p = p;
		this.#count = count;
		this.#string = string;
		const info = this.#u32(p + INFO);
		this.#vlen = info & 0xffff;
		this.#kflag = info >>> 31 === 1;
	}

	decode(): BtfType {
		const kind = BTF_KINDS[(this.#u32(this.#p + INFO) >>> 24) & 31];
		switch (kind) {
			case "void":
				return VOID;
			case "ptr":
			case "volatile":
			case "const":
			case "restrict":
				return { kind, type: this.#target() } as BtfType;
			case "array":
				return { kind, type: this.#id(this.#p + TAIL), indexType: this.#id(this.#p + TAIL + 4), length: this.#u32(this.#p + TAIL + 8) };
			case "func_proto":
				return { kind, result: this.#target(), params: this.#list(8, (at) => ({ name: this.#text(at), type: this.#id(at + 4) })) };
			case "fwd":
				return { kind, name: this.#name(), union: this.#kflag };
			case "typedef":
				return { kind, name: this.#name(), type: this.#target() };
			case "func":
				return { kind, name: this.#name(), type: this.#target(), linkage: this.#linkage(this.#vlen, this.#p + INFO) };
			case "var":
				return { kind, name: this.#name(), type: this.#target(), linkage: this.#linkage(this.#u32(this.#p + TAIL), this.#p + TAIL) };
			case "decl_tag": {
				const tag = { name: this.#name(), type: this.#target(), componentIndex: this.#s32(this.#p + TAIL) };
				return { kind, ...tag, ...(this.#kflag ? { kflag: true } : {}) };
			}
			case "type_tag":
				return { kind, name: this.#name(), type: this.#target(), ...(this.#kflag ? { kflag: true } : {}) };
			default:
				return this.#sized(kind);
		}
	}

	/** Those that have a name and a size. */
	#sized(kind: "int" | "struct" | "union" | "enum" | "enum64" | "datasec" | "float"): BtfType {
		const name = this.#name();
		const size = this.#u32(this.#p + SIZE);
		switch (kind) {
			case "int": {
				const bits = this.#u32(this.#p + TAIL);
				return { kind, name, size, bits: bits & 0xff, offset: (bits >>> 16) & 0xff, encoding: (bits >>> 24) & 15 };
			}
			case "struct":
			case "union":
				return { kind, name, size, members: this.#list(12, (at) => this.#member(at)) };
			case "enum": {
				const value = (at: number): number => (this.#kflag ? this.#s32(at) : this.#u32(at));
				return { kind, name, size, signed: this.#kflag, values: this.#list(8, (at) => ({ name: this.#text(at), value: value(at + 4) })) };
			}
			case "enum64":
				return {
					kind,
					name,
					size,
					signed: this.#kflag,
					values: this.#list(12, (at) => ({ name: this.#text(at), value: this.#wide(at + 4) })),
				};
			case "datasec": {
				const vars = this.#list(12, (at) => ({ type: this.#id(at), offset: this.#u32(at + 4), size: this.#u32(at + 8) }));
				return { kind, name, size, vars };
			}
			case "float":
				return { kind, name, size };
			default:
				return kind satisfies never;
		}
	}

	#member(at: number): { name: string; type: number; bitOffset: number; bitSize: number } {
		const offset = this.#u32(at + 8);
		return {
			name: this.#text(at),
			type: this.#id(at + 4),
			bitOffset: this.#kflag ? offset & 0xffffff : offset,
			bitSize: this.#kflag ? offset >>> 24 : 0,
		};
	}

	#wide(at: number): bigint {
		const value = (BigInt(this.#u32(at + 4)) << 32n) | BigInt(this.#u32(at));
		return this.#kflag ? BigInt.asIntN(64, value) : value;
	}

	#list<T>(size: number, one: (at: number) => T): T[] {
		const out: T[] = new Array(this.#vlen);
		for (let i = 0; i < this.#vlen; i++) out[i] = one(this.#p + TAIL + i * size);
		return out;
	}

	#name(): string {
		return this.#text(this.#p + NAME);
	}

	#target(): number {
		return this.#id(this.#p + SIZE);
	}

	#text(at: number): string {
		return this.#string(this.#u32(at), at);
	}

	#id(at: number): number {
		const id = this.#u32(at);
		if (id >= this.#count) this.#r.fail(`type id ${id} does not exist (there are ${this.#count})`, at);
		return id;
	}

	#linkage(value: number, at: number): (typeof BTF_LINKAGES)[number] {
		return BTF_LINKAGES[value] ?? this.#r.fail(`linkage ${value} is unknown`, at);
	}

	#u32(at: number): number {
		return this.#r.view.getUint32(at, this.#r.little);
	}

	#s32(at: number): number {
		return this.#r.view.getInt32(at, this.#r.little);
	}
}
