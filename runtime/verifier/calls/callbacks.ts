/**
 * Calls into the program: subprograms, and callbacks that helpers and kfuncs make.
 *
 * A static subprogram is walked inline, in a new frame; a global one is assumed to be right for any arguments of its types and walked by itself;
 * a callback is walked as one more frame (called again and again until its states converge), or on its own when it runs later.
 * Source: check_func_call, push_callback_call, prepare_func_exit of kernel/bpf/verifier.c.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import { E2BIG, EACCES, EINVAL, ENOTSUPP, type Env, Refusal, type Subprog, reject } from "../env.ts";
import { FIELD, fieldAt } from "../fields.ts";
import { MAP } from "../maps.ts";
import { checkSubprogArgs } from "./global.ts";
import { isAsyncCallbackCall } from "./summary.ts";
import { kfuncOf } from "./kfuncs.ts";
import { isKfuncCall } from "../structure.ts";
import { markPrecise } from "../precision.ts";
import { findUnfinished } from "../prune.ts";
import { fieldsOf } from "../references.ts";
import { invalidated } from "../stack.ts";
import { pushAsync, pushBranch, widen } from "../walk.ts";
import { dynptrPart } from "../dynptr.ts";
import { Frame, mapRegs, notInit, pointer, type Reg, type State, unknownScalar } from "../state.ts";
import {
	ALLOC,
	CONST_PTR_TO_MAP,
	DYNPTR_SKB,
	DYNPTR_SKB_META,
	DYNPTR_XDP,
	NON_OWN_REF,
	PTR_TO_BTF_ID,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_STACK,
	RCU,
	SCALAR,
	baseOf,
	isPacketAny,
} from "../types.ts";
import type { RetvalRange } from "../programs/spec.ts";
import { DYN_LOCAL } from "../dynptr-kinds.ts";

const MAX_FRAMES = 8;

/** Packet pointers are lost when the packet may have moved. */
export function dropPacketPointers(env: Env): void {
	mapRegs(env.current, (reg) =>
		isPacketAny(reg.type) || (baseOf(reg.type) === PTR_TO_MEM && (reg.type & (DYNPTR_SKB | DYNPTR_XDP | DYNPTR_SKB_META)) !== 0)
			? invalidated(env)
			: reg,
	);
}

export function clearCallerSaved(regs: Reg[]): void {
	for (let i = 0; i <= 5; i++) regs[i] = notInit;
}

type SetCallee = (env: Env, caller: Frame, callee: Frame) => void;

function enter(env: Env, state: State, subprog: number, callsite: number, set: SetCallee): void {
	if (state.curframe + 1 >= MAX_FRAMES) reject(E2BIG, `the call stack of ${state.curframe + 2} frames is too deep`, { code: "V0403" });
	const callee = new Frame(callsite, state.curframe + 1, subprog);
	env.trace?.touchAll();
	set(env, state.frames[state.curframe], callee);
	state.frames[state.curframe + 1] = callee;
	state.frames.length = state.curframe + 2;
	state.curframe++;
}

/** A prototype that no static function need have: the kernel says nothing of it. */
const SILENT = new Set(["V0720", "V0721", "V0722", "V0724", "V0725"]);

/** Arguments against the prototype; what does not fit makes a static function "unreliable", which only tracing programs mind. */
function argumentsFit(env: Env, sub: Subprog): Refusal | null {
	if (!env.types || sub.unreliable) return new Refusal(EINVAL, "", {}, false);
	try {
		checkSubprogArgs(env, sub);
		return null;
	} catch (e) {
		if (!(e instanceof Refusal) || e.errno === 14) throw e;
		sub.unreliable = true;
		if (!sub.global && !SILENT.has(e.why.code ?? "")) env.trace?.write(`${e.message}\n`);
		return e;
	}
}

/** A call of a subprogram; the instruction to go on with. */
export function callSubprog(env: Env, insn: Insn): number {
	const at = env.insn;
	const index = env.subprogOf[at + insn.imm + 1];
	const sub = env.subprogs[index];
	const state = env.current;
	const caller = env.frame;
	if (!sub.global) {
		if (env.types) argumentsFit(env, sub);
		enter(env, state, index, at, (_env, from, to) => {
			for (let i = 1; i <= 5; i++) to.regs[i] = from.regs[i];
		});
		clearCallerSaved(caller.regs);
		env.trace?.enter(state);
		env.liveness.resetChain();
		return sub.start;
	}
	const misfit = argumentsFit(env, sub);
	if (state.activeLocks)
		reject(EINVAL, "global function calls are not allowed while holding a lock,\nuse static function instead", { code: "V0618" });
	if (sub.mightSleep && (state.activeRcu || state.activePreempt || state.activeIrqId || !state.inSleepable)) {
		reject(
			EINVAL,
			"global functions that may sleep are not allowed in non-sleepable context,\ni.e., in a RCU/IRQ/preempt-disabled section, or in\na non-sleepable BPF program context",
			{ code: "V0705" },
		);
	}
	if (misfit) {
		env.note(misfit.message);
		reject(misfit.errno, `Caller passes invalid args into func#${index} ('${sub.name}')`, { ...misfit.why, known: misfit.message });
	}
	env.trace?.write(`Func#${index} ('${sub.name}') is global and assumed valid.\n`);
	if (sub.changesPacket) dropPacketPointers(env);
	sub.called = true;
	clearCallerSaved(caller.regs);
	caller.regs[0] = unknownScalar;
	return at + 1;
}

export function pushCallback(env: Env, subprog: number, set: SetCallee): void {
	const at = env.insn;
	const sub = env.subprogs[subprog];
	const caller = env.frame;
	if (env.types && !sub.unreliable) argumentsFit(env, sub);
	sub.isCallback = true;
	if (isAsyncCallbackCall(env, at)) {
		sub.isAsyncCallback = true;
		const callee = pushAsync(env, sub.start, at, subprog, isKfuncCall(env.insns[at]));
		env.trace?.touchAll();
		callee.asyncEntries = caller.asyncEntries + 1;
		set(env, caller, callee);
		return;
	}
	const state = pushBranch(env, sub.start, at, false);
	enter(env, state, subprog, at, set);
	state.callbackUnroll++;
	state.frames[state.curframe - 1].callbackDepth++;
	caller.callbackDepth = 0;
}

const returns01: RetvalRange = { min: 0, max: 1 };

function mapPointers(callee: Frame, map: Reg, first: boolean): void {
	if (first) {
		callee.regs[1] = pointer(CONST_PTR_TO_MAP);
		callee.regs[1].map = map.map;
	}
	const key = pointer(PTR_TO_MAP_KEY);
	key.map = map.map;
	const value = pointer(PTR_TO_MAP_VALUE);
	value.map = map.map;
	callee.regs[2] = key;
	callee.regs[3] = value;
}

const FOR_EACH_MAPS = new Set<number>([MAP.HASH, MAP.PERCPU_HASH, MAP.LRU_HASH, MAP.LRU_PERCPU_HASH, MAP.ARRAY, MAP.PERCPU_ARRAY]);

export const forEachCallback: SetCallee = (_env, caller, callee) => {
	const map = caller.regs[1].map!;
	if (!FOR_EACH_MAPS.has(map.type)) reject(ENOTSUPP, "callback function not allowed for map", { code: "V0640" });
	callee.regs[1] = caller.regs[1];
	mapPointers(callee, caller.regs[1], false);
	callee.regs[4] = caller.regs[3];
	callee.inCallback = true;
	callee.callbackReturn = returns01;
};

export const loopCallback: SetCallee = (_env, caller, callee) => {
	callee.regs[1] = unknownScalar;
	callee.regs[2] = caller.regs[3];
	callee.inCallback = true;
	callee.callbackReturn = returns01;
};

export const timerCallback: SetCallee = (_env, caller, callee) => {
	mapPointers(callee, caller.regs[1], true);
	callee.inAsyncCallback = true;
	callee.callbackReturn = { min: 0, max: 0 };
};

export const taskWorkCallback: SetCallee = (_env, caller, callee) => {
	mapPointers(callee, caller.regs[3], true);
	callee.inAsyncCallback = true;
	callee.callbackReturn = { min: -0x8000_0000, max: 0x7fff_ffff };
};

export const findVmaCallback: SetCallee = (env, caller, callee) => {
	callee.regs[1] = caller.regs[1];
	const vma = pointer(PTR_TO_BTF_ID);
	vma.btf = env.kernel;
	vma.btfId = env.kernel?.find("vm_area_struct", "struct") ?? 0;
	callee.regs[2] = vma;
	callee.regs[3] = caller.regs[4];
	callee.inCallback = true;
	callee.callbackReturn = returns01;
};

export const userRingbufCallback: SetCallee = (env, caller, callee) => {
	callee.regs[1] = dynptrPart(DYN_LOCAL, true, env.newId(), 0);
	callee.regs[2] = caller.regs[3];
	callee.inCallback = true;
	callee.callbackReturn = returns01;
};

export const treeCallback: SetCallee = (env, caller, callee) => {
	const root = caller.regs[1];
	const field = fieldAt(fieldsOf(env, root), root.off, FIELD.rbRoot);
	if (!field) reject(14, "verifier bug: rbtree root not found", { code: "V0999" });
	for (const i of [1, 2]) {
		const node = pointer(PTR_TO_BTF_ID | ALLOC | NON_OWN_REF);
		node.btf = field.types!;
		node.btfId = field.valueId!;
		node.off = field.nodeOffset!;
		if ((fieldsOf(env, node)?.refcount ?? -1) >= 0) node.type |= RCU;
		callee.regs[i] = node;
	}
	callee.inCallback = true;
	callee.callbackReturn = returns01;
};

/** In a callback that a tree kfunc makes with the lock held. */
export function inTreeCallback(env: Env): boolean {
	const frame = env.frame;
	if (env.current.curframe === 0 || !frame.inCallback) return false;
	return kfuncOf(env, frame.callsite)?.name.startsWith("bpf_rbtree_") ?? false;
}

export function within(range: RetvalRange, reg: Reg, low: boolean): boolean {
	return low
		? range.min <= reg.range.s32min && reg.range.s32max <= range.max
		: BigInt(range.min) <= reg.range.smin && reg.range.smax <= BigInt(range.max);
}

export function badReturn(reg: Reg, range: RetvalRange, where: string, name: string): never {
	const { smin, smax } = reg.range;
	let known = "";
	if (smin > -(1n << 63n)) known += ` smin=${smin}`;
	if (smax < (1n << 63n) - 1n) known += ` smax=${smax}`;
	reject(EINVAL, `${where} the register ${name} has${known || " unknown scalar value"} should have been in [${range.min}, ${range.max}]`, {
		code: "V0710",
		register: 0,
		needed: `a value from ${range.min} to ${range.max}`,
		known: known.trim() || "any value",
		suggestion: `return a value from ${range.min} to ${range.max}`,
	});
}

/** The end of a subprogram or callback; the instruction to go on with. */
export function leaveFrame(env: Env): number {
	env.liveness.update();
	const state = env.current;
	const callee = state.frames[state.curframe];
	const caller = state.frames[state.curframe - 1];
	const r0 = callee.regs[0];
	if (r0.type === PTR_TO_STACK) reject(EINVAL, "cannot return stack pointer to the caller", { code: "V0711" });
	let next: number;
	if (callee.inCallback) {
		if (r0.type !== SCALAR) reject(EACCES, "R0 not a scalar value", { code: "V0712" });
		markPrecise(env, 0);
		if (!within(callee.callbackReturn, r0, false)) badReturn(r0, callee.callbackReturn, "At callback return", "R0");
		next = callee.callsite;
	} else {
		caller.regs[0] = r0;
		next = callee.callsite + 1;
	}
	env.trace?.leave(state, next);
	state.frames.length = state.curframe;
	state.curframe--;
	if (callee.inCallback) {
		const previous = findUnfinished(env, state, next);
		if (previous) widen(env, previous, state);
	}
	return next;
}
