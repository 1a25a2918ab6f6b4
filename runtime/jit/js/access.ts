/**
 * Loads, stores and atomics in JavaScript: through the view `D`, single bytes through the byte array `B`. An address is the low word of a register and an
 * offset, or a constant on the stack. What nothing verified asks the host first.
 */
import { exchange } from "../../memory.ts";
import type { Op } from "../decode.ts";
import { isNeeded, ofArgument, ofLeft, ofRight } from "../implied.ts";
import { FLAG, NO_OFFSET } from "../representation.ts";
import type { JsBody } from "./body.ts";
import { type Context, use, word } from "./context.ts";

type Access = Extract<Op, { kind: "load" | "store" | "atomic" }>;

/**
 * Through `B` what lies outside would be lost without a word: only for what surely lies inside the memory. There an address is an int32; as an unsigned
 * one V8 would store through it by way of two checks that it fits 31 bits.
 */
const inByteArray = (b: JsBody, op: Access, at: number): boolean =>
	op.kind === "store" && op.size === 1 && (b.flags(at) & FLAG.inside) !== 0;

/** The address as an expression, and the same four bytes on. Checked accesses are checked first. */
function address(b: JsBody, op: Access, slot: number, at: number, context: Context): { text: string; next: string } {
	const stack = b.fn.analysis.stack[at];
	const { checked } = context.around;
	const unchecked = !checked || (b.flags(at) & FLAG.proved) !== 0;
	if (stack !== NO_OFFSET && unchecked) {
		const constant = b.fn.frameTop + stack;
		return { text: String(constant), next: String(constant + 4) };
	}
	const low = b.low(unchecked ? b.fn.analysis.from[at] : op.base);
	const off = b.fn.analysis.added[at];
	if (!unchecked) {
		const flags = b.flags(at);
		const high = b.high(op.base, at, ofLeft(flags));
		b.line(
			`${b.name("a")} = ${use(context, "check")}(${high}, ${low}, ${op.off}, ${op.size * 2 + (op.kind === "load" ? 0 : 1)}, ${slot});`,
		);
		return { text: "(a >>> 0)", next: "(a + 4 >>> 0)" };
	}
	const made = inByteArray(b, op, at) ? "| 0" : ">>> 0";
	return { text: off === 0 ? `${low} ${made}` : `${low} + ${off} ${made}`, next: `${low} + ${off + 4} >>> 0` };
}

const GETTERS = { 2: ["getUint16", "getInt16"], 4: ["getInt32", "getInt32"] } as const;

/**
 * Single bytes are read through `B`, the memory as a byte array: V8 does that in up to a third less time than through a view, and as long as nothing lay
 * outside, the test for undefined costs nothing. (V8's coverage would count the test as a branch that is never taken: not in mapped texts.) Everything else may lie at odd addresses or must throw when it is written, and goes through the view `D`.
 */
function read(context: Context, slot: number, text: string, size: 1 | 2 | 4, signed: boolean, little = true): string {
	if (size === 1 && context.mapped) return `D.${signed ? "getInt8" : "getUint8"}(${text})`;
	if (size === 1) return `(B[${text}] ?? ${use(context, "outside")}(${slot}))${signed ? " << 24 >> 24" : " | 0"}`;
	return `D.${GETTERS[size][signed ? 1 : 0]}(${text}, ${little})`;
}

/** `swapped`: the slot from the entry of the swap that this takes along, whose result it leaves; −1: none. */
export function emitLoad(b: JsBody, op: Extract<Op, { kind: "load" }>, slot: number, at: number, context: Context, swapped = -1): void {
	const flags = b.flags(at);
	if (!isNeeded(flags) && !context.around.checked) return;
	if (context.around.facts?.access[slot] === "kernel") {
		const high = b.high(op.base, at, ofLeft(flags));
		return b.setBothInOrder(
			op.dst,
			at,
			`${use(context, "kload")}(${high}, ${b.low(op.base)}, ${op.off}, ${op.size}, ${op.signed})`,
			word(exchange.result),
		);
	}
	const { text, next } = address(b, op, slot, at, context);
	if (swapped >= 0 || op.reversed) {
		const result = op.reversed ? at : swapped;
		if (op.size < 8) return b.setLow(op.dst, result, read(context, slot, text, op.size as 2 | 4, false, false));
		return b.setBoth(op.dst, result, read(context, slot, next, 4, false, false), read(context, slot, text, 4, false, false));
	}
	if (op.size < 8) return b.setLow(op.dst, at, read(context, slot, text, op.size as 1 | 2 | 4, op.signed));
	b.setBoth(op.dst, at, read(context, slot, text, 4, false), read(context, slot, next, 4, false));
}

function write(text: string, size: 1 | 2 | 4, value: string, throughBytes = false): string {
	if (throughBytes) return `B[${text}] = ${value};`;
	return size === 1 ? `D.setInt8(${text}, ${value});` : `D.setInt${size * 8}(${text}, ${value}, true);`;
}

export function emitStore(b: JsBody, op: Extract<Op, { kind: "store" }>, slot: number, at: number, context: Context): void {
	const flags = b.flags(at);
	const { text, next } = address(b, op, slot, at, context);
	const low = op.src < 0 ? String(op.imm) : b.low(op.src);
	if (op.size < 8) return b.line(write(text, op.size as 1 | 2 | 4, low, inByteArray(b, op, at)));
	const high = op.src < 0 ? String(op.imm >> 31) : b.high(op.src, at, ofRight(flags));
	b.line(write(text, 4, low));
	b.line(write(next, 4, high));
}

/** One thread runs a program at a time: a load, the operation, a store. */
export function emitAtomic(b: JsBody, op: Extract<Op, { kind: "atomic" }>, slot: number, at: number, context: Context): void {
	const flags = b.flags(at);
	const { text, next } = address(b, op, slot, at, context);
	const wide = op.size === 8;
	const low = b.low(op.src);
	const high = b.high(op.src, at, ofRight(flags));
	b.line(`${b.name("x")} = ${read(context, slot, text, 4, false)};`);
	if (wide) b.line(`${b.name("y")} = ${read(context, slot, next, 4, false)};`);
	const store = (value: string, upper: string): void => {
		b.line(write(text, 4, value));
		if (wide) b.line(write(next, 4, upper));
	};
	switch (op.op) {
		case "xchg":
			store(low, high);
			break;
		case "cmpxchg": {
			const expected = b.high(0, at, ofArgument(b.fn.analysis, at, 0));
			b.line(wide ? `if (x === ${b.low(0)} && y === ${expected}) {` : `if (x === ${b.low(0)}) {`);
			store(low, high);
			b.line("}");
			break;
		}
		case "add":
			b.line(`${b.name("t")} = x + ${low} | 0;`);
			store("t", `y + ${high} + ((t >>> 0) < (x >>> 0) | 0) | 0`);
			break;
		default: {
			const sign = { or: "|", and: "&", xor: "^" }[op.op];
			store(`x ${sign} ${low}`, `y ${sign} ${high}`);
		}
	}
	if (!op.fetch) return;
	const dst = op.op === "cmpxchg" ? 0 : op.src;
	wide ? b.setBoth(dst, at, "x", "y") : b.setLow(dst, at, "x");
}

/** A load whose bytes are reversed at once, as fields of packets are: views read them in that order. */
export function readsSwapped(load: Extract<Op, { kind: "load" }>, next: Op | null, slot: number, { around, mapped }: Context): boolean {
	return (
		next?.kind === "swap" &&
		next.swap &&
		!load.reversed &&
		next.dst === load.dst &&
		next.bits === load.size * 8 &&
		!mapped &&
		around.facts?.access[slot] !== "kernel"
	);
}
