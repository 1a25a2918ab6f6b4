import type { Const, Inst, IrGlobal, IrModule } from "../../ir/types.ts";
import type { OptContext } from "../pass.ts";
import { constant, usersOf } from "../../ir/values.ts";
import { qualifiersOf } from "../../types/basic.ts";

const cache = new WeakMap<OptContext, Set<IrGlobal>>();

/** Objects whose bytes nothing changes. Found once: no pass makes an object written that was not. */
export function unchanging(context: OptContext): Set<IrGlobal> {
	let set = cache.get(context);
	if (set === undefined) cache.set(context, (set = find(context.module)));
	return set;
}

/** An object that a pass made and nothing writes. */
export function addUnchanging(context: OptContext, global: IrGlobal): IrGlobal {
	unchanging(context).add(global);
	return global;
}

function find(module: IrModule): Set<IrGlobal> {
	const touched = new Set<unknown>();
	for (const fn of module.functions) {
		const users = usersOf(fn);
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "global") continue;
				if (!(users.get(inst) ?? []).every((use) => isPlainRead(use, inst, users))) touched.add(inst.attr!.global);
			}
		}
	}
	for (const global of module.globals) for (const { symbol } of global.relocs) touched.add(symbol);
	const fixed = new Set<IrGlobal>();
	for (const global of module.globals) {
		const quals = qualifiersOf(global.symbol.type);
		if (quals.volatile || global.symbol.linkage === "extern" || global.symbol.weak) continue;
		if (global.section === ".maps" || global.section === ".kconfig" || global.section === ".ksyms") continue;
		const untouched = global.symbol.linkage === "static" && !global.symbol.used && !touched.has(global) && global.symbol.section === null;
		const literal = global.section.startsWith(".rodata.str");
		if (quals.const || literal || untouched) fixed.add(global);
	}
	return fixed;
}

function isPlainRead(use: Inst, address: Inst, users: ReadonlyMap<Inst, Inst[]>): boolean {
	if (use.op === "load") return true;
	if (use.op === "ptradd" && use.args[0] === address) return (users.get(use) ?? []).every((next) => isPlainRead(next, use, users));
	return (use.op === "memcpy" && use.args[0] !== address) || use.op === "memcmp" || use.op === "strcmp" || use.op === "strlen";
}

/** One byte again and again, as in a table that the loader is to fill and that is `const` without `volatile`. */
export const isUniform = ({ bytes, relocs }: IrGlobal): boolean =>
	relocs.length === 0 && (bytes?.every((byte) => byte === bytes[0]) ?? true);

/** What a load reads from the place in an object that nothing changes; null of an address, and beyond its ends. */
export function numberAt(global: IrGlobal, at: number, load: Inst): Const | null {
	const { size, signed } = load.attr!;
	if (at < 0 || at + size! > global.size || global.relocs.some((reloc) => reloc.offset < at + size! && reloc.offset + 8 > at)) return null;
	let value = 0n;
	for (let i = size! - 1; i >= 0; i--) value = (value << 8n) | BigInt(global.bytes?.[at + i] ?? 0);
	return constant(load.ty!, signed ? BigInt.asIntN(size! * 8, value) : value);
}
