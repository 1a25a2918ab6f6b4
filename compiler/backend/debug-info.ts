import type { BtfExt, CoreRelo, FuncInfo, LineInfo, SectionRecords } from "../../assembler/btf/ext.ts";
import type { Btf } from "../../assembler/btf/types.ts";
import type { IrGlobal, IrModule } from "../ir/types.ts";
import type { FunctionSym } from "../types/typed.ts";
import { btfAccess, BtfBuilder } from "./btf.ts";
import { unqualified } from "./btf-nodes.ts";
import type { ObjectBuilder, PlacedFunction } from "./object-file.ts";
import type { Places } from "./places.ts";

/**
 * BTF and BTF.ext of a module, in clang's order: maps, then each function with what its instructions need (fields that CO-RE relocates,
 * functions that it calls elsewhere), then the other globals.
 */
export interface DebugInfo {
	readonly btf: Btf;
	readonly btfExt: BtfExt;
	/** Constants that are BTF ids: slot → id. */
	readonly coreIds: ReadonlyMap<PlacedFunction, ReadonlyMap<number, number>>;
}

const TYPE_ID_LOCAL = 6;
const TYPE_ID_TARGET = 7;

export function debugInfo(module: IrModule, object: ObjectBuilder, places: Places): DebugInfo {
	const btf = new BtfBuilder();
	const isMap = (global: IrGlobal): boolean => global.section.startsWith(".maps");
	const externs = new Set<FunctionSym>();
	const extern = (symbol: FunctionSym): void => {
		if (symbol.linkage !== "extern" || externs.has(symbol)) return;
		externs.add(symbol);
		const id = btf.func(symbol, "extern", object.nameOf(symbol));
		if (symbol.section !== null) btf.inSection(symbol.section, id, 0, 0);
	};
	const variable = (global: IrGlobal): void => {
		const { symbol, name } = global;
		if (name.startsWith(".L")) return;
		const type = isMap(global) ? btf.mapType(symbol.type) : btf.type(symbol.type);
		const linkage = symbol.linkage === "extern" ? "extern" : symbol.linkage === "global" ? "global" : "static";
		const id = btf.variable(name, type, linkage, symbol.declTags);
		const section = linkage === "extern" ? symbol.section : global.section;
		// LLVM has no void objects, an extern one takes a byte.
		const size = unqualified(symbol.type).kind === "void" ? 1 : global.size;
		if (section !== null) btf.inSection(section, id, object.offsets.get(global) ?? 0, size);
		for (const { symbol: to } of global.relocs) if ("kind" in to && to.kind === "function") extern(to);
	};

	const funcInfo = new Records<FuncInfo>();
	const lineInfo = new Records<LineInfo>();
	const coreRelos = new Records<CoreRelo>();
	const coreIds = new Map<PlacedFunction, Map<number, number>>();
	for (const global of module.globals) if (isMap(global)) variable(global);
	for (const fn of object.functions) {
		funcInfo.add(fn.section, {
			insnOffset: fn.offset,
			typeId: btf.func(fn.symbol, fn.symbol.linkage === "static" ? "static" : "global", fn.name),
		});
		const ids = new Map<number, number>();
		coreIds.set(fn, ids);
		const events = [
			...fn.code.cores.map(({ slot, core }) => ({
				slot,
				run: () => {
					const typeId = btf.type(unqualified(core.root));
					coreRelos.add(fn.section, {
						insnOffset: fn.offset + slot * 8,
						typeId,
						access: btfAccess(core.root, core.access),
						kind: core.relo,
					});
					if (core.relo === TYPE_ID_LOCAL || core.relo === TYPE_ID_TARGET) ids.set(slot, typeId);
				},
			})),
			...fn.code.relocs.map(({ slot, target }) => ({
				slot,
				run: () => {
					if ("symbol" in target && "kind" in target.symbol && target.symbol.kind === "function") extern(target.symbol);
				},
			})),
		];
		for (const { run } of events.sort((a, b) => a.slot - b.slot)) run();
		lines(fn, places, lineInfo);
	}
	for (const global of module.globals) if (!isMap(global)) variable(global);
	for (const type of module.extraTypes) btf.type(type);
	return {
		btf: btf.finish(),
		btfExt: { funcInfo: funcInfo.list(), lineInfo: lineInfo.list(), coreRelos: coreRelos.list() },
		coreIds,
	};
}

/** A record where the place changes; each function begins with one, at its head if its first instruction has none. */
function lines(fn: PlacedFunction, places: Places, out: Records<LineInfo>): void {
	let last = "";
	let first = true;
	for (const { slot, loc } of fn.code.locs) {
		const place = loc === null ? null : places.locate(loc);
		const here = place ?? (first ? places.locate(fn.symbol.span) : null);
		if (here === null) continue;
		const column = place === null ? 0 : here.column;
		const key = `${here.file}:${here.line}:${column}`;
		if (key === last) continue;
		last = key;
		out.add(fn.section, {
			insnOffset: fn.offset + (first ? 0 : slot * 8),
			file: here.file,
			text: here.text,
			line: here.line,
			column,
		});
		first = false;
	}
}

class Records<T> {
	private readonly sections = new Map<string, T[]>();

	add(section: string, record: T): void {
		const list = this.sections.get(section);
		if (list === undefined) this.sections.set(section, [record]);
		else list.push(record);
	}

	list(): SectionRecords<T>[] {
		return [...this.sections].map(([section, records]) => ({ section, records }));
	}
}
