/**
 * One program's instructions as the kernel gets them (libbpf: bpf_object__relocate). Starting from the entry function, every function that it calls or takes the
 * address of is appended once, depth first; then each place that names a map, a variable, a function or a kernel symbol gets its number:
 *
 *     map            ld_imm64 src 1, imm = index           map value      ld_imm64 src 2, imm = index, second imm = offset
 *     kernel variable ld_imm64 src 3, imm = BTF id         function       ld_imm64 src 4, imm = distance
 *     call           src 1, imm = distance                 kernel function src 2, imm = BTF id
 */
import type { BtfExt } from "../../assembler/btf/ext.ts";
import type { ObjectFile, ObjectSymbol, Reloc } from "../../assembler/object.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { makeInsn } from "../../assembler/spec/insn.ts";
import type { LineRecord, ProgramImage } from "../image.ts";
import type { LoadError } from "./error.ts";
import type { Externs } from "./externs.ts";
import type { PlacedMap } from "./placed-map.ts";

/** A function of the object: one symbol, its slots in its section. */
export interface CodeFunction {
	readonly name: string;
	readonly section: number;
	/** First slot in the section, and how many. */
	readonly start: number;
	readonly length: number;
	readonly binding: "local" | "global" | "weak";
}

export interface LinkInput {
	readonly object: ObjectFile;
	readonly functions: readonly CodeFunction[];
	/** Instructions of each code section, CO-RE applied. */
	readonly code: ReadonlyMap<number, readonly Insn[]>;
	readonly maps: readonly PlacedMap[];
	/** Of each code section the slots whose CO-RE relocation the target has no answer to, and what it asked for. */
	readonly poisoned: ReadonlyMap<number, ReadonlyMap<number, string>>;
	readonly externs: Externs;
	/** Index of .kconfig among the maps. */
	readonly kconfigMap: number;
	readonly btfExt: BtfExt | undefined;
	/** Whether it is known which functions the kernel has. */
	readonly hasKernel: boolean;
	/** The section that arena variables are in and the arena's index among the maps. */
	readonly arena: { readonly section: number; readonly map: number } | null;
}

export interface Linked extends Pick<ProgramImage, "insns" | "funcInfo" | "kfuncs" | "ksyms" | "poisoned"> {
	/** Made when called: most programs run without anybody asking for a line. */
	readonly lines: () => readonly LineRecord[];
}

const call = 0x85;
const ldImm64 = 0x18;
/** libbpf's POISON_CALL_KFUNC_BASE */
const missingFunction = 2002000000;
/** In place of an index into the maps. */
const NO_MAP = -1;
/** Where Linux has its code on x86-64, low half: symbols of unknown place get distinct addresses there. */
const KERNEL_TEXT_LOW = 0x81000000 | 0;

export function linkProgram(entry: CodeFunction, input: LinkInput, errors: LoadError[]): Linked {
	const linking = new Linking(input, errors);
	linking.place(entry);
	const handler = exceptionCallback(entry, input, errors);
	if (handler !== undefined) linking.place(handler);
	const { insns, placed, kfuncs, ksyms, poisoned } = linking;
	return {
		insns,
		poisoned,
		funcInfo: functionRecords(input, placed),
		lines: () => lineRecords(input, placed),
		kfuncs: kfuncs.sort((a, b) => a.insn - b.insn),
		ksyms: ksyms.sort((a, b) => a.insn - b.insn),
	};
}

interface KernelName {
	readonly insn: number;
	readonly name: string;
	readonly btfId: number;
}

/** An instruction that may name something: where it is in the program and where it was in its section, in bytes. */
interface Site {
	readonly fn: CodeFunction;
	readonly slot: number;
	readonly offset: number;
	readonly insn: Insn;
}

/** The program as far as it is put together. What relocates an instruction says what is wrong with it; null: nothing. */
class Linking {
	readonly insns: Insn[] = [];
	readonly placed = new Map<CodeFunction, number>();
	readonly kfuncs: KernelName[] = [];
	readonly ksyms: KernelName[] = [];
	readonly poisoned = new Map<number, string>();
	readonly #input: LinkInput;
	readonly #errors: LoadError[];

	constructor(input: LinkInput, errors: LoadError[]) {
		this.#input = input;
		this.#errors = errors;
	}

	/** Slot of a function's first instruction, which is appended when it is new. */
	place(fn: CodeFunction): number {
		const before = this.placed.get(fn);
		if (before !== undefined) return before;
		const { insns } = this;
		const base = insns.length;
		this.placed.set(fn, base);
		const code = this.#input.code.get(fn.section) ?? [];
		const poisoned = this.#input.poisoned.get(fn.section);
		for (let i = fn.start; i < fn.start + fn.length; i++) {
			const asked = poisoned?.get(i);
			if (asked !== undefined) this.poisoned.set(insns.length, asked);
			insns.push(code[i]);
		}
		const { relocs } = this.#input.object.sections[fn.section];
		// Calls are followed after the whole function is in place, so that distances are known.
		for (let i = 0; i < fn.length; i++) {
			const offset = (fn.start + i) * 8;
			const insn = insns[base + i];
			const reloc = relocAt(relocs, offset);
			if (insn.opcode === call || insn.opcode === ldImm64 || reloc !== undefined)
				this.#relocate({ fn, slot: base + i, offset, insn }, reloc);
			if (insn.opcode === ldImm64) i++;
		}
		return base;
	}

	#relocate(site: Site, reloc: Reloc | undefined): void {
		const { object } = this.#input;
		const { fn, offset, insn } = site;
		const symbol = reloc === undefined ? undefined : object.symbols[reloc.symbol];
		const message =
			insn.opcode === call && insn.src !== 0
				? this.#relocateCall(site, reloc, symbol)
				: reloc === undefined || symbol === undefined
					? this.#relocateNothing(site)
					: this.#relocateConstant(site, reloc, symbol);
		if (message !== null) this.#errors.push({ section: object.sections[fn.section].name, offset, symbol: symbol?.name ?? "", message });
	}

	#relocateCall(site: Site, reloc: Reloc | undefined, symbol: ObjectSymbol | undefined): string | null {
		const { fn, slot, offset, insn } = site;
		if (reloc !== undefined && symbol?.section === "undefined") return this.#relocateKernelCall(site, reloc);
		const [section, target] =
			symbol === undefined ? [fn.section, offset / 8 + insn.imm + 1] : [symbol.section, symbol.value / 8 + insn.imm + 1];
		const callee = typeof section === "number" ? functionAt(this.#input, section, target) : undefined;
		if (callee === undefined) return `calls no function: there is none at instruction ${target}`;
		this.insns[slot] = naming(insn, insn.src, this.place(callee) - slot - 1);
		return null;
	}

	#relocateKernelCall({ slot, insn }: Site, reloc: Reloc): string | null {
		const extern = this.#input.externs.bySymbol.get(reloc.symbol);
		if (extern?.kind !== "function")
			return `is called but defined nowhere${this.#input.object.btf === undefined ? "; of a kernel function the object's BTF would tell, and it has none (compile with -g)" : ""}`;
		if (extern.problem !== null) return extern.problem;
		if (!extern.known && extern.weak && this.#input.hasKernel) {
			// A guarded call to what this kernel lacks: refused only where it can be reached.
			this.insns[slot] = naming(insn, 0, missingFunction, 0);
			return null;
		}
		this.insns[slot] = naming(insn, 2, extern.btfId, 0);
		this.kfuncs.push({ insn: slot, name: extern.name, btfId: extern.btfId });
		return null;
	}

	/** A map by number is an open file of whoever loads; none is open here, and the number is no index. */
	#relocateNothing({ slot, insn }: Site): null {
		if (insn.opcode === ldImm64 && (insn.src === 1 || insn.src === 2)) this.insns[slot] = naming(insn, insn.src, NO_MAP);
		return null;
	}

	#relocateConstant(site: Site, reloc: Reloc, symbol: ObjectSymbol): string | null {
		const { slot, insn } = site;
		// A helper called through an undefined symbol, or code that no loader can place.
		if (insn.opcode !== ldImm64) return `relocation type ${reloc.type} on an instruction with opcode 0x${insn.opcode.toString(16)}`;
		if (this.insns[slot + 1] === undefined) return "is named by an instruction whose second half is missing";
		if (symbol.section === "undefined") return this.#relocateExtern(site, reloc);
		if (typeof symbol.section !== "number") return `is ${symbol.section} and has no place`;
		if (this.#input.code.has(symbol.section)) return this.#relocateFunction(site, symbol, symbol.section);
		return this.#relocateData(site, symbol, symbol.section);
	}

	/** Both halves of a constant. */
	#setConstant({ slot, insn }: Site, src: number, low: number, high: number): null {
		const second = this.insns[slot + 1];
		this.insns[slot] = naming(insn, src, low);
		this.insns[slot + 1] = naming(second, second.src, high);
		return null;
	}

	#relocateExtern(site: Site, reloc: Reloc): string | null {
		const extern = this.#input.externs.bySymbol.get(reloc.symbol);
		if (extern === undefined) return "is used but defined nowhere";
		if (extern.problem !== null) return extern.problem;
		if (extern.kind === "kconfig") return this.#setConstant(site, 2, this.#input.kconfigMap, extern.offset);
		if (!extern.known && extern.weak) return this.#setConstant(site, 0, 0, 0);
		// A name without a type is a number to compare and to print.
		if (!extern.typed) return this.#setConstant(site, 0, KERNEL_TEXT_LOW + reloc.symbol * 16, -1);
		this.ksyms.push({ insn: site.slot, name: extern.name, btfId: extern.btfId });
		return this.#setConstant(site, 3, extern.btfId, 0);
	}

	#relocateFunction(site: Site, symbol: ObjectSymbol, section: number): string | null {
		const target = (symbol.value + site.insn.imm) / 8;
		const callee = functionAt(this.#input, section, target);
		if (callee === undefined) return `is no function: there is none at instruction ${target}`;
		return this.#setConstant(site, 4, this.place(callee) - site.slot - 1, 0);
	}

	#relocateData(site: Site, symbol: ObjectSymbol, section: number): string | null {
		const { arena, maps, object } = this.#input;
		const at = symbol.value + site.insn.imm;
		if (section === arena?.section) return this.#setConstant(site, 2, arena.map, at | 0);
		const index = maps.findIndex(
			(map) => map.section === section && (map.isData || map.offset === at || (map.offset === symbol.value && symbol.type !== "section")),
		);
		if (index < 0) return `refers to section ${object.sections[section]?.name ?? "?"}, which holds no map and no data`;
		return maps[index].isData ? this.#setConstant(site, 2, index, at | 0) : this.#setConstant(site, 1, index, 0);
	}
}

/**
 * The function that takes over when the program throws: named by a declaration tag, called by no instruction, appended last. What is wrong with it the
 * verifier says.
 */
function exceptionCallback(entry: CodeFunction, { object, functions }: LinkInput, errors: LoadError[]): CodeFunction | undefined {
	const prefix = "exception_callback:";
	const types = object.btf?.types ?? [];
	const names = types.flatMap((tag) => {
		if (tag.kind !== "decl_tag" || tag.componentIndex !== -1 || !tag.name.startsWith(prefix)) return [];
		const tagged = types[tag.type];
		return tagged?.kind === "func" && tagged.name === entry.name ? [tag.name.slice(prefix.length)] : [];
	});
	if (names.length !== 1) return undefined;
	const [handler] = functions.filter((fn) => fn.name === names[0] && object.sections[fn.section].name === ".text");
	if (handler === undefined) return undefined;
	const symbol = object.symbols.find((one) => one.name === handler.name && one.section === handler.section);
	if (handler.binding === "local" || symbol?.visibility === "hidden" || symbol?.visibility === "internal") {
		errors.push({
			section: ".text",
			offset: handler.start * 8,
			symbol: handler.name,
			message: "an exception callback must be a global function that is not hidden",
		});
		return undefined;
	}
	return handler;
}

/** The instruction with another number in it, and what kind of number it is. */
const naming = ({ opcode, dst, off }: Insn, src: number, imm: number, distance = off): Insn => makeInsn(opcode, dst, src, distance, imm);

function relocAt(relocs: readonly Reloc[], offset: number): Reloc | undefined {
	let low = 0;
	let high = relocs.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (relocs[middle].offset < offset) low = middle + 1;
		else high = middle;
	}
	return relocs[low]?.offset === offset ? relocs[low] : undefined;
}

function functionAt(input: LinkInput, section: number, slot: number): CodeFunction | undefined {
	return input.functions.find((fn) => fn.section === section && fn.start === slot);
}

function functionRecords(input: LinkInput, placed: ReadonlyMap<CodeFunction, number>): Linked["funcInfo"] {
	const funcInfo: (readonly [number, number])[] = [];
	for (const [fn, base] of inOrder(placed)) {
		const section = input.object.sections[fn.section].name;
		for (const part of input.btfExt?.funcInfo ?? []) {
			if (part.section !== section) continue;
			for (const record of part.records) if (record.insnOffset === fn.start * 8) funcInfo.push([base, record.typeId]);
		}
	}
	return funcInfo;
}

/** Line records, moved to where the functions went. */
function lineRecords(input: LinkInput, placed: ReadonlyMap<CodeFunction, number>): LineRecord[] {
	const lineInfo: LineRecord[] = [];
	for (const [fn, base] of inOrder(placed)) {
		const section = input.object.sections[fn.section].name;
		const from = fn.start * 8;
		const to = from + fn.length * 8;
		for (const part of input.btfExt?.lineInfo ?? []) {
			if (part.section !== section) continue;
			for (const { insnOffset, file, line, column, text } of part.records)
				if (insnOffset >= from && insnOffset < to) lineInfo.push({ insn: base + (insnOffset - from) / 8, file, line, column, text });
		}
	}
	return lineInfo;
}

const inOrder = (placed: ReadonlyMap<CodeFunction, number>): (readonly [CodeFunction, number])[] => [...placed].sort((a, b) => a[1] - b[1]);
