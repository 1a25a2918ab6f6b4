/**
 * Calls in Wasm: subprograms directly, helpers as imports that take and give low words (high words pass through the exchange
 * area), array lookups as arithmetic, hash lookups as a function in the module.
 */
import { exchange } from "../../memory.ts";
import { isNeeded, ofArgument } from "../implied.ts";
import { FLAG, parameterRegisters } from "../representation.ts";
import type { Op } from "../decode.ts";
import type { Body } from "./body.ts";
import { I32, OP } from "./opcodes.ts";
import { LOOKUP, TAIL_CALL } from "../op.ts";
import { WORDS } from "../surroundings.ts";
import { joinResult, loadWide, loadWord, storeWord } from "./exchange.ts";
import type { Linkage } from "./linkage.ts";
import { LONGEST_INLINE_KEY } from "../../maps/map.ts";

type Call = Extract<Op, { kind: "helper" | "kfunc" | "callx" }>;

export function emitHelper(b: Body, op: Call, slot: number, at: number, link: Linkage): void {
	const { analysis } = b.fn;
	if (op.kind === "helper" && op.id === TAIL_CALL) return emitTailCall(b, at, link);
	if (op.kind === "helper" && op.id === LOOKUP && analysis.map[at] >= 0 && emitLookup(b, at, link, analysis.map[at])) return;
	const { args, wide, result } = link.around.shape(op, slot);
	for (let r = 1; r <= args; r++) {
		if (!(wide & (1 << (r - 1)))) continue;
		storeWord(b, exchange.args + 4 * (r - 1), () => b.high(r, at, ofArgument(analysis, at, r)));
	}
	if (op.kind === "callx") {
		b.i32(slot);
		b.low(op.reg, at);
	}
	for (let r = 1; r <= args; r++) b.low(r, at);
	b.call(link.importIndex(link.around.callee(op, slot)));
	if (!isNeeded(analysis.flags[at])) b.op(OP.drop);
	else if (result === "wide" && analysis.flags[at] & FLAG.resWide) {
		b.op(OP.i64_extend_i32_u);
		joinResult(b);
		b.set(b.wide(0));
	} else b.setLow(0, at);
}

function emitLookup(b: Body, at: number, link: Linkage, map: number): boolean {
	const shape = link.around.mapLayout(map);
	if (shape.kind === "opaque") return false;
	if (shape.kind === "hash") {
		if (shape.cpuStride !== 0 || shape.keySize > LONGEST_INLINE_KEY) return false;
		b.low(2, at);
		b.call(link.lookupIndex(map));
		b.setLow(0, at);
		return true;
	}
	if (shape.perCpu) return false;
	// index < entries ? base + index * stride : 0
	const index = b.temp("index", I32);
	b.low(2, at);
	b.memory(OP.i32_load, 0, 0);
	b.tee(index);
	if (shape.stride !== 1) {
		const log = Math.log2(shape.stride);
		b.i32(Number.isInteger(log) ? log : shape.stride);
		b.op(Number.isInteger(log) ? OP.i32_shl : OP.i32_mul);
	}
	b.i32(shape.base);
	b.op(OP.i32_add);
	b.i32(0);
	b.get(index);
	b.i32(shape.entries);
	b.op(OP.i32_lt_u, OP.select);
	b.setLow(0, at);
	return true;
}

/** On success the frame that called ends with the other program's result. */
function emitTailCall(b: Body, at: number, link: Linkage): void {
	b.low(1, at);
	b.low(2, at);
	b.low(3, at);
	b.i32(b.fn.frameTop);
	b.call(link.importIndex("tail"));
	b.open(OP.if, 0x40, { kind: "other", label: 0 });
	if (b.fn.id === 0) loadWord(b, WORDS.tailResult);
	else {
		loadWide(b, WORDS.tailResult);
		joinResult(b);
	}
	b.op(OP.return);
	b.end();
	b.i32(-1);
	b.setLow(0, at);
}

export function emitCall(b: Body, op: Extract<Op, { kind: "call" }>, at: number, link: Linkage): void {
	const { analysis } = b.fn;
	const id = link.program.byEntry.get(op.target);
	if (id === undefined) {
		b.op(OP.unreachable);
		return;
	}
	const callee = link.program.functions[id];
	parameterRegisters(callee.analysis.liveIn).forEach((r) => {
		if (callee.analysis.wideIn & (1 << r)) b.full(r, at, ofArgument(analysis, at, r));
		else b.low(r, at);
	});
	b.call(link.functionIndex(id));
	if (!isNeeded(analysis.flags[at])) b.op(OP.drop);
	else b.setFull(0, at);
}

/** A big-endian load from the packet; where it fails the function returns 0. */
export function emitPacket(b: Body, op: Extract<Op, { kind: "packet" }>, at: number, link: Linkage): void {
	b.i32(op.imm);
	if (op.src >= 0) {
		b.low(op.src, at);
		b.op(OP.i32_add);
	}
	b.i32(op.size);
	b.call(link.importIndex("packet"));
	loadWord(b, WORDS.packetFailed);
	b.open(OP.if, 0x40, { kind: "other", label: 0 });
	if (b.fn.id === 0) {
		storeWord(b, exchange.result, () => b.i32(0));
		b.i32(0);
	} else b.i64(0, 0);
	b.op(OP.return);
	b.end();
	b.setLow(0, at);
}
