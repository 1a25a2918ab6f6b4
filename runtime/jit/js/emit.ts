/**
 * Subprograms with their structured form in; the text of one JavaScript function expression out, with the slot of each line.
 *
 * The text is the body of a function of the host's values (`D` a DataView and `W` an Int32Array of the memory, helpers, services)
 * and returns the main program's function: `f0(r1, r2)`, low word of r0 returned, high word in the exchange area. Other subprograms
 * take and give high words too, the result's through `H`.
 */
import { type HashLayout, LONGEST_INLINE_KEY } from "../../maps/map.ts";
import { exchange } from "../../memory.ts";
import { FLAG, NO_OFFSET, parameterRegisters } from "../representation.ts";
import { loopLength } from "../cfg.ts";
import type { Op } from "../decode.ts";
import type { JitFunction, JitProgram } from "../program.ts";
import { MAY_GOTO_LIMIT } from "../../limits.ts";
import { LOOKUP, TAIL_CALL, WORDS } from "../surroundings.ts";
import type { Surroundings } from "../surroundings.ts";
import { hashLookupText } from "./lookup.ts";
import { condition, emitAlu, emitMovsx, emitNeg, emitSwap } from "./alu.ts";
import { JsBody } from "./body.ts";
import { unsigned } from "./words.ts";

export interface EmittedText {
	readonly text: string;
	/** Slot by line of `text`, −1 for bookkeeping. */
	readonly slots: readonly number[];
	/** Names of host functions that it uses. */
	readonly names: readonly string[];
	/** Lines of its longest function. */
	readonly longest: number;
}

interface Context {
	readonly program: JitProgram;
	readonly around: Surroundings;
	readonly mapped: boolean;
	readonly names: Set<string>;
	/** Hash maps that it looks up through `m<i>`. */
	readonly lookups: Map<number, HashLayout>;
}

/** `mapped`: the text will be shown as its C, in debuggers and in coverage. */
export function emitText(program: JitProgram, around: Surroundings, mapped = false): EmittedText {
	const context: Context = { program, around, mapped, names: new Set(), lookups: new Map() };
	const lines: string[] = [`"use strict";`, "const { imul } = Math;", "let H = 0, F = 0;"];
	const slots: number[] = lines.map(() => -1);
	let longest = 0;
	for (const fn of [...program.functions].reverse()) {
		const b = emitFunction(fn, context);
		longest = Math.max(longest, b.lines.length);
		for (let i = 0; i < b.lines.length; i++) {
			lines.push(b.lines[i]);
			slots.push(b.slots[i]);
		}
	}
	for (const [map, shape] of context.lookups) {
		for (const line of hashLookupText(`m${map}`, shape)) {
			lines.push(line);
			slots.push(-1);
		}
	}
	const callbacks = program.functions.filter((fn) => fn.callback).map((fn) => `${fn.id}: ${callbackText(fn)}`);
	lines.push(`return { run: f0, callbacks: { ${callbacks.join(", ")} } };`);
	slots.push(-1);
	return { text: lines.join("\n"), slots, names: [...context.names], longest };
}

/** The parameters of a subprogram: low words of the registers that it reads, each followed by the high word of a wide one. */
function parameters(fn: JitFunction): string[] {
	if (fn.id === 0) return ["r1", "r2"];
	return parameterRegisters(fn.analysis.liveIn).flatMap((r) => (fn.analysis.wideIn & (1 << r) ? [`r${r}`, `h${r}`] : [`r${r}`]));
}

function callbackText(fn: JitFunction): string {
	const args = parameterRegisters(fn.analysis.liveIn).flatMap((r) => (fn.analysis.wideIn & (1 << r) ? [`a${r} | 0`, "0"] : [`a${r} | 0`]));
	return `(a1, a2, a3, a4, a5) => { const low = f${fn.id}(${args.join(", ")}); W[${exchange.result >> 2}] = H; return low; }`;
}

function emitFunction(fn: JitFunction, context: Context): JsBody {
	const b = new JsBody(fn);
	const params = parameters(fn);
	for (const p of params) b.names.add(p);
	const { around } = context;
	if (fn.id === 0 && around.fuel !== null) b.frame(`F = ${around.fuel};`);
	if (fn.cfg.blocks.some((block) => fn.ops[block.exit]?.kind === "may_goto")) b.frame(`${b.name("g")} = ${MAY_GOTO_LIMIT};`);
	const burn = (count: number, slot: number): void => {
		if (around.fuel !== null) b.frame(`if ((F = F - ${count} | 0) < 0) ${use(context, "fuel")}(${slot});`);
	};
	burn(1, fn.entry);
	const { items } = fn;
	for (const item of items) {
		switch (item.kind) {
			case "block":
				b.frame(`B${item.label}: {`);
				b.depth++;
				break;
			case "loop":
				b.frame(`L${item.label}: for (;;) {`);
				b.depth++;
				burn(loopLength(fn.cfg, item.label) * item.copies, fn.cfg.blocks[item.label].start);
				break;
			case "end":
				b.depth--;
				b.frame(item.of === "dispatch" ? "} }" : "}");
				break;
			case "code":
				emitBlock(b, fn, item.block, context);
				break;
			case "if": {
				const slot = fn.cfg.blocks[item.block].exit;
				const op = fn.ops[slot];
				b.slot = slot;
				if (op?.kind === "branch") b.line(`if (${condition(b, op, slot - fn.entry, item.negate)}) {`);
				else b.line(`if ((g = g - 1 | 0) ${item.negate ? ">=" : "<"} 0) {`);
				b.depth++;
				break;
			}
			case "br":
				b.frame(`break B${item.label};`);
				break;
			case "continue":
				b.frame(`continue L${item.label};`);
				break;
			case "dispatch":
				b.frame("let p = 0;");
				b.frame("P: for (;;) {");
				burn(4, fn.entry);
				b.frame("switch (p) {");
				b.depth++;
				break;
			case "case":
				b.frame(`case ${item.block}:`);
				break;
			case "goto":
				b.frame(`p = ${item.block}; continue P;`);
				break;
			default:
				item satisfies never;
		}
	}
	const declared = [...b.names].filter((name) => !params.includes(name)).map((name) => `${name} = 0`);
	const head = [`function f${fn.id}(${params.join(", ")}) {`, ...params.map((p) => `\t${p} = ${p} | 0;`)];
	if (declared.length > 0) head.push(`\tlet ${declared.join(", ")};`);
	b.lines.unshift(...head);
	b.slots.unshift(...head.map(() => -1));
	b.depth = 0;
	b.frame("}");
	return b;
}

function use(context: Context, name: string): string {
	context.names.add(name);
	return name;
}

function emitBlock(b: JsBody, fn: JitFunction, id: number, context: Context): void {
	const block = fn.cfg.blocks[id];
	for (let slot = block.start; slot < block.end; slot++) {
		const op = fn.ops[slot];
		if (op === null) continue;
		b.slot = slot;
		if (op.kind === "load" && slot + 1 < block.end && readsSwapped(op, fn.ops[slot + 1], slot, context)) {
			emitLoad(b, op, slot, slot - fn.entry, context, slot + 1 - fn.entry);
			slot++;
		} else emitOp(b, op, slot, slot - fn.entry, context);
	}
	for (const r of [...b.deferred.keys()]) b.settle(r);
}

/** A load whose bytes are reversed at once, as fields of packets are: views read them in that order. */
function readsSwapped(load: Extract<Op, { kind: "load" }>, next: Op | null, slot: number, { around, mapped }: Context): boolean {
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

function emitOp(b: JsBody, op: Op, slot: number, at: number, context: Context): void {
	const flags = b.flags(at);
	switch (op.kind) {
		case "alu":
			return emitAlu(b, op, at);
		case "movsx":
			return emitMovsx(b, op, at);
		case "extract":
			return b.setLow(op.dst, at, `${b.low(op.src)} & ${op.bits === 8 ? 255 : 65535}`);
		case "neg":
			return emitNeg(b, op, at);
		case "swap":
			return emitSwap(b, op, at);
		case "cast":
			return b.setLow(op.dst, at, b.low(op.src));
		case "imm64":
			if (!(flags & (FLAG.needLow | FLAG.needHigh))) return;
			return b.setBoth(
				op.dst,
				at,
				String(op.pseudo === 0 ? op.lo : context.around.address(slot) | 0),
				op.pseudo === 0 ? String(op.hi) : "0",
			);
		case "load":
			return emitLoad(b, op, slot, at, context);
		case "store":
			return emitStore(b, op, slot, at, context);
		case "atomic":
			return emitAtomic(b, op, slot, at, context);
		case "packet":
			b.line(`${b.name("t")} = ${use(context, "packet")}(${op.src < 0 ? op.imm : `${b.low(op.src)} + ${op.imm} | 0`}, ${op.size});`);
			b.line(`if (W[${WORDS.packetFailed >> 2}] !== 0) { ${b.fn.id === 0 ? `W[${exchange.result >> 2}]` : "H"} = 0; return 0; }`);
			return b.setLow(0, at, "t");
		case "helper":
		case "kfunc":
		case "callx":
			return emitHelper(b, op, slot, at, context);
		case "call": {
			const id = context.program.byEntry.get(op.target);
			if (id === undefined) return b.line("throw 0;");
			const callee = context.program.functions[id];
			const args = parameterRegisters(callee.analysis.liveIn).flatMap((r) =>
				callee.analysis.wideIn & (1 << r) ? [b.low(r), argumentHigh(b, r, at)] : [b.low(r)],
			);
			return b.setBothInOrder(0, at, `f${id}(${args.join(", ")})`, "H");
		}
		case "exit": {
			const high = b.high(0, at, (flags & FLAG.dstZero) !== 0, (flags & FLAG.dstSign) !== 0);
			b.line(b.fn.id === 0 ? `W[${exchange.result >> 2}] = ${high};` : `H = ${high};`);
			return b.line(`return ${b.low(0)};`);
		}
		case "invalid":
			return b.line("throw 0;");
		case "jump":
		case "branch":
		case "may_goto":
			return;
		default:
			op satisfies never;
	}
}

function argumentHigh(b: JsBody, r: number, at: number): string {
	const { argZero, argSign } = b.fn.analysis;
	return b.high(r, at, (argZero[at] & (1 << r)) !== 0, (argSign[at] & (1 << r)) !== 0);
}

// ---------------------------------------------------------------- memory

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
		const high = b.high(op.base, at, (flags & FLAG.dstZero) !== 0, (flags & FLAG.dstSign) !== 0);
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
function emitLoad(b: JsBody, op: Extract<Op, { kind: "load" }>, slot: number, at: number, context: Context, swapped = -1): void {
	const flags = b.flags(at);
	if (!(flags & (FLAG.needLow | FLAG.needHigh)) && !context.around.checked) return;
	if (context.around.facts?.access[slot] === "kernel") {
		const high = b.high(op.base, at, (flags & FLAG.dstZero) !== 0, (flags & FLAG.dstSign) !== 0);
		return b.setBothInOrder(
			op.dst,
			at,
			`${use(context, "kload")}(${high}, ${b.low(op.base)}, ${op.off}, ${op.size}, ${op.signed})`,
			`W[${exchange.result >> 2}]`,
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

function emitStore(b: JsBody, op: Extract<Op, { kind: "store" }>, slot: number, at: number, context: Context): void {
	const flags = b.flags(at);
	const { text, next } = address(b, op, slot, at, context);
	const low = op.src < 0 ? String(op.imm) : b.low(op.src);
	if (op.size < 8) return b.line(write(text, op.size as 1 | 2 | 4, low, inByteArray(b, op, at)));
	const high = op.src < 0 ? String(op.imm >> 31) : b.high(op.src, at, (flags & FLAG.srcZero) !== 0, (flags & FLAG.srcSign) !== 0);
	b.line(write(text, 4, low));
	b.line(write(next, 4, high));
}

/** One thread runs a program at a time: a load, the operation, a store. */
function emitAtomic(b: JsBody, op: Extract<Op, { kind: "atomic" }>, slot: number, at: number, context: Context): void {
	const flags = b.flags(at);
	const { text, next } = address(b, op, slot, at, context);
	const wide = op.size === 8;
	const low = b.low(op.src);
	const high = b.high(op.src, at, (flags & FLAG.srcZero) !== 0, (flags & FLAG.srcSign) !== 0);
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
			const expected = b.high(0, at, (b.fn.analysis.argZero[at] & 1) !== 0, false);
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

// ---------------------------------------------------------------- calls

function emitHelper(b: JsBody, op: Extract<Op, { kind: "helper" | "kfunc" | "callx" }>, slot: number, at: number, context: Context): void {
	const { around } = context;
	const { analysis } = b.fn;
	if (op.kind === "helper" && op.id === TAIL_CALL) {
		const r0 = `W[${WORDS.tailResult >> 2}]`;
		b.line(
			`if (${use(context, "tail")}(${b.low(1)}, ${b.low(2)}, ${b.low(3)}, ${b.fn.frameTop}) !== 0) { ${b.fn.id === 0 ? "" : `H = W[${exchange.result >> 2}]; `}return ${r0}; }`,
		);
		return b.setLow(0, at, "-1");
	}
	if (op.kind === "helper" && op.id === LOOKUP && analysis.map[at] >= 0) {
		const shape = around.mapLayout(analysis.map[at]);
		if (shape.kind === "array" && !shape.perCpu) {
			b.line(`${b.name("t")} = D.getInt32(${b.low(2)} >>> 0, true);`);
			return b.setLow(0, at, `${unsigned("t")} < ${shape.entries} ? imul(t, ${shape.stride}) + ${shape.base} | 0 : 0`);
		}
		if (shape.kind === "hash" && shape.cpuStride === 0 && shape.keySize <= LONGEST_INLINE_KEY) {
			context.lookups.set(analysis.map[at], shape);
			return b.setLow(0, at, `m${analysis.map[at]}(${b.low(2)})`);
		}
	}
	const { args, wide, result } = around.shape(op, slot);
	const words: string[] = op.kind === "callx" ? [String(slot), b.low(op.reg)] : [];
	for (let r = 1; r <= args; r++) {
		words.push(b.low(r));
		if (wide & (1 << (r - 1))) b.line(`W[${(exchange.args >> 2) + r - 1}] = ${argumentHigh(b, r, at)};`);
	}
	const call = `${use(context, around.callee(op, slot))}(${words.join(", ")}) | 0`;
	if (result === "wide") b.setBothInOrder(0, at, call, `W[${exchange.result >> 2}]`);
	else b.setLow(0, at, call);
}
