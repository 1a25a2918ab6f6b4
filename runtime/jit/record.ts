/**
 * Writes down what the forward analysis knows before an operation: flags of its operands, constants, places in the frame, maps,
 * and which part of the frame it exposes to accesses that are not followed.
 */
import { layout } from "../memory.ts";
import { type Op, TAIL_CALL } from "./op.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";
import type { AnalysisOptions, Draft } from "./representation.ts";
import { FLAG } from "./representation.ts";

const { STRIDE } = range;

export function valueFlags(state: State, r: number): number {
	const at = r * STRIDE;
	let flags = 0;
	if (state[at + 1] <= 0xffffffff) flags |= FLAG.dstZero;
	if (state[at + 2] >= -0x80000000 && state[at + 3] <= 0x7fffffff) flags |= FLAG.dstSign;
	if (state[at + 1] <= 0x7fffffff) flags |= FLAG.dstSmall;
	if (state[at] > 0 || state[at + 2] > 0 || state[at + 3] < 0) flags |= FLAG.dstNonZero;
	return flags;
}

function sourceFlags(state: State, scratch: number, src: number, imm: number): number {
	if (src < 0) range.assignConstant(state, scratch, imm);
	return valueFlags(state, src < 0 ? scratch : src) << 4;
}

/** What the bounds of two unsigned numbers say of their product and quotient. */
function factors(state: State, left: number, right: number): number {
	const small = state[left + 1] <= 0xffffffff && state[right + 1] <= 0xffffffff;
	return (
		(small && state[left + 1] * state[right + 1] <= 2 ** 53 ? FLAG.exact : 0) |
		(state[right] > 0 && state[right + 1] < 2 ** 21 ? FLAG.tiny : 0)
	);
}

/** Which word of a 64-bit operand a shift by the register at `src` brings bits from. */
function shiftCount(state: State, src: number): number {
	if (state[src + 1] < 32) return FLAG.shiftsBelow32;
	return state[src] >= 32 && state[src + 1] < 64 ? FLAG.shiftsFrom32 : 0;
}

export function record(op: Op, at: number, state: State, registers: number, draft: Draft): void {
	let flags = 0;
	switch (op.kind) {
		case "alu":
		case "branch":
			flags = valueFlags(state, op.dst);
			flags |= sourceFlags(state, registers, op.src, op.imm);
			if (op.src >= 0) {
				const src = op.src * STRIDE;
				if (state[src + 2] === state[src + 3]) draft.constant[at] = state[src + 2];
				if (range.isWords(state[src + 4])) draft.words[at] = state[src + 4] - range.WORDS;
				if (op.op === "lsh" || op.op === "rsh" || op.op === "arsh") flags |= shiftCount(state, src);
			}
			if (op.op === "mul" || op.op === "div" || op.op === "mod")
				flags |= factors(state, op.dst * STRIDE, (op.src < 0 ? registers : op.src) * STRIDE);
			break;
		case "movsx":
		case "extract":
		case "cast":
			flags |= sourceFlags(state, registers, op.src, 0);
			break;
		case "neg":
		case "swap":
			flags = valueFlags(state, op.dst);
			break;
		case "load":
		case "store":
		case "atomic": {
			flags = valueFlags(state, op.base);
			if (op.kind === "store" || op.kind === "atomic") flags |= sourceFlags(state, registers, op.src, op.kind === "store" ? op.imm : 0);
			const kind = state[op.base * STRIDE + 4];
			if (range.isStackOffset(kind)) {
				draft.stack[at] = kind + op.off;
				if ((kind + op.off) % op.size === 0) flags |= FLAG.aligned;
			} else if (range.power(state[op.base * STRIDE + 5]) >= op.size && op.off % op.size === 0) flags |= FLAG.aligned;
			const place = op.base * STRIDE;
			if (state[place] + op.off >= layout.stackBase && state[place + 1] + op.off + op.size <= layout.stackTop) flags |= FLAG.proved;
			if (state[place] + op.off >= 0 && state[place + 1] + op.off + op.size <= Math.min(layout.least, 2 ** 31)) flags |= FLAG.inside;
			if (op.kind === "atomic" && op.op === "cmpxchg") draft.argZero[at] = range.zeroExtended(state, 0) ? 1 : 0;
			break;
		}
		case "packet":
			if (op.src >= 0) flags |= sourceFlags(state, registers, op.src, 0);
			break;
		case "exit":
			flags = valueFlags(state, 0);
			break;
		case "helper":
		case "kfunc":
		case "call":
		case "callx":
			for (let r = 1; r <= 5; r++) {
				if (range.zeroExtended(state, r)) draft.argZero[at] |= 1 << r;
				if (range.signExtended(state, r)) draft.argSign[at] |= 1 << r;
			}
			if (op.kind === "helper") {
				const kind = state[(op.id === TAIL_CALL ? 2 : 1) * STRIDE + 4];
				if (kind >= range.MAP && kind !== range.POINTER) draft.map[at] = kind - range.MAP;
			}
			break;
		case "imm64":
		case "jump":
		case "may_goto":
		case "invalid":
			break;
		default:
			op satisfies never;
	}
	draft.flags[at] = flags;
}

const WHOLE_FRAME: readonly [number, number] = [-(2 ** 20), 2 ** 20];

const ofStack = (state: State, r: number): boolean => range.isOfStack(state[r * STRIDE + 4]);

/** Which bytes of the frame the operation lets something touch that is not an access at a known offset. */
export function recordExposure(op: Op, pc: number, state: State, options: AnalysisOptions, draft: Draft): void {
	const top = state[10 * STRIDE];
	switch (op.kind) {
		case "alu": {
			// What is made of a pointer other than by moving it is not followed.
			const moves = op.width === 64 && (op.op === "mov" || op.op === "add" || op.op === "sub");
			const src = op.src >= 0 && ofStack(state, op.src);
			if (op.op === "mov" ? src && !moves : moves ? src && (op.op === "sub" || ofStack(state, op.dst)) : src || ofStack(state, op.dst))
				draft.exposed.push(WHOLE_FRAME);
			return;
		}
		case "neg":
		case "swap":
			if (ofStack(state, op.dst)) draft.exposed.push(WHOLE_FRAME);
			return;
		case "movsx":
		case "extract":
		case "cast":
			if (ofStack(state, op.src)) draft.exposed.push(WHOLE_FRAME);
			return;
		case "load":
		case "store":
		case "atomic": {
			const at = op.base * STRIDE;
			if (op.kind !== "load" && op.src >= 0 && ofStack(state, op.src)) draft.exposed.push(WHOLE_FRAME);
			// Atomics stay in memory, and so does what they touch.
			if (state[at + 4] === range.DERIVED || (op.kind === "atomic" && ofStack(state, op.base)))
				draft.exposed.push([state[at] + op.off - top, state[at + 1] + op.off + op.size - top]);
			return;
		}
		case "helper":
		case "kfunc":
			for (let r = 1; r <= options.shape(op, pc).args; r++) if (ofStack(state, r)) draft.exposed.push([state[r * STRIDE] - top, 2 ** 20]);
			return;
		case "call":
		case "callx":
			for (let r = 1; r <= 5; r++) if (ofStack(state, r)) draft.exposed.push(WHOLE_FRAME);
			return;
		case "exit":
			if (ofStack(state, 0)) draft.exposed.push(WHOLE_FRAME);
			return;
		case "imm64":
			// A callback may be handed a pointer into the frame and move it either way.
			if (op.pseudo === 4) draft.exposed.push(WHOLE_FRAME);
			return;
		default:
			return;
	}
}
