/**
 * One program's instructions as the kernel gets them (libbpf: bpf_object__relocate). Starting from the entry function, every function that it calls or takes the
 * address of is appended once, depth first; then each place that names a map, a variable, a function or a kernel symbol gets its number:
 *
 *     map            ld_imm64 src 1, imm = index           map value      ld_imm64 src 2, imm = index, second imm = offset
 *     kernel variable ld_imm64 src 3, imm = BTF id         function       ld_imm64 src 4, imm = distance
 *     call           src 1, imm = distance                 kernel function src 2, imm = BTF id
 */
import type { BtfExt } from "../../assembler/btf/ext.ts";
import type { ObjectFile } from "../../assembler/object.ts";
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
	readonly externs: Externs;
	/** Index of .kconfig among the maps. */
	readonly kconfigMap: number;
	readonly btfExt: BtfExt | undefined;
	/** Whether it is known which functions the kernel has. */
	readonly hasKernel: boolean;
	/** The section that arena variables are in and the arena's index among the maps. */
	readonly arena: { readonly section: number; readonly map: number } | null;
}

export interface Linked extends Pick<ProgramImage, "insns" | "funcInfo" | "kfuncs" | "ksyms"> {
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
	const insns: Insn[] = [];
	const placed = new Map<CodeFunction, number>();
	const kfuncs: { insn: number; name: string; btfId: number }[] = [];
	const ksyms: { insn: number; name: string; btfId: number }[] = [];

	const append = (fn: CodeFunction): void => {
		const base = insns.length;
		placed.set(fn, base);
		const code = input.code.get(fn.section) ?? [];
		for (let i = fn.start; i < fn.start + fn.length; i++) insns.push(code[i]);
		const { relocs } = input.object.sections[fn.section];
		// Calls are followed after the whole function is in place, so that distances are known.
		for (let i = 0; i < fn.length; i++) {
			const { opcode } = insns[base + i];
			if (opcode === call || opcode === ldImm64 || relocAt(relocs, (fn.start + i) * 8) !== undefined) relocate(fn, base, i);
			if (opcode === ldImm64) i++;
		}
	};

	/** Slot of a function's first instruction, appending it when it is new. */
	const place = (target: CodeFunction): number => {
		if (!placed.has(target)) append(target);
		return placed.get(target) ?? 0;
	};

	const relocate = (fn: CodeFunction, base: number, i: number): void => {
		const slot = base + i;
		const insn = insns[slot];
		const offset = (fn.start + i) * 8;
		const section = input.object.sections[fn.section];
		const reloc = relocAt(section.relocs, offset);
		const fail = (symbol: string, message: string): void => {
			errors.push({ section: section.name, offset, symbol, message });
		};
		const symbol = reloc === undefined ? undefined : input.object.symbols[reloc.symbol];
		if (insn.opcode === call && insn.src !== 0) {
			if (symbol !== undefined && symbol.section === "undefined") {
				const extern = input.externs.bySymbol.get(reloc?.symbol ?? -1);
				if (extern?.kind !== "function") {
					fail(symbol.name, "is called but defined nowhere");
					return;
				}
				if (extern.problem !== null) {
					fail(symbol.name, extern.problem);
					return;
				}
				if (!extern.known && extern.weak && input.hasKernel) {
					// A guarded call to what this kernel lacks: refused only where it can be reached.
					insns[slot] = naming(insn, 0, missingFunction, 0);
					return;
				}
				insns[slot] = naming(insn, 2, extern.btfId, 0);
				kfuncs.push({ insn: slot, name: extern.name, btfId: extern.btfId });
				return;
			}
			const [inSection, target] =
				symbol === undefined ? [fn.section, fn.start + i + insn.imm + 1] : [symbol.section, symbol.value / 8 + insn.imm + 1];
			const callee = typeof inSection === "number" ? functionAt(input, inSection, target) : undefined;
			if (callee === undefined) {
				fail(symbol?.name ?? "", `calls no function: there is none at instruction ${target}`);
				return;
			}
			insns[slot] = naming(insn, insn.src, place(callee) - slot - 1);
			return;
		}
		if (reloc === undefined || symbol === undefined) {
			// A map by number is an open file of whoever loads; none is open here, and the number is no index.
			if (insn.opcode === ldImm64 && (insn.src === 1 || insn.src === 2)) insns[slot] = naming(insn, insn.src, NO_MAP);
			return;
		}
		if (insn.opcode !== ldImm64) {
			// A helper called through an undefined symbol, or code that no loader can place.
			fail(symbol.name, `relocation type ${reloc.type} on an instruction with opcode 0x${insn.opcode.toString(16)}`);
			return;
		}
		const second = insns[slot + 1];
		if (second === undefined) {
			fail(symbol.name, "is named by an instruction whose second half is missing");
			return;
		}
		if (symbol.section === "undefined") {
			const extern = input.externs.bySymbol.get(reloc.symbol);
			if (extern === undefined) {
				fail(symbol.name, "is used but defined nowhere");
				return;
			}
			if (extern.problem !== null) {
				fail(symbol.name, extern.problem);
				return;
			}
			if (extern.kind === "kconfig") {
				insns[slot] = naming(insn, 2, input.kconfigMap);
				insns[slot + 1] = naming(second, second.src, extern.offset);
			} else if (!extern.known && extern.weak) {
				insns[slot] = naming(insn, 0, 0);
				insns[slot + 1] = naming(second, second.src, 0);
			} else if (!extern.typed) {
				// A name without a type is a number to compare and to print.
				insns[slot] = naming(insn, 0, KERNEL_TEXT_LOW + reloc.symbol * 16);
				insns[slot + 1] = naming(second, second.src, -1);
			} else {
				insns[slot] = naming(insn, 3, extern.btfId);
				insns[slot + 1] = naming(second, second.src, 0);
				ksyms.push({ insn: slot, name: extern.name, btfId: extern.btfId });
			}
			return;
		}
		if (typeof symbol.section !== "number") {
			fail(symbol.name, `is ${symbol.section} and has no place`);
			return;
		}
		if (input.code.has(symbol.section)) {
			const target = (symbol.value + insn.imm) / 8;
			const callee = functionAt(input, symbol.section, target);
			if (callee === undefined) {
				fail(symbol.name, `is no function: there is none at instruction ${target}`);
				return;
			}
			insns[slot] = naming(insn, 4, place(callee) - slot - 1);
			insns[slot + 1] = naming(second, second.src, 0);
			return;
		}
		const addend = insn.imm;
		if (input.arena !== null && symbol.section === input.arena.section) {
			insns[slot] = naming(insn, 2, input.arena.map);
			insns[slot + 1] = naming(second, second.src, (symbol.value + addend) | 0);
			return;
		}
		const index = input.maps.findIndex(
			(map) =>
				map.section === symbol.section &&
				(map.isData || map.offset === symbol.value + addend || (map.offset === symbol.value && symbol.type !== "section")),
		);
		const map = input.maps[index];
		if (map === undefined) {
			fail(symbol.name, `refers to section ${input.object.sections[symbol.section]?.name ?? "?"}, which holds no map and no data`);
			return;
		}
		insns[slot] = naming(insn, map.isData ? 2 : 1, index);
		insns[slot + 1] = naming(second, second.src, map.isData ? (symbol.value + addend) | 0 : 0);
	};

	append(entry);
	const handler = exceptionCallback(entry, input, errors);
	if (handler !== undefined) place(handler);
	return {
		insns,
		funcInfo: functionRecords(input, placed),
		lines: () => lineRecords(input, placed),
		kfuncs: kfuncs.sort((a, b) => a.insn - b.insn),
		ksyms: ksyms.sort((a, b) => a.insn - b.insn),
	};
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

function relocAt(relocs: readonly { readonly offset: number; readonly type: number; readonly symbol: number }[], offset: number) {
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
