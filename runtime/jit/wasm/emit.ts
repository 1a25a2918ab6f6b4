/**
 * Subprograms with their structured form in; a Wasm module out.
 *
 * The main program is exported as `run(r1, r2)`: low word of r0 returned, high word in the exchange area. Other subprograms take
 * the registers that they read as parameters, i32 or i64 as the analysis decided, and return r0 as an i64. Those whose address is
 * taken are also exported as `cb<id>` with five low words in and one out.
 */
import { exchange } from "../../memory.ts";
import { isNeeded, ofLeft } from "../implied.ts";
import type { Item } from "../structure.ts";
import { storeWord } from "./exchange.ts";
import { definedBy, FLAG, parameterRegisters } from "../representation.ts";
import { loopLength } from "../cfg.ts";
import type { Op } from "../decode.ts";
import { MAY_GOTO_LIMIT } from "../../limits.ts";
import type { JitFunction, JitProgram } from "../program.ts";
import { emitAtomic, emitLoad, emitStore } from "./access.ts";
import { emitAlu, emitCondition, emitExtract, emitMovsx, emitNeg } from "./alu.ts";
import { Body } from "./body.ts";
import { emitCall, emitHelper, emitPacket } from "./calls.ts";
import type { FunctionType, WasmFunction, WasmModule } from "./encode.ts";
import { encodeModule } from "./encode.ts";
import { I32, I64, OP, VOID } from "./opcodes.ts";
import { emitHashLookup } from "./lookup.ts";
import type { Surroundings } from "../surroundings.ts";
import { collectImports, GLOBALS, Linkage, low } from "./linkage.ts";
import { Marks } from "./marks.ts";
import { Rotations } from "./rotate.ts";
import { emitSwap } from "./swap.ts";
import { emitEmpty, enterGuard, enterWindows, renewWindows, windowGlobals } from "./windows.ts";

export interface EmittedModule {
	readonly bytes: Uint8Array;
	/** The slot whose code holds the byte at that offset of the module; −1: it is in none of the program's functions (a lookup). */
	slotAt(offset: number): number;
}

export function emitModule(program: JitProgram, around: Surroundings, memory: { shared: boolean; maximumPages: number }): EmittedModule {
	const link = new Linkage(program, around, collectImports(program, around));
	const marks: Marks[] = [];
	const { slow } = program.functions[0];
	const functions: WasmFunction[] = [...program.functions, ...(slow === null ? [] : [slow])].map((fn) => {
		const emitter = new FunctionEmitter(fn, link);
		emitter.emit();
		marks.push(emitter.marks);
		const { type, locals, w } = emitter.b;
		return { type, locals, code: w.written(), name: fn.id === 0 && fn !== slow ? "run" : undefined };
	});
	if (link.checked) functions.push(emitEmpty(link.pairs));
	for (let i = 0; i < link.lookups.length; i++) {
		const shape = around.mapLayout(link.lookups[i]);
		if (shape.kind === "hash") functions.push(emitHashLookup(shape));
	}
	for (const fn of program.functions) if (fn.callback) functions.push(emitCallback(fn, link));
	const globals: WasmModule["globals"] = [
		{ type: I32, initial: link.around.fuel ?? 0 },
		...(link.checked ? windowGlobals(link.pairs) : []),
	];
	const { bytes, codeStarts } = encodeModule({ memory, imports: link.imports, functions, globals });
	return { bytes, slotAt: slotFinder(marks, codeStarts) };
}

/** Outside of emitModule, so that it keeps the marks alone and not the whole analysis. */
function slotFinder(marks: readonly Marks[], codeStarts: readonly number[]): EmittedModule["slotAt"] {
	return (offset) => {
		if (codeStarts.length > marks.length && offset >= codeStarts[marks.length]) return -1;
		let slot = -1;
		for (let i = 0; i < marks.length && codeStarts[i] <= offset; i++) slot = Math.max(0, marks[i].slotAt(offset - codeStarts[i]));
		return slot;
	};
}

function typeOf(fn: JitFunction): FunctionType {
	if (fn.id === 0) return low(2);
	return { params: parameterRegisters(fn.analysis.liveIn).map((r) => (fn.analysis.wideIn & (1 << r) ? I64 : I32)), results: [I64] };
}

/** A function while it is emitted: its code, and where in it each slot's begins. */
class FunctionEmitter {
	readonly b: Body;
	readonly marks: Marks;
	readonly #fn: JitFunction;
	readonly #link: Linkage;
	readonly #rotations = new Rotations();

	constructor(fn: JitFunction, link: Linkage) {
		this.b = new Body(fn, typeOf(fn));
		this.marks = new Marks(fn.analysis.flags.length);
		this.#fn = fn;
		this.#link = link;
	}

	emit(): void {
		const { items, cfg } = this.#fn;
		this.#enter();
		this.#burn(cfg.blocks[0].end - cfg.blocks[0].start);
		for (let i = 0; i < items.length; i++) {
			const item = items[i];
			if (item.kind !== "if") this.#item(item);
			else if (this.#branchTo(item, items[i + 1], items[i + 2])) i += 2;
			else this.b.open(OP.if, VOID, { kind: "if", label: item.block });
		}
		this.b.op(OP.unreachable);
	}

	/** Parameters, windows, the budgets of instructions and of may_goto. */
	#enter(): void {
		const { b } = this;
		const fn = this.#fn;
		const link = this.#link;
		if (link.checked) {
			enterWindows(b, link);
			enterGuard(b, link);
		}
		if (fn.id === 0) this.#enterMain();
		else parameterRegisters(fn.analysis.liveIn).forEach((r, i) => b.bindParameter(r, i));
		if (fn.cfg.blocks.some((block) => fn.ops[block.exit]?.kind === "may_goto")) {
			b.i32(MAY_GOTO_LIMIT);
			b.set(b.temp("may_goto", I32));
		}
	}

	/** r1 and r2 come as low words; each run has the whole budget. */
	#enterMain(): void {
		const { b } = this;
		const { fuel } = this.#link.around;
		for (let r = 1; r <= 2; r++) {
			b.bindParameter(r, r - 1);
			if (!(this.#fn.analysis.wideIn & (1 << r))) continue;
			b.get(r - 1);
			b.op(OP.i64_extend_i32_u);
			b.set(b.wide(r));
		}
		if (fuel === null) return;
		b.i32(fuel);
		if (this.#link.localFuel) b.set(b.temp("fuel", I32));
		else b.op(OP.global_set, GLOBALS.fuel);
	}

	/** Takes from the budget, if there is one, and traps where it is used up. */
	#burn(count: number): void {
		const { b } = this;
		const { around, localFuel } = this.#link;
		if (around.fuel === null) return;
		const fuel = b.temp("fuel", I32);
		if (localFuel) b.get(fuel);
		else b.op(OP.global_get, GLOBALS.fuel);
		b.i32(count);
		b.op(OP.i32_sub);
		b.tee(fuel);
		if (!localFuel) {
			b.op(OP.global_set, GLOBALS.fuel);
			b.get(fuel);
		}
		b.i32(0);
		b.op(OP.i32_lt_s);
		b.open(OP.if, VOID, { kind: "other", label: 0 });
		b.op(OP.unreachable);
		b.end();
	}

	#item(item: Exclude<Item, { kind: "if" }>): void {
		const { b } = this;
		switch (item.kind) {
			case "block":
				return b.open(OP.block, VOID, { kind: "block", label: item.label });
			case "loop":
				b.open(OP.loop, VOID, { kind: "loop", label: item.label });
				return this.#burn(loopLength(this.#fn.cfg, item.label) * item.copies);
			case "end":
				if (item.of === "dispatch") b.op(OP.unreachable);
				return b.end();
			case "code":
				return this.#code(item.block);
			case "br":
				return b.branch(OP.br, "block", item.label);
			case "continue":
				return b.branch(OP.br, "loop", item.label);
			case "dispatch":
				return this.#dispatch(item.blocks);
			case "case":
				return b.end();
			case "goto":
				b.i32(item.block);
				b.set(b.temp("next", I32));
				return b.branch(OP.br, "dispatch", 0);
			default:
				item satisfies never;
		}
	}

	/** Pushes the condition. True: all that depends on it is a jump, and that was made too. */
	#branchTo({ block, negate }: Extract<Item, { kind: "if" }>, next: Item, last: Item): boolean {
		this.#condition(block, negate);
		if ((next.kind !== "br" && next.kind !== "continue") || last.kind !== "end") return false;
		this.b.branch(OP.br_if, next.kind === "br" ? "block" : "loop", next.label);
		return true;
	}

	#condition(block: number, negate: boolean): void {
		const { b } = this;
		const fn = this.#fn;
		const slot = fn.cfg.blocks[block].exit;
		const op = fn.ops[slot];
		this.marks.add(b.w.length, slot);
		if (op?.kind === "branch") return emitCondition(b, op, slot - fn.entry, negate);
		// may_goto: taken when the budget is used up.
		const left = b.temp("may_goto", I32);
		b.get(left);
		b.i32(1);
		b.op(OP.i32_sub);
		b.tee(left);
		b.i32(0);
		b.op(negate ? OP.i32_ge_s : OP.i32_lt_s);
	}

	/** A loop over all blocks, each behind a label: the number in `next` says which is run. */
	#dispatch(blocks: number): void {
		const { b } = this;
		b.open(OP.loop, VOID, { kind: "dispatch", label: 0 });
		this.#burn(4);
		for (let k = blocks - 1; k >= 0; k--) b.open(OP.block, VOID, { kind: "case", label: k });
		b.get(b.temp("next", I32));
		b.op(OP.br_table);
		b.w.u32(blocks - 1);
		for (let k = 0; k < blocks; k++) b.w.u32(k);
	}

	#code(id: number): void {
		const { b } = this;
		const { cfg, ops, entry } = this.#fn;
		const block = cfg.blocks[id];
		this.#rotations.startBlock();
		for (let slot = block.start; slot < block.end; slot++) {
			const op = ops[slot];
			if (op === null) continue;
			const at = slot - entry;
			this.marks.add(b.w.length, slot);
			if (!this.#rotations.step(b, op, at, definedBy(op))) emitOp(b, op, slot, at, this.#link);
		}
	}
}

function emitOp(b: Body, op: Op, slot: number, at: number, link: Linkage): void {
	const flags = b.fn.analysis.flags[at];
	switch (op.kind) {
		case "alu":
			return emitAlu(b, op, at);
		case "movsx":
			return emitMovsx(b, op, at);
		case "extract":
			return emitExtract(b, op, at);
		case "neg":
			return emitNeg(b, op, at);
		case "swap":
			return emitSwap(b, op, at);
		case "cast":
			b.low(op.src, at);
			return b.setLow(op.dst, at);
		case "imm64": {
			if (!isNeeded(flags)) return;
			const low = op.pseudo === 0 ? op.lo : link.around.address(slot);
			if (flags & FLAG.resWide) {
				b.i64(low, op.pseudo === 0 ? op.hi : 0);
				return b.set(b.wide(op.dst));
			}
			b.i32(low);
			return b.set(b.narrow(op.dst));
		}
		case "load":
			return emitLoad(b, op, slot, at, link);
		case "store":
			return emitStore(b, op, slot, at, link);
		case "atomic":
			return emitAtomic(b, op, slot, at, link);
		case "packet":
			emitPacket(b, op, at, link);
			return renewWindows(b, link);
		case "helper":
		case "kfunc":
		case "callx":
			emitHelper(b, op, slot, at, link);
			return renewWindows(b, link);
		case "call":
			emitCall(b, op, at, link);
			return renewWindows(b, link);
		case "exit": {
			if (b.fn.id === 0) {
				storeWord(b, exchange.result, () => b.high(0, at, ofLeft(flags)));
				b.low(0, at);
			} else b.full(0, at, ofLeft(flags));
			return b.op(OP.return);
		}
		case "invalid":
			return b.op(OP.unreachable);
		case "jump":
		case "branch":
		case "may_goto":
			return;
		default:
			op satisfies never;
	}
}

/** Five low words in, the low word of r0 out, its high word in the exchange area. */
function emitCallback(fn: JitFunction, link: Linkage): WasmFunction {
	const b = new Body(fn, low(5));
	const result = b.newLocal(I64);
	if (fn.id === 0) throw new Error("internal error: the main program as a callback");
	for (const r of parameterRegisters(fn.analysis.liveIn)) {
		b.get(r - 1);
		if (fn.analysis.wideIn & (1 << r)) b.op(OP.i64_extend_i32_u);
	}
	b.call(link.functionIndex(fn.id));
	b.set(result);
	storeWord(b, exchange.result, () => {
		b.get(result);
		b.upper();
	});
	b.get(result);
	b.op(OP.i32_wrap_i64);
	return { type: b.type, locals: b.locals, code: b.w.written(), name: `cb${fn.id}` };
}
