import type { IrGlobal } from "../ir/types.ts";
import { LITERALS, type ObjectSym } from "../types/typed.ts";
import { unnamedObject } from "../ir/unnamed.ts";
import { CHAR, isComplete, isConst, qualifiersOf } from "../types/basic.ts";
import { sizeOf } from "../types/layout.ts";

/**
 * Static objects → IrGlobal, in the sections where libbpf looks for them and clang puts them: what SEC() says, else
 * .rodata for const, .bss for zeros, .data for the rest; string literals in .rodata.str1.1.
 */
export interface Globals {
	readonly list: IrGlobal[];
	of(symbol: ObjectSym): IrGlobal;
	string(bytes: Uint8Array): IrGlobal;
}

export function createGlobals(): Globals {
	const list: IrGlobal[] = [];
	const known = new Map<ObjectSym, IrGlobal>();
	const strings = new Map<string, IrGlobal>();

	const names = new Set<string>();

	/** Two scopes of a function may each have a `static` of one name: `f.x`, `f.x.1`, as clang calls them. */
	function uniqueName(wanted: string): string {
		let name = wanted;
		for (let n = 1; names.has(name); n++) name = `${wanted}.${n}`;
		names.add(name);
		return name;
	}

	function of(symbol: ObjectSym): IrGlobal {
		const found = known.get(symbol);
		if (found !== undefined) return found;
		if (symbol.literal && symbol.init !== undefined && symbol.init.relocs.length === 0) {
			const literal = string(symbol.init.bytes);
			known.set(symbol, literal);
			return literal;
		}
		const size = isComplete(symbol.type) ? sizeOf(symbol.type) : 0;
		const relocs: { offset: number; symbol: IrGlobal["relocs"][number]["symbol"]; addend: number }[] = [];
		const constant = isConst(symbol.type);
		const { init } = symbol;
		const zero = init === undefined || (init.relocs.length === 0 && init.bytes.every((byte) => byte === 0));
		const { addressSpace } = qualifiersOf(symbol.type);
		const section =
			symbol.section ??
			(symbol.linkage === "extern"
				? ""
				: addressSpace > 0
					? `.addr_space.${addressSpace}`
					: constant
						? ".rodata"
						: zero
							? ".bss"
							: ".data");
		const wantsBytes = symbol.linkage !== "extern" && !(section === ".bss" || section.startsWith(".bss."));
		const name = uniqueName(
			symbol.asmLabel ?? (symbol.ownerFunction === undefined ? symbol.name : `${symbol.ownerFunction}.${symbol.name}`),
		);
		const made: IrGlobal = {
			symbol,
			name,
			section,
			size: Math.max(size, init?.bytes.length ?? 0),
			align: Math.max(symbol.align, 1),
			...(wantsBytes ? { bytes: padded(init?.bytes, size) } : {}),
			relocs,
			readonly: constant || section.startsWith(".rodata"),
		};
		known.set(symbol, made);
		list.push(made);
		for (const reloc of init?.relocs ?? []) {
			const target = reloc.symbol.kind === "object" ? of(reloc.symbol) : reloc.symbol;
			relocs.push({ offset: reloc.offset, symbol: target, addend: reloc.addend });
		}
		return made;
	}

	function string(bytes: Uint8Array): IrGlobal {
		const key = String.fromCharCode(...bytes);
		const found = strings.get(key);
		if (found !== undefined) return found;
		const name = `.L.str${strings.size === 0 ? "" : `.${strings.size}`}`;
		// An embedded zero would end a mergeable string early.
		const mergeable = bytes.length > 0 && bytes.indexOf(0) === bytes.length - 1;
		const made = unnamedObject(name, mergeable ? LITERALS : ".rodata", CHAR, 1, bytes);
		strings.set(key, made);
		list.push(made);
		return made;
	}
	return { list, of, string };
}

function padded(bytes: Uint8Array | undefined, size: number): Uint8Array {
	if (bytes !== undefined && bytes.length >= size) return bytes;
	const all = new Uint8Array(size);
	if (bytes !== undefined) all.set(bytes);
	return all;
}
