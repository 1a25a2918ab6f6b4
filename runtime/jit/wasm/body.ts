/**
 * The code of one Wasm function while it is written: bytes, locals by register, the stack of open labels.
 *
 * Register r has up to two locals, `narrow[r]` (i32) and `wide[r]` (i64); the analysis says which one holds it at each slot.
 * Reading converts as the flags allow: a narrow value is zero- or sign-extended by what is known of it.
 */
import { IMPLIED } from "../implied.ts";
import { FLAG } from "../representation.ts";
import type { JitFunction } from "../program.ts";
import type { FunctionType } from "./encode.ts";
import type { ValueType } from "./opcodes.ts";
import { ByteWriter } from "./bytes.ts";
import { I32, I64, OP } from "./opcodes.ts";

export interface Label {
	readonly kind: "block" | "loop" | "if" | "dispatch" | "case" | "other";
	readonly label: number;
}

const KINDS: readonly Label["kind"][] = ["block", "loop", "if", "dispatch", "case", "other"];
const placeKey = (kind: Label["kind"], label: number): number => label * 8 + KINDS.indexOf(kind);

export class Body {
	readonly fn: JitFunction;
	readonly w = new ByteWriter(2048);
	readonly type: FunctionType;
	readonly locals: ValueType[] = [];
	readonly labels: Label[] = [];
	readonly #narrow = new Int16Array(32).fill(-1);
	readonly #wide = new Int16Array(32).fill(-1);
	/** Where each open label stands in `labels`. */
	readonly #places = new Map<number, number>();
	readonly #temps = new Map<string, number>();

	constructor(fn: JitFunction, type: FunctionType) {
		this.fn = fn;
		this.type = type;
	}

	/** An opcode, and what follows it in bytes. */
	op(code: number, second = -1, third = -1): void {
		this.w.byte(code);
		if (second >= 0) this.w.byte(second);
		if (third >= 0) this.w.byte(third);
	}

	i32(value: number): void {
		this.w.byte(OP.i32_const);
		this.w.s32(value | 0);
	}

	i64(low: number, high: number): void {
		this.w.byte(OP.i64_const);
		this.w.s64(low | 0, high | 0);
	}

	get(local: number): void {
		this.w.byte(OP.local_get);
		this.w.u32(local);
	}

	set(local: number): void {
		this.w.byte(OP.local_set);
		this.w.u32(local);
	}

	tee(local: number): void {
		this.w.byte(OP.local_tee);
		this.w.u32(local);
	}

	call(index: number): void {
		this.w.byte(OP.call);
		this.w.u32(index);
	}

	/** A load or store: opcode, alignment as a power of two, offset. */
	memory(code: number, align: number, offset: number): void {
		this.w.byte(code);
		this.w.u32(align);
		this.w.u32(offset);
	}

	open(code: number, type: number, label: Label): void {
		this.w.byte(code);
		this.w.byte(type);
		this.#places.set(placeKey(label.kind, label.label), this.labels.length);
		this.labels.push(label);
	}

	end(): void {
		this.w.byte(OP.end);
		this.labels.pop();
	}

	depthOf(kind: Label["kind"], label: number): number {
		const place = this.#places.get(placeKey(kind, label));
		if (place === undefined) throw new Error(`internal error: no open ${kind} ${label}`);
		return this.labels.length - 1 - place;
	}

	/** A jump to an open label. */
	branch(code: number, kind: Label["kind"], label: number): void {
		this.w.byte(code);
		this.w.u32(this.depthOf(kind, label));
	}

	newLocal(type: ValueType): number {
		this.locals.push(type);
		return this.type.params.length + this.locals.length - 1;
	}

	temp(name: string, type: ValueType): number {
		const key = name + type;
		let local = this.#temps.get(key);
		if (local === undefined) this.#temps.set(key, (local = this.newLocal(type)));
		return local;
	}

	/** A parameter becomes the register's local of its own type. */
	bindParameter(r: number, index: number): void {
		(this.type.params[index] === I64 ? this.#wide : this.#narrow)[r] = index;
	}

	narrow(r: number): number {
		if (this.#narrow[r] < 0) this.#narrow[r] = this.newLocal(I32);
		return this.#narrow[r];
	}

	wide(r: number): number {
		if (this.#wide[r] < 0) this.#wide[r] = this.newLocal(I64);
		return this.#wide[r];
	}

	isWide(r: number, at: number): boolean {
		return (this.fn.analysis.wide[at] & (1 << r)) !== 0;
	}

	/** Pushes the low word of r before slot `at` (counted from the function's entry). */
	low(r: number, at: number): void {
		if (r === 10) this.i32(this.fn.frameTop);
		else if (this.isWide(r, at)) {
			this.get(this.wide(r));
			this.op(OP.i32_wrap_i64);
		} else this.get(this.narrow(r));
	}

	/** Pushes all of r; `implied` is what its low word says of the high one. */
	full(r: number, at: number, implied: number): void {
		if (r === 10) return this.i64(this.fn.frameTop, 0);
		if (this.isWide(r, at) && implied === IMPLIED.nothing) return this.get(this.wide(r));
		this.low(r, at);
		this.op(implied === IMPLIED.sign ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
	}

	/** Pushes the high word of r. */
	high(r: number, at: number, implied: number): void {
		if (implied & IMPLIED.zero) this.i32(0);
		else if (implied & IMPLIED.sign) {
			this.low(r, at);
			this.i32(31);
			this.op(OP.i32_shr_s);
		} else {
			this.full(r, at, IMPLIED.nothing);
			this.upper();
		}
	}

	/** The high word of the i64 on the stack. */
	upper(): void {
		this.i64(32, 0);
		this.op(OP.i64_shr_u, OP.i32_wrap_i64);
	}

	/** Pops an i32 into the result register r of slot `at`. */
	setLow(r: number, at: number): void {
		const flags = this.fn.analysis.flags[at];
		if (flags & FLAG.resWide) {
			this.op(flags & FLAG.resSign && !(flags & FLAG.resZero) ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
			this.set(this.wide(r));
		} else this.set(this.narrow(r));
	}

	/** Pops an i64 into the result register. */
	setFull(r: number, at: number): void {
		if (this.fn.analysis.flags[at] & FLAG.resWide) this.set(this.wide(r));
		else {
			this.op(OP.i32_wrap_i64);
			this.set(this.narrow(r));
		}
	}
}
