/**
 * Subprograms with their structured form in; the text of one JavaScript function expression out, with the slot of each line.
 *
 * The text is the body of a function of the host's values (`D` a DataView and `W` an Int32Array of the memory, helpers, services)
 * and returns the main program's function: `f0(r1, r2)`, low word of r0 returned, high word in the exchange area. Other subprograms
 * take and give high words too, the result's through `H`.
 */
import { MAY_GOTO_LIMIT } from "../../limits.ts";
import { exchange } from "../../memory.ts";
import { loopLength } from "../cfg.ts";
import type { Op } from "../decode.ts";
import { isNeeded, ofLeft } from "../implied.ts";
import type { JitFunction, JitProgram } from "../program.ts";
import { parameterRegisters } from "../representation.ts";
import type { Item } from "../structure.ts";
import type { Surroundings } from "../surroundings.ts";
import { emitAtomic, emitLoad, emitStore, readsSwapped } from "./access.ts";
import { condition, emitAlu, emitMovsx, emitNeg, emitSwap } from "./alu.ts";
import { JsBody } from "./body.ts";
import { emitCall, emitHelper, emitPacket, highResult } from "./calls.ts";
import { type Context, use, word } from "./context.ts";
import { hashLookupText } from "./lookup.ts";

export interface EmittedText {
	readonly text: string;
	/** Slot by line of `text`, −1 for bookkeeping. */
	readonly slots: readonly number[];
	/** Names of host functions that it uses. */
	readonly names: readonly string[];
	/** Lines of its longest function. */
	readonly longest: number;
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
	return `(a1, a2, a3, a4, a5) => { const low = f${fn.id}(${args.join(", ")}); ${word(exchange.result)} = H; return low; }`;
}

function emitFunction(fn: JitFunction, context: Context): JsBody {
	const b = new JsBody(fn);
	const params = parameters(fn);
	for (const p of params) b.names.add(p);
	const { fuel } = context.around;
	if (fn.id === 0 && fuel !== null) b.frame(`F = ${fuel};`);
	if (fn.cfg.blocks.some((block) => fn.ops[block.exit]?.kind === "may_goto")) b.frame(`${b.name("g")} = ${MAY_GOTO_LIMIT};`);
	burn(b, 1, fn.entry, context);
	for (const item of fn.items) emitItem(b, fn, item, context);
	const declared = [...b.names].filter((name) => !params.includes(name)).map((name) => `${name} = 0`);
	const head = [`function f${fn.id}(${params.join(", ")}) {`, ...params.map((p) => `\t${p} = ${p} | 0;`)];
	if (declared.length > 0) head.push(`\tlet ${declared.join(", ")};`);
	b.lines.unshift(...head);
	b.slots.unshift(...head.map(() => -1));
	b.depth = 0;
	b.frame("}");
	return b;
}

/** Takes from the budget, if there is one, and faults where it is used up. */
function burn(b: JsBody, count: number, slot: number, context: Context): void {
	if (context.around.fuel !== null) b.frame(`if ((F = F - ${count} | 0) < 0) ${use(context, "fuel")}(${slot});`);
}

function emitItem(b: JsBody, fn: JitFunction, item: Item, context: Context): void {
	switch (item.kind) {
		case "block":
			b.frame(`B${item.label}: {`);
			b.depth++;
			break;
		case "loop":
			b.frame(`L${item.label}: for (;;) {`);
			b.depth++;
			burn(b, loopLength(fn.cfg, item.label) * item.copies, fn.cfg.blocks[item.label].start, context);
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
			burn(b, 4, fn.entry, context);
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
			if (!isNeeded(flags)) return;
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
			return emitPacket(b, op, at, context);
		case "helper":
		case "kfunc":
		case "callx":
			return emitHelper(b, op, slot, at, context);
		case "call":
			return emitCall(b, op, at, context);
		case "exit":
			b.line(`${highResult(b)} = ${b.high(0, at, ofLeft(flags))};`);
			return b.line(`return ${b.low(0)};`);
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
