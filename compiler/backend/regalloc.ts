import { FIRST_VIRTUAL, isCopy, isVirtual, type MFunction, type MInst, renameRegs, type Reg } from "./machine.ts";
import { buildInterference, type Interference } from "./interference.ts";
import { spill } from "./spill.ts";
import { bug, type DiagnosticSink } from "../diagnostics/diagnostic.ts";

/**
 * Gives every virtual register one of r0–r9, by colouring the interference graph.
 *
 * The idea is that eBPF code is mostly copies before it has registers (arguments to r1–r5, results from r0, phis,
 * overwritten first operands), and almost all of them can go: iterated register coalescing (George and Appel, "Iterated
 * Register Coalescing", TOPLAS 18(3), 1996) merges both sides of a copy wherever that provably keeps the graph colourable.
 * What finds no colour moves to the stack (`spill.ts`) and the whole is done again.
 *
 * Out: no virtual register is left and copies of a register to itself are gone; false if that cannot be.
 */
export function allocateRegisters(fn: MFunction, diagnostics: DiagnosticSink): boolean {
	for (let round = 0; ; round++) {
		if (round > 12) {
			// Only fixed registers of inline assembly can leave too few.
			const asm = fn.blocks.flatMap((block) => block.insts).find((inst) => inst.asm !== null);
			if (asm === undefined) bug(`register allocation of ${fn.name} does not end`);
			diagnostics.report({
				code: "E0710",
				severity: "error",
				message: "inline assembly requires more registers than available",
				span: asm.loc,
			});
			return false;
		}
		const graph = buildInterference(fn);
		const result = colour(graph);
		if (result.spilled.size === 0) {
			rewrite(fn, result.colours);
			return true;
		}
		spill(fn, result.spilled, Math.max(0, 8 - 2 * round));
	}
}

const COLOURS = 10;
/** Registers that calls overwrite come first: those that survive calls are kept for values that must. */
const ORDER: readonly Reg[] = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];

interface Colouring {
	/** By register. */
	readonly colours: Int32Array;
	/** Register → what stands for the group of copies that goes to one stack slot. */
	readonly spilled: Map<Reg, Reg>;
}

function colour(graph: Interference): Colouring {
	const { size, neighbours, degree, adjacent, connect, cost } = graph;
	const alias = new Int32Array(size).map((_, i) => i);
	const gone = new Uint8Array(size); // on the stack or merged
	const MERGED = 2;
	const STACKED = 1;
	const movesOf: Set<MInst>[] = Array.from({ length: size }, () => new Set());
	const work = new Set<MInst>(graph.copies);
	const waiting = new Set<MInst>();
	const simplifiable = new Set<Reg>();
	const freezable = new Set<Reg>();
	const spillable = new Set<Reg>();
	const stack: Reg[] = [];

	const find = (reg: Reg): Reg => {
		while (gone[reg] === MERGED) reg = alias[reg];
		return reg;
	};
	const related = (reg: Reg): boolean => {
		for (const move of movesOf[reg]) if (work.has(move) || waiting.has(move)) return true;
		return false;
	};
	const enableMoves = (reg: Reg): void => {
		for (const move of movesOf[reg]) if (waiting.delete(move)) work.add(move);
	};
	const present = (reg: Reg): boolean => gone[reg] === 0;
	const dropDegree = (reg: Reg): void => {
		if (!isVirtual(reg)) return;
		if (degree[reg]-- !== COLOURS) return;
		enableMoves(reg);
		for (const other of neighbours[reg]) if (present(other)) enableMoves(other);
		spillable.delete(reg);
		(related(reg) ? freezable : simplifiable).add(reg);
	};
	const becomeSimple = (reg: Reg): void => {
		if (isVirtual(reg) && !related(reg) && degree[reg] < COLOURS && freezable.delete(reg)) simplifiable.add(reg);
	};

	for (const move of graph.copies) {
		movesOf[move.src].add(move);
		movesOf[move.dst].add(move);
	}
	for (let reg = FIRST_VIRTUAL; reg < size; reg++) {
		if (degree[reg] >= COLOURS) spillable.add(reg);
		else (related(reg) ? freezable : simplifiable).add(reg);
	}

	/** George: every neighbour of `a` already keeps away from the machine register `r`, or is harmless. */
	const mayJoinMachine = (a: Reg, r: Reg): boolean =>
		neighbours[a].every((t) => !present(t) || !isVirtual(t) || degree[t] < COLOURS || adjacent(t, r));
	/** Briggs: the merged node has fewer than K neighbours of high degree. */
	const mayJoin = (a: Reg, b: Reg): boolean => {
		let high = 0;
		const seen = new Set<Reg>();
		for (const list of [neighbours[a], neighbours[b]]) {
			for (const t of list) {
				if (!present(t) || seen.has(t)) continue;
				seen.add(t);
				const both = adjacent(t, a) && adjacent(t, b);
				if (!isVirtual(t) || degree[t] - (both ? 1 : 0) >= COLOURS) high++;
				if (high >= COLOURS) return false;
			}
		}
		return true;
	};
	const combine = (u: Reg, v: Reg): void => {
		if (!freezable.delete(v)) spillable.delete(v);
		gone[v] = MERGED;
		alias[v] = u;
		cost[u] += cost[v];
		for (const move of movesOf[v]) movesOf[u].add(move);
		enableMoves(v);
		for (const t of neighbours[v]) {
			if (!present(t)) continue;
			connect(t, u);
			dropDegree(t);
		}
		if (isVirtual(u) && degree[u] >= COLOURS && freezable.delete(u)) spillable.add(u);
	};
	const coalesce = (move: MInst): void => {
		work.delete(move);
		let u = find(move.dst);
		let v = find(move.src);
		if (isVirtual(u) && !isVirtual(v)) [u, v] = [v, u];
		if (u === v) {
			becomeSimple(u);
		} else if (!isVirtual(v) || adjacent(u, v)) {
			becomeSimple(u);
			becomeSimple(v);
		} else if (isVirtual(u) ? mayJoin(u, v) : mayJoinMachine(v, u)) {
			combine(u, v);
			becomeSimple(u);
		} else {
			waiting.add(move);
		}
	};
	const freezeMoves = (reg: Reg): void => {
		for (const move of movesOf[reg]) {
			if (!work.delete(move) && !waiting.delete(move)) continue;
			const x = find(move.dst);
			const y = find(move.src);
			becomeSimple(x === reg ? y : x);
		}
	};

	for (;;) {
		const [simple] = simplifiable;
		if (simple !== undefined) {
			simplifiable.delete(simple);
			gone[simple] = STACKED;
			stack.push(simple);
			for (const t of neighbours[simple]) if (present(t)) dropDegree(t);
			continue;
		}
		const [move] = work;
		if (move !== undefined) {
			coalesce(move);
			continue;
		}
		const [frozen] = freezable;
		if (frozen !== undefined) {
			freezable.delete(frozen);
			simplifiable.add(frozen);
			freezeMoves(frozen);
			continue;
		}
		if (spillable.size === 0) break;
		let best = -1;
		let bestCost = Infinity;
		for (const reg of spillable) {
			const price = cost[reg] / degree[reg];
			if (best === -1 || price < bestCost) {
				best = reg;
				bestCost = price;
			}
		}
		spillable.delete(best);
		simplifiable.add(best);
		freezeMoves(best);
	}

	const colours = new Int32Array(size).fill(-1);
	for (let reg = 0; reg < FIRST_VIRTUAL; reg++) colours[reg] = reg;
	const uncoloured = new Set<Reg>();
	while (stack.length > 0) {
		const reg = stack.pop()!;
		let taken = 0;
		for (const t of neighbours[reg]) {
			const c = colours[find(t)];
			if (c >= 0) taken |= 1 << c;
		}
		const choice = preferred(reg, taken) ?? ORDER.find((c) => (taken & (1 << c)) === 0);
		if (choice === undefined) uncoloured.add(reg);
		else colours[reg] = choice;
	}
	/** A copy that could not be merged still vanishes when both sides happen to get one register. */
	function preferred(reg: Reg, taken: number): Reg | undefined {
		for (const move of movesOf[reg]) {
			const x = find(move.dst);
			const y = find(move.src);
			const c = colours[x === reg ? y : x];
			if (c >= 0 && c < COLOURS && (taken & (1 << c)) === 0) return c;
		}
		return undefined;
	}
	const spilled = new Map<Reg, Reg>();
	for (let reg = FIRST_VIRTUAL; reg < size; reg++) {
		const root = find(reg);
		if (uncoloured.has(root)) spilled.set(reg, root);
		colours[reg] = colours[root];
	}
	return { colours, spilled };
}

function rewrite(fn: MFunction, colours: Int32Array): void {
	for (const block of fn.blocks) {
		for (const inst of block.insts) renameRegs(inst, (reg) => colours[reg]);
		block.insts = block.insts.filter((inst) => !(isCopy(inst) && inst.dst === inst.src));
	}
}
