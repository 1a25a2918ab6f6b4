/**
 * Calls in JavaScript: subprograms directly, helpers as functions of the host that take and give low words (high words pass through the exchange
 * area), array lookups as arithmetic, hash lookups as a function in the text.
 */
import { LONGEST_INLINE_KEY } from "../../maps/map.ts";
import { exchange } from "../../memory.ts";
import type { Op } from "../decode.ts";
import { ofArgument } from "../implied.ts";
import { LOOKUP, TAIL_CALL } from "../op.ts";
import { parameterRegisters } from "../representation.ts";
import { WORDS } from "../surroundings.ts";
import type { JsBody } from "./body.ts";
import { type Context, use, word } from "./context.ts";
import { unsigned } from "./words.ts";

export function emitHelper(
	b: JsBody,
	op: Extract<Op, { kind: "helper" | "kfunc" | "callx" }>,
	slot: number,
	at: number,
	context: Context,
): void {
	const { around } = context;
	const { analysis } = b.fn;
	if (op.kind === "helper" && op.id === TAIL_CALL) {
		const ran = `${use(context, "tail")}(${b.low(1)}, ${b.low(2)}, ${b.low(3)}, ${b.fn.frameTop}) !== 0`;
		b.line(`if (${ran}) { ${b.fn.id === 0 ? "" : `H = ${word(exchange.result)}; `}return ${word(WORDS.tailResult)}; }`);
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
		if (wide & (1 << (r - 1))) b.line(`${word(exchange.args + 4 * (r - 1))} = ${argumentHigh(b, r, at)};`);
	}
	const call = `${use(context, around.callee(op, slot))}(${words.join(", ")}) | 0`;
	if (result === "wide") b.setBothInOrder(0, at, call, word(exchange.result));
	else b.setLow(0, at, call);
}

const argumentHigh = (b: JsBody, r: number, at: number): string => b.high(r, at, ofArgument(b.fn.analysis, at, r));

export function emitCall(b: JsBody, op: Extract<Op, { kind: "call" }>, at: number, { program }: Context): void {
	const id = program.byEntry.get(op.target);
	if (id === undefined) return b.line("throw 0;");
	const { liveIn, wideIn } = program.functions[id].analysis;
	const args = parameterRegisters(liveIn).flatMap((r) => (wideIn & (1 << r) ? [b.low(r), argumentHigh(b, r, at)] : [b.low(r)]));
	b.setBothInOrder(0, at, `f${id}(${args.join(", ")})`, "H");
}

/** A big-endian load from the packet; where it fails the function returns 0. */
export function emitPacket(b: JsBody, { src, imm, size }: Extract<Op, { kind: "packet" }>, at: number, context: Context): void {
	const value = b.name("t");
	const offset = src < 0 ? imm : `${b.low(src)} + ${imm} | 0`;
	b.line(`${value} = ${use(context, "packet")}(${offset}, ${size});`);
	b.line(`if (${word(WORDS.packetFailed)} !== 0) { ${highResult(b)} = 0; return 0; }`);
	b.setLow(0, at, value);
}

/** Where a function leaves the high word of r0: the main program for the host, others for their callers. */
export const highResult = (b: JsBody): string => (b.fn.id === 0 ? word(exchange.result) : "H");
