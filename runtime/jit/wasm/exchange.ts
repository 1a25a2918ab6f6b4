/** Words of the exchange area (../../memory.ts), by which generated code and the host hand each other what a call's one result cannot. */
import { exchange } from "../../memory.ts";
import type { Body } from "./body.ts";
import { OP } from "./opcodes.ts";

export function storeWord(b: Body, place: number, push: () => void): void {
	b.i32(0);
	push();
	b.memory(OP.i32_store, 2, place);
}

export function loadWord(b: Body, place: number): void {
	b.i32(0);
	b.memory(OP.i32_load, 2, place);
}

/** As an i64. */
export function loadWide(b: Body, place: number): void {
	b.i32(0);
	b.memory(OP.i64_load32_u, 2, place);
}

/** Of the low word on the stack, an i64, makes the whole result: the callee left its high word. */
export function joinResult(b: Body): void {
	loadWide(b, exchange.result);
	b.i64(32, 0);
	b.op(OP.i64_shl, OP.i64_or);
}
