import type { Interference } from "./interference.ts";
import { FIRST_VIRTUAL, isVirtual, type MInst, type Reg } from "./machine.ts";

/**
 * Colours of the interference graph: iterated register coalescing (George and Appel, "Iterated Register Coalescing", TOPLAS 18(3), 1996).
 * Registers are taken off the graph one after the other, what has fewer neighbours than there are colours first; copies are merged, frozen or
 * left waiting in between; what is left is taken off in the hope that it gets a colour all the same. Then they come back in reverse, each
 * with a colour that its neighbours have not.
 */
export interface Colouring {
	/** By register. */
	readonly colours: Int32Array;
	/** Register → what stands for the group of copies that goes to one stack slot. */
	readonly spilled: Map<Reg, Reg>;
}

const COLOURS = 10;
/** Registers that calls overwrite come first: those that survive calls are kept for values that must. */
const ORDER: readonly Reg[] = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];

/** The first register in that order of which the bit is not set. */
const firstBut = (not: number): Reg | undefined => ORDER.find((c) => (not & (1 << c)) === 0);

/** Why a register is no longer in the graph. */
const STACKED = 1;
const MERGED = 2;

export function colour(graph: Interference): Colouring {
	const coalescing = new Coalescing(graph);
	coalescing.takeApart();
	return coalescing.colours();
}

class Coalescing {
	readonly #graph: Interference;
	readonly #alias: Int32Array;
	readonly #gone: Uint8Array;
	readonly #movesOf: readonly Set<MInst>[];
	/** Copies that may be merged now, and those that may be when degrees have fallen. */
	readonly #work: Set<MInst>;
	readonly #waiting = new Set<MInst>();
	readonly #simplifiable = new Set<Reg>();
	readonly #freezable = new Set<Reg>();
	readonly #spillable = new Set<Reg>();
	readonly #stack: Reg[] = [];

	constructor(graph: Interference) {
		const { size, degree } = graph;
		this.#graph = graph;
		this.#alias = new Int32Array(size).map((_, i) => i);
		this.#gone = new Uint8Array(size);
		this.#movesOf = Array.from({ length: size }, () => new Set());
		this.#work = new Set(graph.copies);
		for (const move of graph.copies) {
			this.#movesOf[move.src].add(move);
			this.#movesOf[move.dst].add(move);
		}
		for (let reg = FIRST_VIRTUAL; reg < size; reg++) {
			if (degree[reg] >= COLOURS) this.#spillable.add(reg);
			else (this.#related(reg) ? this.#freezable : this.#simplifiable).add(reg);
		}
	}

	/** Everything off the graph, the harmless first. */
	takeApart(): void {
		for (;;) {
			const [simple] = this.#simplifiable;
			if (simple !== undefined) {
				this.#simplify(simple);
				continue;
			}
			const [move] = this.#work;
			if (move !== undefined) {
				this.#coalesce(move);
				continue;
			}
			const [frozen] = this.#freezable;
			if (frozen !== undefined) {
				this.#freezable.delete(frozen);
				this.#simplifiable.add(frozen);
				this.#freezeMoves(frozen);
				continue;
			}
			if (this.#spillable.size === 0) return;
			const cheapest = this.#cheapest();
			this.#spillable.delete(cheapest);
			this.#simplifiable.add(cheapest);
			this.#freezeMoves(cheapest);
		}
	}

	/** Back they come, each with a colour that is free. */
	colours(): Colouring {
		const { size, neighbours } = this.#graph;
		const colours = new Int32Array(size).fill(-1);
		for (let reg = 0; reg < FIRST_VIRTUAL; reg++) colours[reg] = reg;
		const uncoloured = new Set<Reg>();
		const apart = this.#apart();
		for (const reg of this.#stack.reverse()) {
			let taken = 0;
			for (const t of neighbours[reg]) {
				const c = colours[this.#find(t)];
				if (c >= 0) taken |= 1 << c;
			}
			let shunned = taken;
			for (const other of apart.get(reg) ?? []) if (colours[other] >= 0) shunned |= 1 << colours[other];
			const choice = this.#preferred(reg, taken, colours) ?? firstBut(shunned) ?? firstBut(taken);
			if (choice === undefined) uncoloured.add(reg);
			else colours[reg] = choice;
		}
		const spilled = new Map<Reg, Reg>();
		for (let reg = FIRST_VIRTUAL; reg < size; reg++) {
			const root = this.#find(reg);
			if (uncoloured.has(root)) spilled.set(reg, root);
			colours[reg] = colours[root];
		}
		return { colours, spilled };
	}

	/** What had better differ, by what stands for it. */
	#apart(): Map<Reg, Reg[]> {
		const apart = new Map<Reg, Reg[]>();
		for (const pair of this.#graph.apart) {
			const [a, b] = pair.map((reg) => this.#find(reg));
			apart.set(a, [...(apart.get(a) ?? []), b]);
			apart.set(b, [...(apart.get(b) ?? []), a]);
		}
		return apart;
	}

	/** A copy that could not be merged still vanishes when both sides happen to get one register. */
	#preferred(reg: Reg, taken: number, colours: Int32Array): Reg | undefined {
		for (const move of this.#movesOf[reg]) {
			const x = this.#find(move.dst);
			const y = this.#find(move.src);
			const c = colours[x === reg ? y : x];
			if (c >= 0 && c < COLOURS && (taken & (1 << c)) === 0) return c;
		}
		return undefined;
	}

	#find(reg: Reg): Reg {
		while (this.#gone[reg] === MERGED) reg = this.#alias[reg];
		return reg;
	}

	#present(reg: Reg): boolean {
		return this.#gone[reg] === 0;
	}

	#related(reg: Reg): boolean {
		for (const move of this.#movesOf[reg]) if (this.#work.has(move) || this.#waiting.has(move)) return true;
		return false;
	}

	#enableMoves(reg: Reg): void {
		for (const move of this.#movesOf[reg]) if (this.#waiting.delete(move)) this.#work.add(move);
	}

	#simplify(reg: Reg): void {
		this.#simplifiable.delete(reg);
		this.#gone[reg] = STACKED;
		this.#stack.push(reg);
		for (const t of this.#graph.neighbours[reg]) if (this.#present(t)) this.#dropDegree(t);
	}

	#dropDegree(reg: Reg): void {
		const { degree, neighbours } = this.#graph;
		if (!isVirtual(reg)) return;
		if (degree[reg]-- !== COLOURS) return;
		this.#enableMoves(reg);
		for (const other of neighbours[reg]) if (this.#present(other)) this.#enableMoves(other);
		this.#spillable.delete(reg);
		(this.#related(reg) ? this.#freezable : this.#simplifiable).add(reg);
	}

	#becomeSimple(reg: Reg): void {
		if (isVirtual(reg) && !this.#related(reg) && this.#graph.degree[reg] < COLOURS && this.#freezable.delete(reg))
			this.#simplifiable.add(reg);
	}

	#coalesce(move: MInst): void {
		this.#work.delete(move);
		let u = this.#find(move.dst);
		let v = this.#find(move.src);
		if (isVirtual(u) && !isVirtual(v)) [u, v] = [v, u];
		if (u === v) {
			this.#becomeSimple(u);
		} else if (!isVirtual(v) || this.#graph.adjacent(u, v)) {
			this.#becomeSimple(u);
			this.#becomeSimple(v);
		} else if (isVirtual(u) ? this.#mayJoin(u, v) : this.#mayJoinMachine(v, u)) {
			this.#combine(u, v);
			this.#becomeSimple(u);
		} else {
			this.#waiting.add(move);
		}
	}

	/** George: every neighbour of `a` already keeps away from the machine register `r`, or is harmless. */
	#mayJoinMachine(a: Reg, r: Reg): boolean {
		const { neighbours, degree, adjacent } = this.#graph;
		return neighbours[a].every((t) => !this.#present(t) || !isVirtual(t) || degree[t] < COLOURS || adjacent(t, r));
	}

	/** Briggs: the merged node has fewer than K neighbours of high degree. */
	#mayJoin(a: Reg, b: Reg): boolean {
		const { neighbours, degree, adjacent } = this.#graph;
		let high = 0;
		const seen = new Set<Reg>();
		for (const list of [neighbours[a], neighbours[b]]) {
			for (const t of list) {
				if (!this.#present(t) || seen.has(t)) continue;
				seen.add(t);
				const both = adjacent(t, a) && adjacent(t, b);
				if (!isVirtual(t) || degree[t] - (both ? 1 : 0) >= COLOURS) high++;
				if (high >= COLOURS) return false;
			}
		}
		return true;
	}

	#combine(u: Reg, v: Reg): void {
		const { neighbours, degree, connect, cost } = this.#graph;
		if (!this.#freezable.delete(v)) this.#spillable.delete(v);
		this.#gone[v] = MERGED;
		this.#alias[v] = u;
		cost[u] += cost[v];
		for (const move of this.#movesOf[v]) this.#movesOf[u].add(move);
		this.#enableMoves(v);
		for (const t of neighbours[v]) {
			if (!this.#present(t)) continue;
			connect(t, u);
			this.#dropDegree(t);
		}
		if (isVirtual(u) && degree[u] >= COLOURS && this.#freezable.delete(u)) this.#spillable.add(u);
	}

	#freezeMoves(reg: Reg): void {
		for (const move of this.#movesOf[reg]) {
			if (!this.#work.delete(move) && !this.#waiting.delete(move)) continue;
			const x = this.#find(move.dst);
			const y = this.#find(move.src);
			this.#becomeSimple(x === reg ? y : x);
		}
	}

	/** What costs least in memory for what it leaves to its neighbours. */
	#cheapest(): Reg {
		const { cost, degree } = this.#graph;
		let best = -1;
		let bestCost = Infinity;
		for (const reg of this.#spillable) {
			const price = cost[reg] / degree[reg];
			if (best === -1 || price < bestCost) {
				best = reg;
				bestCost = price;
			}
		}
		return best;
	}
}
