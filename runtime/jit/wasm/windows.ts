/**
 * Checks of accesses that nothing verified, as ../windows.ts planned them.
 *
 * A window is two i64s: where a region starts, and how many addresses from there an access of its size may begin at. One comparison says that an
 * address is in: address − start < count, unsigned and in 64 bits, so that no high word is lost. Windows live in globals, from run to run, and in locals of the
 * function that uses them. Outside of its window, an access asks the host, which faults or moves the window.
 *
 * Regions come and go in helpers: the memory counts that in the exchange area. Where its count is another one than that of the windows, all are emptied.
 */
import { exchange } from "../../memory.ts";
import type { MemorySize } from "../decode.ts";
import { ofLeft } from "../implied.ts";
import { FLAG } from "../representation.ts";
import type { Body } from "./body.ts";
import type { WasmFunction } from "./encode.ts";
import { ByteWriter } from "./bytes.ts";
import { I32, I64, OP, VOID } from "./opcodes.ts";
import { loadWord } from "./exchange.ts";
import type { Linkage } from "./linkage.ts";
import { GLOBALS } from "./linkage.ts";

/** More windows than this stay in globals: locals would only be spilled. */
const MOST_LOCALS = 12;

interface Access {
	readonly base: number;
	readonly off: number;
	readonly size: MemorySize;
}

/** Pushes the address of an access, checked. */
export function pushCheckedAddress(b: Body, op: Access, slot: number, at: number, store: boolean, link: Linkage): void {
	const plan = b.fn.plan!;
	const window = plan.window[at];
	const pair = link.windowPair(b.fn.id, window);
	const address = b.temp("address", I64);
	b.full(op.base, at, ofLeft(b.fn.analysis.flags[at]));
	if (op.off !== 0) {
		b.i64(op.off, op.off >> 31);
		b.op(OP.i64_add);
	}
	b.tee(address);
	pushBound(b, window, pair, 0);
	b.op(OP.i64_sub);
	pushBound(b, window, pair, 1);
	b.op(OP.i64_ge_u);
	b.open(OP.if, VOID, { kind: "other", label: 0 });
	b.get(address);
	b.upper();
	b.get(address);
	b.op(OP.i32_wrap_i64);
	b.i32(op.size * 2 + (store ? 1 : 0));
	b.i32(pair);
	b.i32(slot);
	b.call(link.importIndex("check"));
	fetchWindow(b, window, pair);
	b.end();
	b.get(address);
	b.op(OP.i32_wrap_i64);
}

const cached = (b: Body): boolean => (b.fn.plan?.windows.length ?? 0) <= MOST_LOCALS;

function pushBound(b: Body, window: number, pair: number, which: 0 | 1): void {
	if (cached(b)) return b.get(b.temp(`window ${window} ${which}`, I64));
	b.op(OP.global_get);
	b.w.u32(pair + which);
}

function fetchWindow(b: Body, window: number, pair: number): void {
	if (!cached(b)) return;
	for (const which of [0, 1]) {
		b.op(OP.global_get);
		b.w.u32(pair + which);
		b.set(b.temp(`window ${window} ${which}`, I64));
	}
}

/** The windows that some access of this version of the function uses. */
function used(b: Body): number[] {
	const { plan, analysis } = b.fn;
	const found = new Set<number>();
	plan?.window.forEach((window, at) => {
		if (window >= 0 && !(analysis.flags[at] & FLAG.proved)) found.add(window);
	});
	return [...found];
}

/** At a function's entry: empties stale windows, then fetches those that it uses. */
export function enterWindows(b: Body, link: Linkage): void {
	const windows = used(b);
	if (windows.length === 0 && b.fn.plan?.guard == null) return;
	emptyIfStale(b, link);
	for (const window of windows) fetchWindow(b, window, link.windowPair(b.fn.id, window));
}

/** After a call: regions may be others now. */
export function renewWindows(b: Body, link: Linkage): void {
	const windows = used(b);
	if (windows.length === 0) return;
	emptyIfStale(b, link);
	// Whoever was called may have emptied them too; fetching is as cheap as asking.
	for (const window of windows) fetchWindow(b, window, link.windowPair(b.fn.id, window));
}

function emptyIfStale(b: Body, link: Linkage): void {
	loadWord(b, exchange.generation);
	b.op(OP.global_get, GLOBALS.generation, OP.i32_ne);
	b.open(OP.if, VOID, { kind: "other", label: 0 });
	b.call(link.emptyIndex());
	b.end();
}

/** At the entry of the version for which the guard must hold: leaves to the other one where it does not. */
export function enterGuard(b: Body, link: Linkage): void {
	const guard = b.fn.plan?.guard;
	if (guard == null || b.fn.slow === null) return;
	b.get(0);
	b.op(OP.i64_extend_i32_u);
	b.i64(guard.low, guard.low >> 31);
	b.op(OP.i64_add, OP.global_get, GLOBALS.guard);
	b.op(OP.i64_sub, OP.global_get, GLOBALS.guard + 1);
	b.op(OP.i64_ge_u);
	b.open(OP.if, VOID, { kind: "other", label: 0 });
	b.get(0);
	b.call(link.importIndex("guard"));
	b.op(OP.i32_eqz);
	b.open(OP.if, VOID, { kind: "other", label: 0 });
	b.get(0);
	b.get(1);
	b.call(link.slowIndex());
	b.op(OP.return);
	b.end();
	b.end();
}

/** Empties every window and takes over the memory's count. */
export function emitEmpty(pairs: number): WasmFunction {
	const w = new ByteWriter();
	for (let i = 0; i < pairs; i++) {
		w.byte(OP.i64_const);
		w.s32(0);
		w.byte(OP.global_set);
		w.u32(GLOBALS.guard + 2 * i + 1);
	}
	w.byte(OP.i32_const);
	w.s32(0);
	w.byte(OP.i32_load);
	w.u32(2);
	w.u32(exchange.generation);
	w.byte(OP.global_set);
	w.u32(GLOBALS.generation);
	return { type: { params: [], results: [] }, locals: [], code: w.written() };
}

/** The globals of guard and windows, exported as s<i> and s<i + 1> for the host. */
export function windowGlobals(pairs: number): { type: typeof I32 | typeof I64; initial: number; name?: string }[] {
	const globals: { type: typeof I32 | typeof I64; initial: number; name?: string }[] = [{ type: I32, initial: -1 }];
	for (let i = GLOBALS.guard; i < GLOBALS.guard + 2 * pairs; i++) globals.push({ type: I64, initial: 0, name: `s${i}` });
	return globals;
}
