/**
 * 64-bit rotations, which eBPF spells `x << k | x >> (64 - k)` in four instructions and V8 recognises only in 32 bits.
 *
 * Within a block, equal `value` numbers mean equal contents. When a register that holds x is shifted and another one already holds
 * the complementary shift of the same x, x is still at hand: its rotation is computed then, beside the shift, into a local of its own.
 * The `or` (or `xor`, `add`) of the two takes that. The shifts are left without use, and V8 drops them.
 */
import { computesHigh, IMPLIED, ofLeft } from "../implied.ts";
import type { Op } from "../decode.ts";
import type { Body } from "./body.ts";
import { I64, OP } from "./opcodes.ts";

interface Shift {
	/** The number of what was shifted. */
	readonly value: number;
	readonly left: boolean;
	readonly count: number;
	/** The local with the rotation, once the other half was seen. */
	rotated: number;
}

export class Rotations {
	readonly #value = new Int32Array(32);
	/** By register; what stands there counts while the register's bit is set in `#held`. */
	readonly #shifts = new Array<Shift | null>(32).fill(null);
	#held = 0;
	#next = 32;

	startBlock(): void {
		for (let r = 0; r < 32; r++) this.#value[r] = r;
		this.#held = 0;
		this.#next = 32;
	}

	/** Before the operation is emitted. True: it was the joining of a rotation, and is emitted. */
	step(b: Body, op: Op, at: number, defined: number): boolean {
		if (defined < 0) return false;
		if (op.kind === "alu" && op.width === 64) {
			if (op.op === "mov" && op.src >= 0) {
				this.#value[op.dst] = this.#value[op.src];
				this.#shifts[op.dst] = this.#shifts[op.src];
				if (this.#held & (1 << op.src)) this.#held |= 1 << op.dst;
				else this.#held &= ~(1 << op.dst);
				return false;
			}
			if ((op.op === "lsh" || op.op === "rsh") && op.src < 0 && b.isWide(op.dst, at)) {
				this.#shift(b, op.dst, op.op === "lsh", op.imm & 63, b.fn.analysis.flags[at]);
				return false;
			}
			if ((op.op === "or" || op.op === "xor" || op.op === "add") && op.src >= 0 && this.#join(b, op.dst, op.src, at)) return true;
		}
		this.#define(defined);
		return false;
	}

	#define(r: number): void {
		this.#value[r] = this.#next++;
		this.#held &= ~(1 << r);
	}

	#shift(b: Body, r: number, left: boolean, count: number, flags: number): void {
		const value = this.#value[r];
		// Only where the shift itself reads all 64 bits does the wide local surely hold them.
		const whole = ofLeft(flags) === IMPLIED.nothing && (!left || (count < 32 && computesHigh(flags)));
		const shift: Shift = { value, left, count, rotated: -1 };
		for (let others = whole ? this.#held & ~(1 << r) : 0; others !== 0; others &= others - 1) {
			const half = this.#shifts[31 - Math.clz32(others & -others)]!;
			if (half.value !== value || half.left === left || half.count + count !== 64) continue;
			const local = b.newLocal(I64);
			b.get(b.wide(r));
			b.i64(left ? count : 64 - count, 0);
			b.op(OP.i64_rotl);
			b.set(local);
			shift.rotated = half.rotated = local;
		}
		this.#define(r);
		this.#shifts[r] = shift;
		this.#held |= 1 << r;
	}

	#join(b: Body, dst: number, src: number, at: number): boolean {
		if (!(this.#held & (1 << dst)) || !(this.#held & (1 << src))) return false;
		const one = this.#shifts[dst]!;
		const other = this.#shifts[src]!;
		if (one.rotated < 0 || one.rotated !== other.rotated || one.left === other.left) return false;
		// A high half that nobody reads, or that is known anyway, is cheaper the plain way.
		if (!computesHigh(b.fn.analysis.flags[at])) return false;
		b.get(one.rotated);
		b.setFull(dst, at);
		this.#define(dst);
		return true;
	}
}
