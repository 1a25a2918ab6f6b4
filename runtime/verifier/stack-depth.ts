/**
 * Stack use over chains of calls: each frame rounded up, at most 512 bytes together, at most eight frames.
 *
 * Also the fastcall patterns: spills around calls that the JIT inlines, which cost no stack when nothing else touches them.
 * Source: check_max_stack_depth, mark_fastcall_patterns, remove_fastcall_spills_fills, optimize_bpf_loop, do_misc_fixups of kernel/bpf/verifier.c.
 */
import { E2BIG, EACCES, EINVAL, type Env, type Subprog, reject } from "./env.ts";
import { CALL, isFuncPointer, isKfuncCall, isMayGoto, isSubprogCall } from "./structure.ts";
import { kfuncOf } from "./calls/kfuncs.ts";
import { callSummary } from "./calls/summary.ts";

const MAX_STACK = 512;
const MAX_FRAMES = 8;
const PRIVATE_STACK_MIN = 64;
const ADAPTIVE = new Set([2, 5, 7, 17]);
/** Tracing programs that run through a trampoline: all but iterators. */
const TRACING = 26;
const ITERATOR = 28;

const STX_DW = 0x7b;
const LDX_DW = 0x79;

export function markFastcall(env: Env): void {
	for (const sub of env.subprogs) {
		let lowest = 0;
		for (let i = sub.start; i < sub.end; i++) {
			const insn = env.insns[i];
			if (insn.opcode === STX_DW && insn.dst === 10) lowest = Math.min(lowest, insn.off);
		}
		for (let i = sub.start; i < sub.end; i++) if (env.insns[i].opcode === CALL) markCall(env, sub, i, lowest);
	}
}

function markCall(env: Env, sub: Subprog, at: number, lowest: number): void {
	const summary = callSummary(env, at);
	if (!summary) return;
	// Registers that the call does not need to clobber: r0 unless void, and those of its parameters.
	let clobbered = summary.isVoid ? 0 : 1;
	for (let i = 1; i <= summary.params; i++) clobbered |= 1 << i;
	let expected = ~clobbered & 0x3f;
	let off = lowest;
	let i = 1;
	for (; i <= 6; i++, off += 8) {
		if (at - i < 0 || at + i >= env.insns.length) break;
		const stx = env.insns[at - i];
		const ldx = env.insns[at + i];
		if (stx.opcode !== STX_DW || ldx.opcode !== LDX_DW || stx.dst !== 10 || ldx.src !== 10 || stx.src !== ldx.dst) break;
		if (!((1 << stx.src) & expected) || stx.off !== off || ldx.off !== off) break;
		expected &= ~(1 << stx.src);
		env.fastcallPattern[at - i] = 1;
		env.fastcallPattern[at + i] = 1;
	}
	if (i === 1) return;
	if (summary.fastcall) env.fastcallSpills[at] = i - 1;
	else sub.keepFastcallStack = true;
	sub.fastcallStackOff = Math.min(sub.fastcallStackOff, off);
}

/** After the walk: patterns that were never disturbed disappear, and their stack with them. */
export function dropFastcallStack(env: Env): void {
	for (const sub of env.subprogs) {
		let removed = false;
		for (let i = sub.start; i < sub.end; i++) if (env.fastcallSpills[i] > 0) removed = true;
		if (removed && !sub.keepFastcallStack) sub.stackDepth = -sub.fastcallStackOff;
	}
}

/** bpf_loop as a loop keeps three registers on the stack. */
const LOOP_STACK = 24;
/** may_goto keeps its count there, and when it began. */
const MAY_GOTO_STACK = 16;

/**
 * What the kernel's own instructions add to the stack when the program is accepted, and the functions that nothing entered, which it takes away: no limit
 * is asked about either, but its log counts so.
 */
export function addRewrittenStack(env: Env): void {
	for (const sub of env.subprogs) {
		sub.removed = env.visits.subarray(sub.start, sub.end).every((count) => count === 0);
		const some = (found: (at: number) => boolean): boolean => {
			for (let at = sub.start; at < sub.end; at++) if (found(at)) return true;
			return false;
		};
		if (some((at) => env.loopInline[at]?.fit === true)) sub.stackDepth += LOOP_STACK;
		// The JIT for x86-64 has the clock; a jump to the next instruction is taken away before.
		if (some((at) => isMayGoto(env.insns[at]) && env.insns[at].off !== 0 && env.visits[at] > 0)) sub.stackDepth += MAY_GOTO_STACK;
	}
}

/** Bytes of stack of each function, as the kernel's log says them. */
export const stackDepths = (env: Env): number[] => env.subprogs.flatMap(({ removed, stackDepth }) => (removed ? [] : [stackDepth]));

export function checkStackDepth(env: Env): void {
	const { subprogs } = env;
	let privateStack =
		!subprogs.some((s) => s.hasTailCall) &&
		(ADAPTIVE.has(env.spec.id) || (env.spec.id === TRACING && env.image.expectedAttachType !== ITERATOR));
	if (!env.options.jit) privateStack = false;
	const mode = new Map<number, "none" | "own">();
	for (let i = subprogs.length - 1; i >= 0; i--) {
		if (i !== 0 && !subprogs[i].isAsyncCallback) continue;
		checkFrom(env, i, i === 0 && privateStack, mode);
	}
}

function checkFrom(env: Env, root: number, privateStack: boolean, mode: Map<number, "none" | "own">): void {
	const { subprogs, insns } = env;
	const calls: { index: number; at: number }[] = [];
	let depth = 0;
	let index = root;
	let at = subprogs[root].start;
	let tailCall = false;
	const depthOf = (i: number): number => Math.ceil(subprogs[i].stackDepth / 16) * 16;
	if (!privateStack) mode.set(root, "none");
	/** The call that goes too deep, and what each function on the way takes. */
	const place = (): { at: number; known: string } => ({
		at: calls.length > 0 ? calls[calls.length - 1].at - 1 : subprogs[index].start,
		known: [...calls.map((call) => call.index), index]
			.map((i) => `${subprogs[i].name || `function ${i}`} ${subprogs[i].stackDepth} bytes`)
			.join(", "),
	});
	const enter = (): void => {
		const sub = subprogs[index];
		if (index !== 0 && sub.hasTailCall && depth >= 256)
			reject(EACCES, `tail_calls are not allowed when call stack of previous frames is ${depth} bytes. Too large`, {
				code: "V0410",
				...place(),
			});
		const own = depthOf(index);
		if (privateStack && mode.get(index) === undefined && own >= PRIVATE_STACK_MIN) mode.set(index, "own");
		if (mode.get(index) === "own") {
			if (own > MAX_STACK) reject(EACCES, `stack size of subprog ${index} is ${own}. Too large`, { code: "V0411" });
		} else {
			depth += own;
			if (depth > MAX_STACK) {
				reject(EACCES, `combined stack size of ${calls.length + 1} calls is ${depth}. Too large`, {
					code: "V0411",
					needed: "at most 512 bytes of stack along every chain of calls",
					suggestion: "move large objects into a per-CPU array map",
					...place(),
				});
			}
		}
	};
	enter();
	for (;;) {
		let called = false;
		for (; at < subprogs[index].end; at++) {
			const insn = insns[at];
			if (isKfuncCall(insn) && insn.off === 0 && kfuncOf(env, at)?.name === "bpf_throw") {
				if (subprogs[index].isCallback || calls.some((c) => subprogs[c.index].isCallback)) {
					reject(EINVAL, `bpf_throw kfunc (insn ${at}) cannot be called from callback subprog ${index}`, { code: "V0641" });
				}
				continue;
			}
			if (!isSubprogCall(insn) && !isFuncPointer(insn)) continue;
			const callee = env.subprogOf[at + insn.imm + 1];
			if (subprogs[callee].isAsyncCallback) {
				if (!isSubprogCall(insn)) continue;
				if (subprogs[callee].isExceptionCallback) reject(EINVAL, `insn ${at} cannot call exception cb directly`, { code: "V0642" });
			}
			calls.push({ index, at: at + 1 });
			index = callee;
			at = subprogs[callee].start;
			if (!privateStack) mode.set(index, "none");
			if (subprogs[index].hasTailCall) tailCall = true;
			if (calls.length >= MAX_FRAMES) reject(E2BIG, `the call stack of ${calls.length} frames is too deep !`, { code: "V0403" });
			enter();
			called = true;
			break;
		}
		if (called) continue;
		if (tailCall && calls.some((c) => subprogs[c.index].isExceptionCallback))
			reject(EINVAL, "cannot tail call within exception cb", { code: "V0642" });
		const back = calls.pop();
		if (!back) return;
		if (mode.get(index) !== "own") depth -= depthOf(index);
		index = back.index;
		at = back.at;
	}
}
