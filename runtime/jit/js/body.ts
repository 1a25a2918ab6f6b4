/**
 * The text of one generated JavaScript function while it is written, line by line; each line knows the slot that it comes from.
 *
 * Register r is the int32 `r<r>`; where the analysis keeps it wide, its high word is the int32 `h<r>`. A high word that the low one
 * implies is written out where it is used. All names are ours: letters and numbers, nothing of the object.
 */
import { IMPLIED } from "../implied.ts";
import { FLAG } from "../representation.ts";
import type { JitFunction } from "../program.ts";
import { highOfSum } from "./product.ts";

export class JsBody {
	readonly fn: JitFunction;
	readonly lines: string[] = [];
	/** Slot by line; −1: bookkeeping of jumps and declarations, which belongs to no source line. */
	readonly slots: number[] = [];
	readonly names = new Set<string>();
	/** Registers that hold a sum of products whose high word nobody has asked for: the double `d<r>` has it (product.ts). By register, the number of products. */
	readonly deferred = new Map<number, number>();
	depth = 1;
	slot = -1;

	constructor(fn: JitFunction) {
		this.fn = fn;
	}

	line(text: string): void {
		this.lines.push("\t".repeat(Math.min(this.depth, 12)) + text);
		this.slots.push(this.slot);
	}

	/** A line that no source line stands for. */
	frame(text: string): void {
		this.lines.push("\t".repeat(Math.min(this.depth, 12)) + text);
		this.slots.push(-1);
	}

	name(text: string): string {
		this.names.add(text);
		return text;
	}

	low(r: number): string {
		return r === 10 ? String(this.fn.frameTop) : this.name(`r${r}`);
	}

	/** The high word of r before slot `at`; `implied` is what its low word says of it. */
	high(r: number, at: number, implied: number): string {
		if (r === 10 || implied & IMPLIED.zero) return "0";
		if (implied & IMPLIED.sign) return `(${this.low(r)} >> 31)`;
		this.settle(r);
		return this.fn.analysis.wide[at] & (1 << r) ? this.name(`h${r}`) : "0";
	}

	/** r := a sum of `products`; its high word stays in `d<r>` for now. */
	defer(r: number, products: number, double: string, low: string): void {
		this.line(`${this.name(`d${r}`)} = ${double};`);
		this.line(`${this.low(r)} = ${low};`);
		this.deferred.set(r, products);
	}

	/** The high word of r where it is due. */
	settle(r: number): void {
		if (this.deferred.delete(r)) this.line(`${this.name(`h${r}`)} = ${highOfSum(`d${r}`, this.low(r))};`);
	}

	flags(at: number): number {
		return this.fn.analysis.flags[at];
	}

	/** The result of slot `at` needs its high word in a local of its own. */
	keepsHigh(at: number): boolean {
		const flags = this.flags(at);
		return (flags & FLAG.resWide) !== 0 && (flags & FLAG.needHigh) !== 0;
	}

	/** The low word of r, which ends what r held before. */
	assign(r: number, value: string): void {
		this.line(`${this.low(r)} = ${value};`);
		this.deferred.delete(r);
	}

	/** r := an int32 expression; the high word by what is known of the result. */
	setLow(r: number, at: number, value: string): void {
		this.assign(r, value);
		if (!this.keepsHigh(at)) return;
		const flags = this.flags(at);
		this.line(`${this.name(`h${r}`)} = ${flags & FLAG.resSign && !(flags & FLAG.resZero) ? `${this.low(r)} >> 31` : "0"};`);
	}

	/** r := both words where evaluating the low one leaves the high one somewhere: a call. */
	setBothInOrder(r: number, at: number, low: string, high: string): void {
		this.assign(r, low);
		if (this.keepsHigh(at)) this.line(`${this.name(`h${r}`)} = ${high};`);
	}

	/**
	 * r := both words; `high` is only written where it is kept. It may use the old low word, so it goes first, unless the low word
	 * uses the old high one (then by way of `t`). A load into its own base register does the former.
	 */
	setBoth(r: number, at: number, low: string, high: string): void {
		if (!this.keepsHigh(at)) return this.assign(r, low);
		const h = this.name(`h${r}`);
		if (new RegExp(`\\bh${r}\\b`).test(low)) {
			this.line(`${this.name("t")} = ${low};`);
			this.line(`${h} = ${high};`);
			this.assign(r, "t");
		} else {
			this.line(`${h} = ${high};`);
			this.assign(r, low);
		}
	}
}
