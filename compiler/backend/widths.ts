import type { Cpu } from "./cpu.ts";
import type { Block, Inst, Value } from "../ir/types.ts";
import { isConst, isInst } from "../ir/values.ts";

/**
 * How many low bits of the register that holds a value may be other than zero, 1–64. A 32-bit value with at most 32 is its
 * own zero extension; with at most 31 its sign extension too.
 *
 * With 32-bit arithmetic (v3) nearly every i32 is clean, because writing `w1` clears the upper half of `r1`. Without it the
 * arithmetic runs on whole registers and leaves rubbish above, which is cleared only where somebody looks.
 * What comes from elsewhere (parameters, call results, truncations) is dirty on every machine.
 */
export class Widths {
	private readonly known = new Map<Inst, number>();
	private readonly cpu: Cpu;

	constructor(cpu: Cpu) {
		this.cpu = cpu;
	}

	/** Asks in program order once, so that later questions do not recurse through the whole function. */
	prime(blocks: readonly Block[]): void {
		for (const block of blocks) for (const inst of block.insts) if (inst.ty !== null && inst.ty !== "ptr") this.bits(inst);
	}

	bits(value: Value): number {
		return this.visit(value, new Set());
	}

	private visit(value: Value, open: Set<Inst>): number {
		if (isConst(value))
			return this.ofConstant(value.ty === "i32" && this.cpu.alu32 ? BigInt.asUintN(32, value.value) : BigInt.asUintN(64, value.value));
		if (!isInst(value)) return value.ty === "i32" ? 32 : 64;
		const known = this.known.get(value);
		if (known !== undefined) return known;
		if (open.has(value)) return 0; // a phi of itself adds nothing
		if (open.size > 200) return 64;
		const bits = Math.max(1, this.compute(value, open));
		// Below an open phi the answer holds only for that question.
		if (open.size === 0) this.known.set(value, bits);
		return bits;
	}

	private ofConstant(value: bigint): number {
		return value === 0n ? 1 : value.toString(2).length;
	}

	private compute(inst: Inst, open: Set<Inst>): number {
		/** Operands of arithmetic: a phi seen again may grow through it, so that nothing is known. */
		const of = (i: number): number => (open.size === 0 ? this.visit(inst.args[i], open) : this.strict(inst.args[i]));
		const top = inst.ty === "i32" && this.cpu.alu32 ? 32 : 64;
		const shift = inst.args[1];
		switch (inst.op) {
			case "phi": {
				open.add(inst);
				let most = 1;
				for (const arg of inst.args) if (most < 64) most = Math.max(most, this.visit(arg, open));
				open.delete(inst);
				return most;
			}
			case "select":
				return Math.max(of(1), of(2));
			case "load":
				if (inst.attr!.signed !== true || inst.attr!.size === 8) return inst.attr!.size! * 8;
				if (inst.ty !== "i32") return 64;
				// v4's sign-extending load fills all 64 bits.
				return inst.attr!.size === 4 || (this.cpu.alu32 && !this.cpu.signExtend) ? 32 : 64;
			case "loadacq":
				return inst.attr!.size! * 8;
			case "icmp":
				return 1;
			case "zext":
				return Math.min(32, of(0));
			case "trunc":
				return of(0);
			case "and":
				return Math.min(top, of(0), of(1));
			case "or":
			case "xor":
				return Math.min(top, Math.max(of(0), of(1)));
			case "lshr": {
				const from = inst.ty === "i32" ? Math.min(32, of(0)) : of(0);
				return isConst(shift) ? Math.max(1, from - Number(shift.value)) : from;
			}
			case "shl":
				return isConst(shift) ? Math.min(top, of(0) + Number(shift.value)) : top;
			case "udiv":
				return inst.ty === "i32" ? Math.min(32, of(0)) : of(0);
			case "umod":
				// x % 0 is x.
				return Math.min(inst.ty === "i32" ? 32 : 64, of(0), isConst(inst.args[1]) && inst.args[1].value > 0n ? of(1) : 64);
			case "add":
				return Math.min(top, Math.max(of(0), of(1)) + 1);
			case "mul":
				return Math.min(top, of(0) + of(1));
			case "bswap":
				return inst.attr!.bits!;
			case "atomic":
			case "cmpxchg":
				return inst.attr!.size! * 8;
			case "sextfrom":
			case "sub":
			case "sdiv":
			case "smod":
			case "ashr":
			case "neg":
				return top;
			default:
				return 64;
		}
	}

	#arithmetic(value: Inst): number {
		return value.ty === "i32" && this.cpu.alu32 && arithmetic.has(value.op) ? 32 : 64;
	}

	/** With no assumption about open phis. */
	private strict(value: Value): number {
		if (!isInst(value)) return this.visit(value, new Set());
		const known = this.known.get(value);
		if (known !== undefined) return known;
		switch (value.op) {
			case "load":
			case "loadacq":
			case "icmp":
			case "bswap":
			case "zext":
				return this.compute(value, new Set([value]));
			case "and":
			case "lshr": {
				// Whatever comes in: `sum = (sum & 0xffff) + (sum >> 16)`.
				const by = value.args[1];
				if (isConst(by) && value.op === "and") return this.visit(by, new Set());
				if (isConst(by) && value.ty === "i32") return Math.max(1, 32 - Number(by.value));
				return this.#arithmetic(value);
			}
			default:
				return this.#arithmetic(value);
		}
	}
}

const arithmetic: ReadonlySet<string> = new Set([
	"add",
	"sub",
	"mul",
	"udiv",
	"sdiv",
	"umod",
	"smod",
	"and",
	"or",
	"xor",
	"shl",
	"lshr",
	"ashr",
	"neg",
]);
