import { encode } from "../../assembler/encode.ts";
import type { ObjectFile, ObjectSymbol, Reloc, Section } from "../../assembler/object.ts";
import { R_BPF_64_32, R_BPF_64_64, SHF, SHT } from "../../assembler/spec/elf.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import type { IrGlobal, IrModule } from "../ir/types.ts";
import type { FunctionSym, Sym } from "../types/typed.ts";
import type { Code } from "./encode.ts";
import type { SymbolRef } from "./machine.ts";

/**
 * Sections and symbols of the object: functions and globals find their places, addresses become relocations.
 *
 * A local symbol is named by its section and the distance from the section's start, which is the addend in the instruction;
 * a global, weak or undefined one by itself. (LLVM's object writer does so, and libbpf tells maps, data and functions apart by it.)
 * A call of a local function in the same section needs no relocation.
 */
export interface PlacedFunction {
	readonly symbol: FunctionSym;
	readonly name: string;
	readonly section: string;
	/** In bytes, within the section. */
	readonly offset: number;
	readonly code: Code;
}

/** Debug information, ready but for the places of the code. */
export interface DebugSection {
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly relocs: readonly { readonly offset: number; readonly type: number; readonly section: string }[];
}

interface Draft {
	readonly name: string;
	readonly type: number;
	flags: number;
	align: number;
	readonly entsize: number;
	size: number;
	readonly parts: { readonly offset: number; readonly bytes: Uint8Array }[];
	readonly relocs: {
		readonly offset: number;
		readonly type: number;
		readonly symbol: string | { readonly section: number };
	}[];
}

interface Definition {
	readonly section: number;
	readonly offset: number;
	readonly local: boolean;
}

export class ObjectBuilder {
	readonly functions: PlacedFunction[] = [];
	private readonly sections: Draft[] = [];
	private readonly definitions = new Map<string, Definition>();
	private readonly names = new Map<Sym | IrGlobal, string>();
	private readonly symbols: ObjectSymbol[] = [];
	/** Undefined symbols, by name. `hidden` on a declaration stays: the linker gives it to the definition. */
	private readonly undefinedSymbols = new Map<string, { readonly weak: boolean; readonly visibility: Sym["visibility"] }>();
	/** Offsets of globals, for BTF. */
	readonly offsets = new Map<IrGlobal, number>();

	constructor(module: IrModule) {
		this.section(".text", SHT.progbits, SHF.alloc | SHF.execinstr, 8, 0);
		for (const fn of module.functions) this.names.set(fn.symbol, fn.name);
		for (const global of module.globals) {
			this.names.set(global, global.name);
			this.names.set(global.symbol, global.name);
		}
	}

	nameOf(symbol: Sym | IrGlobal): string {
		return this.names.get(symbol) ?? ("asmLabel" in symbol && symbol.asmLabel !== undefined ? symbol.asmLabel : symbol.name);
	}

	private section(name: string, type: number, flags: number, align: number, entsize: number): Draft {
		let section = this.sections.find((other) => other.name === name);
		if (section === undefined) {
			section = { name, type, flags, align, entsize, size: 0, parts: [], relocs: [] };
			this.sections.push(section);
		}
		section.flags |= flags & SHF.write;
		section.align = Math.max(section.align, align);
		section.size = Math.ceil(section.size / align) * align;
		return section;
	}

	placeFunction(symbol: FunctionSym, name: string, code: Code): void {
		const section = symbol.section ?? ".text";
		const draft = this.section(section, SHT.progbits, SHF.alloc | SHF.execinstr, 8, 0);
		const offset = draft.size;
		const size = code.insns.length * 8;
		draft.size += size;
		this.functions.push({ symbol, name, section, offset, code });
		this.define(name, symbol, draft, offset, size, "function");
	}

	placeGlobal(global: IrGlobal): void {
		const { symbol, name, section } = global;
		if (symbol.linkage === "extern") {
			this.names.set(symbol, name);
			return;
		}
		const strings = /^\.rodata\.str\d/.test(section);
		const nobits = /^\.bss(\.|$)/.test(section);
		const flags = SHF.alloc | (strings ? SHF.merge | SHF.strings : global.readonly ? 0 : SHF.write);
		const draft = this.section(section, nobits ? SHT.nobits : SHT.progbits, flags, Math.max(1, global.align), strings ? 1 : 0);
		const offset = draft.size;
		draft.size += global.size;
		this.offsets.set(global, offset);
		if (!nobits) draft.parts.push({ offset, bytes: global.bytes ?? new Uint8Array(global.size) });
		if (name.startsWith(".L")) this.definitions.set(name, { section: this.sections.indexOf(draft), offset, local: true });
		else this.define(name, symbol, draft, offset, global.size, "object");
	}

	private define(name: string, symbol: Sym, draft: Draft, value: number, size: number, type: "function" | "object"): void {
		const section = this.sections.indexOf(draft);
		const local = symbol.linkage === "static" || symbol.linkage === "none";
		this.definitions.set(name, { section, offset: value, local });
		this.symbols.push({
			name,
			section,
			value,
			size,
			type,
			binding: local ? "local" : symbol.weak ? "weak" : "global",
			visibility: symbol.visibility,
		});
	}

	/** What a reference is relative to, and what is to be added. */
	private target(name: string, weak: boolean, visibility: Sym["visibility"]): { symbol: string | { section: number }; addend: number } {
		const definition = this.definitions.get(name);
		if (definition === undefined) {
			const known = this.undefinedSymbols.get(name);
			this.undefinedSymbols.set(name, {
				weak: weak && (known?.weak ?? true),
				visibility: visibility === "default" ? (known?.visibility ?? visibility) : visibility,
			});
			return { symbol: name, addend: 0 };
		}
		return definition.local ? { symbol: { section: definition.section }, addend: definition.offset } : { symbol: name, addend: 0 };
	}

	private refer(ref: SymbolRef | { name: string; addend: number }): {
		symbol: string | { section: number };
		addend: number;
	} {
		const name = "symbol" in ref ? this.nameOf(ref.symbol) : ref.name;
		const referred = "symbol" in ref ? ("symbol" in ref.symbol ? ref.symbol.symbol : ref.symbol) : null;
		const { symbol, addend } = this.target(name, referred?.weak ?? false, referred?.visibility ?? "default");
		return { symbol, addend: addend + ref.addend };
	}

	/** After everything is placed. */
	resolve(globals: readonly IrGlobal[], coreIds: ReadonlyMap<PlacedFunction, ReadonlyMap<number, number>>): void {
		for (const fn of this.functions) {
			const draft = this.sections.find((section) => section.name === fn.section) ?? bug(`no section ${fn.section}`);
			const insns = fn.code.insns.slice();
			for (const [slot, id] of coreIds.get(fn) ?? []) insns[slot] = { ...insns[slot], imm: id };
			for (const { slot, type, target } of fn.code.relocs) this.patch(fn, draft, insns, slot, type, target);
			draft.parts.push({ offset: fn.offset, bytes: encode(insns) });
		}
		for (const global of globals) {
			if (global.relocs.length === 0) continue;
			const draft = this.sections.find((section) => section.name === global.section);
			const part = draft?.parts.find((candidate) => candidate.offset === this.offsets.get(global));
			if (draft === undefined || part === undefined) bug(`addresses in ${global.name}, which has no bytes`);
			const bytes = part.bytes.slice();
			const view = new DataView(bytes.buffer);
			for (const { offset, symbol: to, addend } of global.relocs) {
				const target = this.refer({ symbol: to, addend });
				view.setBigInt64(offset, BigInt(target.addend), true);
				draft.relocs.push({ offset: part.offset + offset, type: 2, symbol: target.symbol });
			}
			draft.parts[draft.parts.indexOf(part)] = { offset: part.offset, bytes };
		}
	}

	private patch(fn: PlacedFunction, draft: Draft, insns: Insn[], slot: number, type: number, ref: Code["relocs"][number]["target"]): void {
		const { symbol, addend } = this.refer(ref);
		const offset = fn.offset + slot * 8;
		if (type === R_BPF_64_64) {
			insns[slot] = { ...insns[slot], imm: addend | 0 };
			insns[slot + 1] = { ...insns[slot + 1], imm: addend < 0 ? -1 : 0 };
		} else if (type === R_BPF_64_32) {
			const place = addend / 8;
			if (typeof symbol !== "string" && this.sections[symbol.section] === draft) {
				insns[slot] = { ...insns[slot], src: 1, imm: place - offset / 8 - 1 };
				return;
			}
			insns[slot] = { ...insns[slot], src: 1, imm: place - 1 };
		}
		draft.relocs.push({ offset, type, symbol });
	}

	/** After everything else: sections that nothing loads. */
	addDebugSections(sections: readonly DebugSection[]): void {
		for (const { name, bytes } of sections) {
			const draft = this.section(name, SHT.progbits, 0, 1, 0);
			draft.size = bytes.length;
			draft.parts.push({ offset: 0, bytes });
		}
		const index = new Map(this.sections.map((draft, i) => [draft.name, i]));
		for (const { name, relocs } of sections) {
			const draft = this.sections[index.get(name)!];
			for (const { offset, type, section } of relocs)
				draft.relocs.push({ offset, type, symbol: { section: index.get(section) ?? bug(`no section ${section}`) } });
		}
	}

	finish(fileName: string): Pick<ObjectFile, "endian" | "sections" | "symbols"> {
		const named = new Map<string, number>();
		const sectionSymbols = new Map<number, number>();
		const symbols: ObjectSymbol[] = [
			{ name: fileName, section: "absolute", value: 0, size: 0, binding: "local", type: "file", visibility: "default" },
		];
		const wanted = new Set<number>();
		for (const draft of this.sections) for (const { symbol } of draft.relocs) if (typeof symbol !== "string") wanted.add(symbol.section);
		this.sections.forEach((draft, i) => {
			if (!wanted.has(i) && (draft.flags & SHF.execinstr) === 0) return;
			sectionSymbols.set(i, symbols.length);
			symbols.push({
				name: "",
				section: i,
				value: 0,
				size: 0,
				binding: "local",
				type: "section",
				visibility: "default",
			});
		});
		for (const local of [true, false]) {
			for (const symbol of this.symbols) {
				if ((symbol.binding === "local") !== local) continue;
				named.set(symbol.name, symbols.length);
				symbols.push(symbol);
			}
		}
		for (const [name, { weak, visibility }] of this.undefinedSymbols) {
			named.set(name, symbols.length);
			symbols.push({
				name,
				section: "undefined",
				value: 0,
				size: 0,
				binding: weak ? "weak" : "global",
				type: "none",
				visibility,
			});
		}
		const sections: Section[] = this.sections.map((draft) => {
			const nobits = draft.type === SHT.nobits;
			const data = new Uint8Array(nobits ? 0 : draft.size);
			if (!nobits) for (const { offset, bytes } of draft.parts) data.set(bytes, offset);
			const relocs: Reloc[] = draft.relocs
				.map(({ offset, type, symbol }) => ({
					offset,
					type,
					symbol: typeof symbol === "string" ? named.get(symbol)! : sectionSymbols.get(symbol.section)!,
				}))
				.sort((a, b) => a.offset - b.offset);
			return {
				name: draft.name,
				type: draft.type,
				flags: draft.flags,
				align: draft.align,
				entsize: draft.entsize,
				size: draft.size,
				data,
				relocs,
			};
		});
		return { endian: "little", sections, symbols };
	}
}
