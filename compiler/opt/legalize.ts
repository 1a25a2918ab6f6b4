import type { Attr, Block, Inst, IrFunction, Value } from "../ir/types.ts";
import type { OptContext, Pass } from "./pass.ts";
import { constant, isConst, newBlock, newInst, phisOf, replaceAll } from "../ir/values.ts";
import { alignmentOf, partsOf } from "./mem-expand.ts";

/** What the machine lacks, spelled in what it has: multiway branches, accesses of unaligned words, signed division before v4. */
export const lowerSwitches: Pass = {
	name: "lower-switches",
	run(fn) {
		let changed = false;
		for (const block of fn.blocks.slice()) {
			const end = block.insts[block.insts.length - 1];
			if (end.op !== "switch") continue;
			lowerSwitch(fn, block, end);
			changed = true;
		}
		return changed;
	},
};

interface Range {
	readonly from: bigint;
	readonly to: bigint;
	readonly target: Block;
}

/** Where all other values go: where no value goes, the target of most cases, which then need no test. */
function fallbackOf(otherwise: Block, targets: readonly Block[]): Block {
	if (otherwise.insts[0].op !== "unreachable" || targets.length === 0) return otherwise;
	const cases = (target: Block): number => targets.filter((one) => one === target).length;
	return targets.reduce((best, one) => (cases(one) > cases(best) ? one : best));
}

/** A balanced tree of comparisons over runs of equal targets (clang makes no jump tables for this machine). */
function lowerSwitch(fn: IrFunction, block: Block, end: Inst): void {
	const [value] = end.args;
	const targets = end.blocks!.slice(1);
	const fallback = fallbackOf(end.blocks![0], targets);
	const ty = value.ty!;
	const cases = end.attr!.cases!.map((from, i) => ({ from, to: from, target: targets[i] })).filter((one) => one.target !== fallback);
	cases.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
	const ranges: Range[] = [];
	for (const one of cases) {
		const last = ranges[ranges.length - 1];
		if (last !== undefined && last.target === one.target && last.to + 1n === one.from) ranges[ranges.length - 1] = { ...last, to: one.to };
		else ranges.push(one);
	}
	/** Which blocks now jump where, for the phis of the targets. */
	const edges = new Map<Block, Block[]>();
	const edge = (from: Block, to: Block): void => {
		const list = edges.get(to);
		if (list === undefined) edges.set(to, [from]);
		else if (!list.includes(from)) list.push(from);
	};
	const made: Block[] = [];
	const fresh = (): Block => {
		const next = newBlock(fn, "switch");
		made.push(next);
		return next;
	};
	const emit = (at: Block, op: Inst["op"], tyOut: Inst["ty"], args: Value[], attr?: Attr, blocks?: Block[]): Inst => {
		const inst = newInst(fn, op, tyOut, args, attr, end.loc, blocks);
		at.insts.push(inst);
		return inst;
	};
	const branch = (at: Block, pred: NonNullable<Attr["pred"]>, limit: bigint, then: Block, otherwise: Block): void => {
		const condition = emit(at, "icmp", "i32", [value, constant(ty, limit)], { pred });
		if (then === otherwise) emit(at, "jump", null, [], undefined, [then]);
		else emit(at, "branch", null, [condition], undefined, [then, otherwise]);
		for (const to of [then, otherwise]) if (!made.includes(to)) edge(at, to);
	};
	const test = (at: Block, list: readonly Range[]): void => {
		if (list.length === 0) {
			emit(at, "jump", null, [], undefined, [fallback]);
			edge(at, fallback);
			return;
		}
		if (list.length > 4) {
			const middle = list.length >> 1;
			const low = fresh();
			const high = fresh();
			branch(at, "slt", list[middle].from, low, high);
			test(low, list.slice(0, middle));
			test(high, list.slice(middle));
			return;
		}
		const [first, ...rest] = list;
		const next = rest.length === 0 ? fallback : fresh();
		if (first.from === first.to) branch(at, "eq", first.from, first.target, next);
		else {
			const above = fresh();
			branch(at, "sge", first.from, above, next);
			branch(above, "sle", first.to, first.target, next);
		}
		if (rest.length > 0) test(next, rest);
	};
	block.insts.pop();
	test(block, ranges);
	for (const target of new Set(end.blocks)) {
		const sources = edges.get(target) ?? [];
		for (const phi of phisOf(target)) {
			const at = phi.blocks!.indexOf(block);
			const input = phi.args[at];
			phi.args.splice(at, 1);
			phi.blocks!.splice(at, 1);
			for (const from of sources) {
				phi.args.push(input);
				phi.blocks!.push(from);
			}
		}
	}
	fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, ...made);
}

/** Loads and stores of words that may not be aligned, in parts that are (clang's BPF target does the same). */
export const splitUnaligned: Pass = {
	name: "split-unaligned",
	run(fn) {
		const map = new Map<Inst, Value>();
		let changed = false;
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				const claimed = inst.attr?.align;
				const access = inst.op === "load" || inst.op === "store";
				if (!access || claimed === undefined || claimed >= inst.attr!.size!) {
					out.push(inst);
					continue;
				}
				const align = alignmentOf(inst.args[0], claimed);
				changed = true;
				if (align >= inst.attr!.size!) {
					inst.attr = { ...inst.attr, align: undefined };
					out.push(inst);
				} else if (inst.op === "load") map.set(inst, loadParts(fn, inst, align, out));
				else storeParts(fn, inst, align, out);
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return changed;
	},
};

function loadParts(fn: IrFunction, load: Inst, align: number, out: Inst[]): Value {
	const { size, signed, volatile } = load.attr!;
	const wide = size === 8 || load.ty !== "i32";
	const ty = wide ? "i64" : "i32";
	const emit = (op: Inst["op"], to: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, to, args, attr, load.loc);
		out.push(made);
		return made;
	};
	let value: Value | null = null;
	const parts = partsOf(size!, align);
	for (const { offset, width } of parts) {
		const address = offset === 0 ? load.args[0] : emit("ptradd", "ptr", [load.args[0], constant("i64", offset)]);
		const last = offset + width === size;
		const part = emit("load", ty, [address], { size: width, ...(last && signed ? { signed: true } : {}), ...(volatile ? { volatile } : {}) });
		const moved: Value = offset === 0 ? part : emit("shl", ty, [part, constant(ty, offset * 8)]);
		value = value === null ? moved : emit("or", ty, [value, moved]);
	}
	return load.ty === "ptr" ? emit("inttoptr", "ptr", [value!]) : value!;
}

function storeParts(fn: IrFunction, store: Inst, align: number, out: Inst[]): void {
	const { size, volatile } = store.attr!;
	const emit = (op: Inst["op"], to: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, to, args, attr, store.loc);
		out.push(made);
		return made;
	};
	const [target, given] = store.args;
	const value = given.ty === "ptr" && !isConst(given) ? emit("ptrtoint", "i64", [given]) : isConst(given) && given.ty === "ptr" ? constant("i64", given.value) : given;
	const ty = value.ty!;
	for (const { offset, width } of partsOf(size!, align)) {
		const address = offset === 0 ? target : emit("ptradd", "ptr", [target, constant("i64", offset)]);
		// A constant of the part alone: equal parts are one constant, and none takes two instructions.
		const part = isConst(value) ? constant(ty, BigInt.asIntN(width * 8, value.value >> BigInt(offset * 8))) : offset === 0 ? value : emit("lshr", ty, [value, constant(ty, offset * 8)]);
		emit("store", null, [address, part], { size: width, ...(volatile ? { volatile } : {}) });
	}
}

/** Division and remainder of magnitudes, with the sign put on by arithmetic: before v4 there is no signed division. */
export const expandSignedDivision: Pass = {
	name: "signed-division",
	run(fn, context: OptContext) {
		if (context.cpu >= 4) return false;
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				if (inst.op !== "sdiv" && inst.op !== "smod") {
					out.push(inst);
					continue;
				}
				const ty = inst.ty!;
				const emit = (op: Inst["op"], args: Value[]): Inst => {
					const made = newInst(fn, op, ty, args, undefined, inst.loc);
					out.push(made);
					return made;
				};
				const top = constant(ty, ty === "i32" ? 31 : 63);
				const [a, b] = inst.args;
				const sign = (value: Value): Value => (isConst(value) ? constant(ty, value.value < 0n ? -1 : 0) : emit("ashr", [value, top]));
				const applySign = (value: Value, mask: Value): Value => (isConst(mask) && mask.value === 0n ? value : emit("sub", [emit("xor", [value, mask]), mask]));
				const magnitude = (value: Value, mask: Value): Value => (isConst(value) ? constant(ty, value.value < 0n ? -value.value : value.value) : applySign(value, mask));
				const signA = sign(a);
				const signB = sign(b);
				const result = emit(inst.op === "sdiv" ? "udiv" : "umod", [magnitude(a, signA), magnitude(b, signB)]);
				const mask = inst.op === "smod" || (isConst(signB) && signB.value === 0n) ? signA : emit("xor", [signA, signB]);
				map.set(inst, applySign(result, mask));
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** `__builtin_constant_p` of what has not become a constant by now: no. */
export const answerQuestions: Pass = {
	name: "answer-questions",
	run(fn) {
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) for (const inst of block.insts) if (inst.op === "isconst") map.set(inst, constant("i32", isConst(inst.args[0]) ? 1 : 0));
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** Every slot in the entry block; what is left of `lifetime` goes. */
export const settleSlots: Pass = {
	name: "settle-slots",
	run(fn) {
		const slots: Inst[] = [];
		let marks = 0;
		for (const block of fn.blocks) {
			block.insts = block.insts.filter((inst) => {
				if (inst.op === "alloca") slots.push(inst);
				if (inst.op === "lifetime") marks++;
				return inst.op !== "alloca" && inst.op !== "lifetime";
			});
		}
		fn.blocks[0].insts.unshift(...slots);
		return slots.length + marks > 0;
	},
};
