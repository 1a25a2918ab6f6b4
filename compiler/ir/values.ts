import type { Attr, Block, Const, Inst, IrFunction, Op, Ty, Undef, Value } from "./types.ts";
import { row } from "./ops.ts";
import type { Loc } from "./types.ts";

/**
 * Small questions about values and small changes of functions, used by every pass. Functions hold no lists of uses:
 * a pass that replaces values collects old → new in a map and applies it once (`replaceAll`).
 */
export const widthOf = (ty: Ty): 32 | 64 => (ty === "i32" ? 32 : 64);

/** Wraps to the type, signed. */
export const wrap = (ty: Ty, value: bigint): bigint => BigInt.asIntN(widthOf(ty), value);

/** k for 2ᵏ, else null. */
export const exponentOf = (value: bigint): number | null =>
	value > 0n && (value & (value - 1n)) === 0n ? value.toString(2).length - 1 : null;

/** What ends a block becomes a jump; the phis of where it led before are the caller's. */
export function makeJump(end: Inst, to: Block): void {
	end.op = "jump";
	end.args = [];
	end.blocks = [to];
	end.attr = undefined;
}

export const unsigned = (ty: Ty, value: bigint): bigint => BigInt.asUintN(widthOf(ty), value);

/** A word of ones. */
export const allOnes = (ty: Ty): bigint => unsigned(ty, -1n);

/** Whether an instruction holds it in its 32 bits. */
export const isImmediate = (ty: Ty, value: bigint): boolean => wrap(ty, value) === BigInt.asIntN(32, wrap(ty, value));

export const constant = (ty: Ty, value: bigint | number): Const => ({ op: "const", ty, value: wrap(ty, BigInt(value)) });

export const undef = (ty: Ty): Undef => ({ op: "undef", ty });

export const isConst = (value: Value): value is Const => value.op === "const";

export const isInst = (value: Value): value is Inst => value.op !== "const" && value.op !== "undef";

export const isTerminator = (inst: Inst): boolean => row(inst.op).does === "end";

export const terminator = (block: Block): Inst => block.insts[block.insts.length - 1];

const NONE: readonly Block[] = [];

export const successors = (block: Block): readonly Block[] => {
	const last = block.insts[block.insts.length - 1];
	// Phis and ends of blocks have blocks, nothing else.
	return last !== undefined && last.op !== "phi" ? (last.blocks ?? NONE) : NONE;
};

/** May go away when nobody uses its value. */
export function isRemovable(inst: Inst): boolean {
	switch (row(inst.op).does) {
		case "pure":
		case "place":
			return true;
		case "read":
			return inst.attr?.volatile !== true;
		default:
			return false;
	}
}

/** All instructions have their properties in this order, the absent ones too: V8 then knows one shape of them. */
export function newInst(fn: IrFunction, op: Op, ty: Ty | null, args: Value[], attr?: Attr, loc: Loc | null = null, blocks?: Block[]): Inst {
	return { id: fn.nextId++, op, ty, args, blocks, attr, loc };
}

export function newBlock(fn: IrFunction, name: string): Block {
	return { id: fn.nextId++, name, insts: [] };
}

/** Follows old → new to the end. */
export function resolve(map: ReadonlyMap<Inst, Value>, value: Value): Value {
	let now = value;
	while (now.op !== "const" && now.op !== "undef") {
		const next = map.get(now);
		if (next === undefined) return now;
		now = next;
	}
	return now;
}

/** Every use of a key becomes a use of what it maps to; the keys themselves are taken out of their blocks. */
export function replaceAll(fn: IrFunction, map: ReadonlyMap<Inst, Value>): void {
	if (map.size === 0) return;
	for (const block of fn.blocks) {
		let gone = false;
		for (const inst of block.insts) {
			if (map.has(inst)) {
				gone = true;
				continue;
			}
			const args = inst.args;
			for (let i = 0; i < args.length; i++) {
				const arg = args[i];
				if (arg.op !== "const" && arg.op !== "undef" && map.has(arg)) args[i] = resolve(map, arg);
			}
		}
		if (gone) block.insts = block.insts.filter((inst) => !map.has(inst));
	}
}

/** Who uses each instruction's value (an instruction appears once per operand). */
export function usersOf(fn: IrFunction): Map<Inst, Inst[]> {
	const users = new Map<Inst, Inst[]>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			for (const arg of inst.args) {
				if (!isInst(arg)) continue;
				const list = users.get(arg);
				if (list === undefined) users.set(arg, [inst]);
				// Most values have one or two users, and a list that grows by `push` gets room for seventeen.
				else if (list.length === 1) users.set(arg, [list[0], inst]);
				else list.push(inst);
			}
		}
	}
	return users;
}

export const sameValue = (a: Value, b: Value): boolean =>
	a === b ||
	(a.op === "const" && b.op === "const" && a.ty === b.ty && a.value === b.value) ||
	(a.op === "undef" && b.op === "undef" && a.ty === b.ty);

/** The end of an edge from `from` is now `to`; phis of the targets are the caller's. */
export function retarget(block: Block, from: Block, to: Block): void {
	const end = terminator(block);
	if (end.blocks !== undefined) end.blocks = end.blocks.map((target) => (target === from ? to : target));
}

/** Ends the block before `index`: a new one, not in the function yet, has what followed the instruction there, which is dropped. */
export function splitAround(fn: IrFunction, block: Block, index: number, suffix: string): Block {
	const name = block.name.endsWith(suffix) ? block.name : `${block.name}${suffix}`;
	const rest = newBlock(fn, name);
	rest.insts = block.insts.splice(index).slice(1);
	if (block.unroll !== undefined) {
		rest.unroll = block.unroll;
		delete block.unroll;
	}
	for (const next of new Set(successors(rest)))
		for (const phi of phisOf(next)) phi.blocks = phi.blocks!.map((from) => (from === block ? rest : from));
	return rest;
}

/** Forgets one edge `from` → `block` in the block's phis. */
export function removePhiEdge(block: Block, from: Block): void {
	for (const inst of block.insts) {
		if (inst.op !== "phi") break;
		const at = inst.blocks!.indexOf(from);
		if (at < 0) continue;
		inst.args.splice(at, 1);
		inst.blocks!.splice(at, 1);
	}
}

export const phisOf = (block: Block): Inst[] => {
	let end = 0;
	while (end < block.insts.length && block.insts[end].op === "phi") end++;
	return block.insts.slice(0, end);
};
