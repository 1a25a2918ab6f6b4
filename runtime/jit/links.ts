/** Registers that differ by a constant: part of the forward analysis. */
import type { Op } from "./decode.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";

/**
 * Which registers differ by a constant since the block began: equal `id`, and `delta` between them. A comparison of one
 * then bounds the others: compilers increment a counter and compare its old value.
 */
export class Links {
	readonly id: Int32Array;
	readonly delta: Float64Array;
	#next = 0;

	constructor(registers: number) {
		this.id = new Int32Array(registers + 1);
		this.delta = new Float64Array(registers + 1);
	}

	reset(): void {
		for (let r = 0; r < this.id.length; r++) this.id[r] = r;
		this.delta.fill(0);
		this.#next = this.id.length;
	}

	/** Before the operation's effect on `state`. */
	follow(op: Op, dst: number, state: State): void {
		if (op.kind === "alu" && op.op === "mov" && op.src >= 0 && (op.width === 64 || range.zeroExtended(state, op.src))) {
			this.id[dst] = this.id[op.src];
			this.delta[dst] = this.delta[op.src];
		} else if (op.kind === "alu" && op.width === 64 && op.src < 0 && (op.op === "add" || op.op === "sub"))
			this.delta[dst] += op.op === "add" ? op.imm : -op.imm;
		else if (op.kind === "alu" && op.op === "add" && op.width === 64 && range.constantOf(state, op.src) !== null)
			this.delta[dst] += range.constantOf(state, op.src)!;
		else if (op.kind === "alu" && op.op === "add" && op.width === 64 && range.constantOf(state, dst) !== null) {
			this.id[dst] = this.id[op.src];
			this.delta[dst] = this.delta[op.src] + range.constantOf(state, dst)!;
		} else this.id[dst] = this.#next++;
	}

	/** A register that is `base` less a constant above 0, both below 2³²: its place in an address may be taken by the other and the constant. */
	below(state: State, base: number): number {
		const { id, delta } = this;
		const own = id[base];
		for (let r = 0; r < id.length - 1; r++) {
			if (id[r] !== own || r === base || r === 10) continue;
			const gap = delta[base] - delta[r];
			if (gap > 0 && state[r * range.STRIDE + 1] + gap <= 0xffffffff) return r;
		}
		return -1;
	}

	spread(state: State, from: number): void {
		for (let r = 0; r < this.id.length - 1; r++) {
			if (r !== from && this.id[r] === this.id[from])
				range.boundByOffset(state, r, state, from, this.delta[r] - this.delta[from], this.delta[r] - this.delta[from]);
		}
	}
}
