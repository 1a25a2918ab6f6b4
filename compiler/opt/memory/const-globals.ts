import type { Const, Inst, IrGlobal, IrModule, Value } from "../../ir/types.ts";
import type { OptContext, Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, replaceAll, usersOf } from "../../ir/values.ts";
import { qualifiersOf } from "../../types/basic.ts";
import { rootOf } from "../analysis/slots.ts";

/**
 * Loads from objects that cannot change become their values: const ones that are defined here, and static ones that
 * nothing in the module writes. `const volatile` is set by the loader and is always read.
 */
export const foldConstGlobals: Pass = {
	name: "const-globals",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		const fixed = unchanging(context);
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				const value = inst.op === "load" && !inst.attr!.volatile ? known(inst, fixed, (made) => out.push(made), fn) : null;
				if (value === null) out.push(inst);
				else map.set(inst, value);
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

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

function known(load: Inst, fixed: ReadonlySet<IrGlobal>, add: (inst: Inst) => void, fn: Parameters<Pass["run"]>[0]): Value | null {
	const { root, offset } = rootOf(load.args[0]);
	if (!isInst(root) || root.op !== "global" || offset === null) return null;
	const global = root.attr!.global!;
	if ("kind" in global || !fixed.has(global)) return null;
	const at = offset + (root.attr!.offset ?? 0);
	const size = load.attr!.size!;
	const number = numberAt(global, at, load);
	if (number !== null) return number;
	if (at < 0 || at + size > global.size) return null;
	for (const reloc of global.relocs) {
		if (reloc.offset + 8 <= at || reloc.offset >= at + size) continue;
		if (reloc.offset !== at || size !== 8 || (!("kind" in reloc.symbol) && reloc.symbol.section === "")) return null;
		const target = newInst(fn, "global", "ptr", [], { global: reloc.symbol, offset: reloc.addend }, load.loc);
		add(target);
		if (load.ty === "ptr") return target;
		const number = newInst(fn, "ptrtoint", "i64", [target], undefined, load.loc);
		add(number);
		return number;
	}
	return null;
}

/** What a load reads from the place in an object that nothing changes; null of an address, and beyond its ends. */
export function numberAt(global: IrGlobal, at: number, load: Inst): Const | null {
	const { size, signed } = load.attr!;
	if (at < 0 || at + size! > global.size || global.relocs.some((reloc) => reloc.offset < at + size! && reloc.offset + 8 > at)) return null;
	let value = 0n;
	for (let i = size! - 1; i >= 0; i--) value = (value << 8n) | BigInt(global.bytes?.[at + i] ?? 0);
	return constant(load.ty!, signed ? BigInt.asIntN(size! * 8, value) : value);
}

/** A call through a pointer that has become a function or a helper's number. */
export const resolveCalls: Pass = {
	name: "resolve-calls",
	run(fn) {
		let changed = false;
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "call" || inst.attr!.callee!.kind !== "indirect") continue;
				const [pointer] = inst.args;
				const target = isInst(pointer) && pointer.op === "global" ? pointer.attr!.global! : null;
				if (target !== null && "kind" in target && target.kind === "function") {
					inst.attr = { ...inst.attr, callee: { kind: "function", symbol: target } };
				} else if (isConst(pointer) && pointer.value !== 0n && pointer.value === BigInt.asIntN(32, pointer.value)) {
					inst.attr = { ...inst.attr, callee: { kind: "helper", id: Number(pointer.value), name: `helper_${pointer.value}` } };
				} else continue;
				inst.args = inst.args.slice(1);
				changed = true;
			}
		}
		return changed;
	},
};
