import {
	FIRST_VIRTUAL,
	forDefs,
	forUses,
	isCopy,
	isLong,
	isVirtual,
	type MFunction,
	type MInst,
	NONE,
	predecessors,
	type Reg,
} from "./machine.ts";
import { BitSet, liveness } from "./liveness.ts";

/**
 * Which registers may not share a machine register: whatever is live where another is written. A copy is no such place
 * for its own two sides (Chaitin). Nodes are register numbers, machine registers included; these have no lists of neighbours.
 */
export interface Interference {
	readonly size: number;
	readonly neighbours: Reg[][];
	readonly degree: Int32Array;
	/** Copies that would go away if both sides had one register. */
	readonly copies: MInst[];
	/** What spilling costs: uses and definitions, weighed by loop depth. */
	readonly cost: Float64Array;
	/** Registers of which one had better not be the other's, though it may. */
	readonly apart: readonly (readonly [Reg, Reg])[];
	adjacent(a: Reg, b: Reg): boolean;
	connect(a: Reg, b: Reg): void;
}

/** Up to here (100 MB) half a matrix of bits tells who is adjacent, beyond it a hash set. */
const MATRIX_LIMIT = 40_000;

export function buildInterference(fn: MFunction): Interference {
	const size = fn.nextReg;
	const neighbours: Reg[][] = Array.from({ length: size }, () => []);
	const degree = new Int32Array(size);
	const cost = new Float64Array(size);
	const copies: MInst[] = [];
	const pairs = size <= MATRIX_LIMIT ? new BitSet((size * (size + 1)) / 2) : new Set<number>();
	/** A number for each pair. */
	const pair = (a: Reg, b: Reg): number => (a < b ? (b * (b + 1)) / 2 + a : (a * (a + 1)) / 2 + b);
	const adjacent = (a: Reg, b: Reg): boolean => pairs.has(pair(a, b));
	const connect = (a: Reg, b: Reg): void => {
		if (a === b || (a < FIRST_VIRTUAL && b < FIRST_VIRTUAL)) return;
		const key = pair(a, b);
		if (pairs.has(key)) return;
		pairs.add(key);
		if (isVirtual(a)) {
			neighbours[a].push(b);
			degree[a]++;
		}
		if (isVirtual(b)) {
			neighbours[b].push(a);
			degree[b]++;
		}
	};

	const { liveOut } = liveness(fn);
	for (const block of fn.blocks) {
		const weight = 10 ** Math.min(block.depth, 6);
		const live = new Set<Reg>();
		liveOut.get(block)!.forEach((reg) => live.add(reg));
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const inst = block.insts[i];
			if (isCopy(inst)) {
				live.delete(inst.src);
				copies.push(inst);
			}
			// Two results of one instruction are live together.
			forDefs(inst, (reg) => live.add(reg));
			forDefs(inst, (reg) => {
				cost[reg] += inst.spillCode ? Infinity : weight;
				for (const other of live) connect(reg, other);
			});
			forDefs(inst, (reg) => live.delete(reg));
			forUses(inst, (reg) => {
				live.add(reg);
				cost[reg] += inst.spillCode ? Infinity : weight;
			});
			if (inst.asm !== null) connectAssembly(inst, connect);
		}
	}
	for (const reg of madeAgain(fn)) cost[reg] *= MADE_AGAIN;
	return { size, neighbours, degree, copies, cost, apart: besideQuestions(fn), adjacent, connect };
}

/** A constant, or a symbol's address. */
const needsNothing = ({ kind, op, src, core }: MInst): boolean =>
	core === null && (kind === "wide" || (kind === "alu" && op === "mov" && src === NONE));

/** What can be made again needs no slot and no store. */
const MADE_AGAIN = 0.5;

/** Registers with one definition that needs nothing: a constant, a symbol's address, an address in the frame. */
function madeAgain(fn: MFunction): Set<Reg> {
	const sources = new Map<Reg, boolean>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			forDefs(inst, (reg) => {
				if (!isVirtual(reg)) return;
				sources.set(reg, (needsNothing(inst) || (inst.kind === "address" && inst.core === null)) && !sources.has(reg));
			});
		}
	}
	return new Set([...sources].filter(([, free]) => free).map(([reg]) => reg));
}

/**
 * What one side of a branch only brings along (a constant, an address), and what the branch compares. In another register it is made in front of the
 * branch, and the side needs no block (`layout.ts`).
 */
function besideQuestions(fn: MFunction): (readonly [Reg, Reg])[] {
	if (isLong(fn)) return [];
	const preds = predecessors(fn);
	const found: (readonly [Reg, Reg])[] = [];
	for (const block of fn.blocks) {
		const jump = block.insts.at(-1);
		if (jump?.kind !== "jump") continue;
		for (const side of jump.blocks) {
			const last = side.insts.at(-1);
			if (last?.kind !== "goto" || preds.get(side)!.length !== 1) continue;
			const brought = side.insts.slice(0, -1);
			if (brought.filter((inst) => !isCopy(inst)).length !== 1 || !brought.every((inst) => isCopy(inst) || needsNothing(inst))) continue;
			for (const { dst } of brought)
				for (const asked of [jump.dst, jump.src]) if (isVirtual(dst) && isVirtual(asked)) found.push([dst, asked]);
		}
	}
	return found;
}

/** Written before all inputs are read: early-clobber outputs and clobbered registers keep away from the inputs. */
function connectAssembly(inst: MInst, connect: (a: Reg, b: Reg) => void): void {
	const asm = inst.asm!;
	for (const input of asm.operands) {
		if (input.reg === NONE || input.role === "out" || input.role === "early") continue;
		for (const reg of asm.clobbers) connect(input.reg, reg);
		for (const output of asm.operands) if (output.role === "early" && output.reg !== NONE) connect(input.reg, output.reg);
	}
}
