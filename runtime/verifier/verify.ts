/**
 * The verifier: walks every path of a program in the abstract and says whether Linux 6.18 would take it.
 *
 *     structure ─▶ control flow ─▶ attach target ─▶ walk main ─▶ walk global functions ─▶ stack depth ─▶ verdict
 *
 * In: a `ProgramImage` and the kernel's BTF; out: a `Verdict`. The walk is depth-first: a branch pushes the other way (walk.ts), a prune point
 * compares with states seen (prune.ts). Every program, however malformed, ends in a verdict within the instruction budget.
 * Source: bpf_check and do_check of kernel/bpf/verifier.c.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import type { ProgramImage } from "../image.ts";
import type { Rejection, Verdict, VerifierStats } from "./facts.ts";
import { E2BIG, EACCES, EFAULT, EINVAL, EPERM, Env, R, Refusal, isGpl, reject } from "./env.ts";
import type { TypeSource } from "./btf.ts";
import { mapInfo, sourceOf } from "./maps.ts";
import { specOf, type CustomProgramType } from "./programs/table.ts";
import { checkFuncInfo, checkFuncInfoEarly, checkImmediates, checkSubprograms, findSubprograms, isKfuncCall, LD_IMM64 } from "./structure.ts";
import { analyseFlow, checkCfg } from "./cfg.ts";
import { checkAttach } from "./attach.ts";
import { Liveness } from "./liveness.ts";
import { Backtrack, pushHistory } from "./precision.ts";
import { isVisited } from "./prune.ts";
import { finishPath } from "./scc.ts";
import { pushBranch } from "./walk.ts";
import { checkAlu, checkReadable, checkWritable } from "./alu.ts";
import { checkJump } from "./jump.ts";
import { accessMemory, checkUnmodified, recordPointerType } from "./memory.ts";
import { checkLoadImmediate } from "./immediate.ts";
import { callHelper } from "./calls/helper.ts";
import { callKfunc } from "./calls/kfunc.ts";
import { callSubprog, clearCallerSaved, leaveFrame } from "./calls/callbacks.ts";
import { entryRegs, subprogArgs } from "./calls/global.ts";
import { helperName } from "./calls/contract.ts";
import { kfuncOf } from "./calls/kfuncs.ts";
import { checkHeld } from "./references.ts";
import { checkReturn } from "./returns.ts";
import { checkStackDepth, dropFastcallStack, markFastcall } from "./stack-depth.ts";
import { FactCollector } from "./collect.ts";
import { closing, kernelLog } from "./kernel-log.ts";
import { executedBefore } from "./executed.ts";
import { registerText } from "./print-state.ts";
import { diagnose } from "./words/diagnoses.ts";
import { Frame, type Reg, State, notInit, pointer, scalar, unknownScalar, zeroScalar } from "./state.ts";
import { editable, unbounded, sync, zeroExtend32 } from "./range.ts";
import { NOT_INIT, PTR_TO_ARENA, PTR_TO_CTX, PTR_TO_FLOW_KEYS, SCALAR, isPacket, isSock, typeName } from "./types.ts";

export interface VerifyOptions {
	/** The kernel's types: for programs attached by BTF and kernel functions. */
	readonly kernel?: TypeSource | null;
	/** Rules for CAP_BPF without CAP_PERFMON. */
	readonly capBpfOnly?: boolean;
	readonly cpus?: number;
	readonly jit?: boolean;
	/** Facts for a JIT. */
	readonly facts?: boolean;
	readonly logLevel?: number;
	readonly programTypes?: readonly CustomProgramType[];
	/** Instruction budget; the kernel's is a million. */
	readonly limit?: number;
}

/** BPF_F_XDP_DEV_BOUND_ONLY. */
const DEVICE_BOUND = 64;
const noStats = (n: number): VerifierStats => ({ insnsProcessed: 0, totalStates: 0, peakStates: 0, maxStatesPerInsn: 0, stackDepth: [], visits: new Uint32Array(n) });

/** Whether the kernel would load the program, and why not. */
export function verify(image: ProgramImage, options: VerifyOptions = {}): Verdict {
	const spec = specOf(image.type, options.programTypes);
	const refuse = (kind: "reject" | "unsupported", message: string, errno: number): Verdict => ({
		verdict: kind, rejection: { code: "V0001", message, errno, insn: -1, register: -1 }, stats: noStats(image.insns.length), log: message,
	});
	if (!spec) return refuse("reject", `unknown program type ${image.type}`, EINVAL);
	if (image.insns.length === 0 || image.insns.length > 1_000_000) return refuse("reject", "invalid program length", E2BIG);
	const kernel = options.kernel ?? null;
	const maps = image.maps.map((m, i) => mapInfo(m, i, kernel));
	const types = image.btf ? sourceOf(image.btf) : null;
	const env = new Env(image, spec, kernel, types, maps, { perfmon: !options.capBpfOnly, jit: options.jit ?? true, cpus: options.cpus ?? 2 }, options.logLevel ?? 0);
	if (options.limit !== undefined) env.limitInsns = options.limit;
	env.liveness = new Liveness(env);
	env.backtrack = new Backtrack();
	if (options.facts) env.collector = new FactCollector(image.insns.length);
	let walking = false;
	try {
		checkKfuncsAllowed(env);
		checkFuncInfoEarly(env);
		findSubprograms(env);
		checkSubprograms(env);
		checkFuncInfo(env);
		checkImmediates(env);
		checkCfg(env);
		checkAttach(env);
		analyseFlow(env);
		markFastcall(env);
		walking = true;
		walkMain(env);
		walkGlobals(env);
		walking = false;
		dropFastcallStack(env);
		checkStackDepth(env);
		checkDeadKfuncs(env);
	} catch (e) {
		const refusal = e instanceof Refusal ? e : new Refusal(EFAULT, `internal error: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`, { code: "V0998" }, true);
		env.log.push(refusal.message);
		const log = walking && env.logLevel > 0 ? kernelLog(env, refusal.message) : env.log.join("\n");
		return { verdict: refusal.unsupported ? "unsupported" : "reject", rejection: rejectionOf(env, refusal, walking), stats: statsOf(env), log };
	}
	const facts = (env.collector ?? new FactCollector(0)).finish(env);
	return { verdict: "accept", facts, stats: statsOf(env), log: [...env.log, ...(env.logLevel > 0 ? [closing(env)] : [])].join("\n") };
}

function rejectionOf(env: Env, refusal: Refusal, walking: boolean): Rejection {
	const { why, message } = refusal;
	const register = why.register ?? Number(/\bR(\d+)\b/.exec(message)?.[1] ?? -1);
	const state: Record<string, string> = {};
	if (walking) for (const [r, reg] of env.regs.entries()) if (reg.type !== NOT_INIT) state[`R${r}`] = registerText(reg, env.current.curframe);
	const busiest = refusal.errno === E2BIG && walking ? env.visits.indexOf(Math.max(...env.visits)) : -1;
	return {
		code: diagnose(message)?.row.code ?? why.code ?? "V0000", message, errno: refusal.errno, insn: walking ? env.insn : -1, register,
		...(why.needed === undefined ? {} : { needed: why.needed }), ...(why.known === undefined ? {} : { known: why.known }), ...(why.suggestion === undefined ? {} : { suggestion: why.suggestion }),
		...(walking ? { executed: executedBefore(env), state } : {}), notes: env.log.filter((line) => line !== message),
		...(busiest < 0 ? {} : { busiest: { insn: busiest, visits: env.visits[busiest] } }),
	};
}

function statsOf(env: Env): VerifierStats {
	return {
		insnsProcessed: env.insnsProcessed, totalStates: env.totalStates, peakStates: env.peakStates, maxStatesPerInsn: env.maxStatesPerInsn,
		stackDepth: env.subprogs.map((s) => s.stackDepth), visits: env.visits,
	};
}

/** Kernel functions are looked up before anything else. */
function checkKfuncsAllowed(env: Env): void {
	for (let i = 0; i < env.insns.length; i++) {
		const insn = env.insns[i];
		if (!isKfuncCall(insn)) continue;
		if (!isGpl(env.image.license)) reject(EINVAL, "cannot call kernel function from non-GPL compatible program", { code: "V0122" });
		if (insn.imm === 0 && insn.off === 0) continue;
		if (insn.off < 0) reject(EINVAL, "negative offset disallowed for kernel module function call", { code: "V0650" });
		if (insn.imm <= 0) reject(EINVAL, `invalid kernel function btf_id ${insn.imm}`, { code: "V0650" });
		if (insn.off === 0 && env.kernel) {
			const kfunc = kfuncOf(env, i);
			if (kfunc?.name.startsWith("bpf_xdp_metadata_rx_") && !(env.image.flags & DEVICE_BOUND)) reject(EINVAL, "metadata kfuncs require device-bound program", { code: "V0652" });
			if (!kfunc || kfunc.name === "" || !kfunc.proto) reject(EINVAL, `kernel btf_id ${insn.imm} is not a function`, { code: "V0650" });
		}
	}
}

/** A call of function 0 stands for one that the kernel lacks; it may only be in dead code. */
function checkDeadKfuncs(env: Env): void {
	for (let i = 0; i < env.insns.length; i++) {
		if (isKfuncCall(env.insns[i]) && env.insns[i].imm === 0 && env.visits[i] > 0) reject(EINVAL, "invalid kernel function call not eliminated in verifier pass", { code: "V0651" });
	}
}

function walkMain(env: Env): void {
	const state = startState(env, 0);
	const { regs } = state.frames[0];
	const main = env.subprogs[0];
	if (env.types && main.typeId) {
		try {
			const args = subprogArgs(env, main);
			if (args.length !== 1 || args[0].kind !== "ctx") main.unreliable = true;
		} catch (e) {
			if (!(e instanceof Refusal)) throw e;
			main.unreliable = true;
		}
	}
	regs[1] = pointer(PTR_TO_CTX);
	walk(env, state);
}

function walkGlobals(env: Env): void {
	if (!env.types || env.image.funcInfo.length === 0) return;
	if (env.exceptionCallback) env.subprogs[env.exceptionCallback].called = true;
	for (let again = true; again; ) {
		again = false;
		for (let i = 1; i < env.subprogs.length; i++) {
			const sub = env.subprogs[i];
			if (!sub.global || !sub.called || sub.verified) continue;
			env.insn = sub.start;
			const args = subprogArgs(env, sub);
			const state = startState(env, i);
			if (sub.isExceptionCallback) {
				state.frames[0].inExceptionCallback = true;
				if (args.length !== 1 || args[0].kind !== "scalar") reject(EINVAL, "exception cb only supports single integer argument", { code: "V0642" });
			}
			entryRegs(env, sub, state.frames[0].regs);
			walk(env, state);
			sub.verified = true;
			again = true;
		}
	}
}

function startState(env: Env, subprog: number): State {
	const state = new State();
	state.frames.push(new Frame(-1, 0, subprog));
	state.branches = 1;
	state.inSleepable = env.sleepable || env.spec.id === 31;
	state.firstInsn = env.subprogs[subprog].start;
	state.lastInsn = -1;
	env.insn = state.firstInsn;
	env.explored = new Map();
	env.exploredStates = env.freeStates = 0;
	env.sccVisits = new Map();
	env.current = state;
	env.liveness.resetChain();
	return state;
}

function walk(env: Env, start: State): void {
	env.current = start;
	env.stack = [];
	let prev = -1;
	const { insns } = env;
	for (;;) {
		env.historyEntry = null;
		env.prevInsn = prev;
		const at = env.insn;
		if (at >= insns.length) reject(EFAULT, `invalid insn idx ${at} insn_cnt ${insns.length}`, { code: "V0999" });
		if (++env.insnsProcessed > env.limitInsns) {
			reject(E2BIG, `BPF program is too large. Processed ${env.insnsProcessed} insn`, { code: "V0400", needed: "at most 1,000,000 instructions walked", known: "the paths through the program are more", suggestion: "bound loops more tightly, or use bpf_loop or an iterator" });
		}
		const state = env.current;
		state.lastInsn = env.prevInsn;
		state.insn = at;
		let ended = false;
		if (env.prunePoint[at]) ended = isVisited(env, at);
		if (!ended) {
			if (env.jumpPoint[at]) pushHistory(env, state, 0, null);
			env.visits[at]++;
			if (!state.speculative) env.seen[at] = 1;
			prev = at;
			ended = step(env, state, insns[at]);
		}
		if (!ended) continue;
		finishPath(env, env.current);
		env.liveness.update();
		const next = env.stack.pop();
		if (!next) return;
		env.current = next.state;
		env.insn = next.insn;
		prev = next.prev;
	}
}

/** One instruction. True: the path ends. */
function step(env: Env, state: State, insn: Insn): boolean {
	const at = env.insn;
	if (state.speculative && env.nospec[at]) return true;
	env.collector?.visit(env, at, insn);
	env.liveness.beginInsn(at);
	if (!env.bypassSpecV1 && state.speculative) {
		try {
			const done = execute(env, insn);
			env.liveness.commitInsn();
			if (done) return true;
		} catch (e) {
			if (!(e instanceof Refusal) || ![EPERM, EACCES, EINVAL].includes(e.errno)) throw e;
			// A barrier before the instruction keeps speculation away from it.
			env.liveness.commitInsn();
			env.nospec[at] = 1;
			env.aluState[at] = 0;
			return true;
		}
		return env.nospecResult[at] !== 0;
	}
	const done = execute(env, insn);
	env.liveness.commitInsn();
	return done;
}

function execute(env: Env, insn: Insn): boolean {
	const { opcode } = insn;
	switch (opcode & 7) {
		case 4:
		case 7:
			checkAlu(env, insn);
			env.insn++;
			return false;
		case 1:
			load(env, insn, insn.src, false, (opcode & 0xe0) === 0x80, true);
			env.insn++;
			return false;
		case 3:
			if ((opcode & 0xe0) === 0xc0) atomic(env, insn);
			else {
				if ((opcode & 0xe0) !== 0x60 || insn.imm !== 0) reject(EINVAL, "BPF_STX uses reserved fields", { code: "V0012" });
				store(env, insn, false);
			}
			env.insn++;
			return false;
		case 2: {
			if ((opcode & 0xe0) !== 0x60 || insn.src !== 0) reject(EINVAL, "BPF_ST uses reserved fields", { code: "V0012" });
			checkReadable(env, insn.dst);
			const { type } = env.regs[insn.dst];
			accessMemory(env, insn.dst, { off: insn.off, size: sizeOfAccess(opcode), write: true, value: -1, imm: insn.imm, strict: false, signExtend: false });
			recordPointerType(env, type, false);
			env.insn++;
			return false;
		}
		case 0:
			if (opcode === LD_IMM64) {
				checkWritable(env, insn.dst);
				checkLoadImmediate(env, insn);
				env.seen[env.insn + 1] = env.seen[env.insn];
				env.insn += 2;
			} else if ((opcode & 0xe0) === 0x20 || (opcode & 0xe0) === 0x40) {
				env.insn = loadPacket(env, insn);
			} else reject(EINVAL, "invalid BPF_LD mode", { code: "V0012" });
			return false;
		default:
			return jump(env, insn);
	}
}

const SIZES = [4, 2, 1, 8];
const sizeOfAccess = (opcode: number): number => SIZES[(opcode >> 3) & 3];

function load(env: Env, insn: Insn, src: number, strict: boolean, signExtend: boolean, allowMismatch: boolean): void {
	checkReadable(env, src);
	checkWritable(env, insn.dst);
	const { type } = env.regs[src];
	accessMemory(env, src, { off: insn.off, size: sizeOfAccess(insn.opcode), write: false, value: insn.dst, imm: null, strict, signExtend });
	recordPointerType(env, type, allowMismatch);
}

function store(env: Env, insn: Insn, strict: boolean): void {
	checkReadable(env, insn.src);
	checkReadable(env, insn.dst);
	const { type } = env.regs[insn.dst];
	accessMemory(env, insn.dst, { off: insn.off, size: sizeOfAccess(insn.opcode), write: true, value: insn.src, imm: null, strict, signExtend: false });
	recordPointerType(env, type, false);
}

const CMPXCHG = 0xf1;
const LOAD_ACQUIRE = 0x100;
const STORE_RELEASE = 0x110;
const RMW = new Set([0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, CMPXCHG]);

function atomic(env: Env, insn: Insn): void {
	const { imm, opcode } = insn;
	const size = sizeOfAccess(opcode);
	if (imm === LOAD_ACQUIRE) {
		load(env, insn, insn.src, true, false, false);
		checkAtomicPointer(env, insn.src, "loads from");
		return;
	}
	if (imm === STORE_RELEASE) {
		store(env, insn, true);
		checkAtomicPointer(env, insn.dst, "stores into");
		return;
	}
	if (!RMW.has(imm)) reject(EINVAL, `BPF_ATOMIC uses invalid atomic opcode ${(imm >>> 0).toString(16).padStart(2, "0")}`, { code: "V0012" });
	if (size !== 4 && size !== 8) reject(EINVAL, "invalid atomic operand size", { code: "V0012" });
	checkReadable(env, insn.src);
	checkReadable(env, insn.dst);
	const leaks = (regno: number): void => {
		if (!env.allowPtrLeaks && env.regs[regno].type !== SCALAR) reject(EACCES, `${R(regno)} leaks addr into mem`, { code: "V0250", register: regno });
	};
	if (imm === CMPXCHG) {
		checkReadable(env, 0);
		leaks(0);
	}
	leaks(insn.src);
	checkAtomicPointer(env, insn.dst, "stores into");
	const { type } = env.regs[insn.dst];
	const result = imm & 1 ? (imm === CMPXCHG ? 0 : insn.src) : -1;
	const access = { off: insn.off, size, imm: null, strict: true, signExtend: false };
	if (result >= 0) {
		checkWritable(env, result);
		env.regs[result] = unknownScalar;
	}
	accessMemory(env, insn.dst, { ...access, write: false, value: -1 });
	if (result >= 0) accessMemory(env, insn.dst, { ...access, write: false, value: result });
	if (type === PTR_TO_ARENA) recordPointerType(env, type, false);
	// The second look sees a register that the load may have replaced: the address register cannot be the result, or its type is wrong.
	accessMemory(env, insn.dst, { ...access, write: true, value: -1 });
}

function checkAtomicPointer(env: Env, regno: number, what: string): void {
	const { type } = env.regs[regno];
	if (type === PTR_TO_CTX || isPacket(type) || type === PTR_TO_FLOW_KEYS || isSock(type)) {
		reject(EACCES, `BPF_ATOMIC ${what} ${R(regno)} ${typeName(type)} is not allowed`, { code: "V0262", register: regno });
	}
}

/** LD_ABS and LD_IND: bytes of the packet, of which r6 has the context. */
function loadPacket(env: Env, insn: Insn): number {
	if (!env.spec.loadsPacket) reject(EINVAL, "BPF_LD_[ABS|IND] instructions not allowed for this program type", { code: "V0263" });
	const indirect = (insn.opcode & 0xe0) === 0x40;
	if (insn.dst !== 0 || insn.off !== 0 || ((insn.opcode >> 3) & 3) === 3 || (!indirect && insn.src !== 0)) reject(EINVAL, "BPF_LD_[ABS|IND] uses reserved fields", { code: "V0012" });
	checkReadable(env, 6);
	checkHeld(env, false, true, "BPF_LD_[ABS|IND]");
	if (env.regs[6].type !== PTR_TO_CTX) reject(EINVAL, "at the time of BPF_LD_ABS|IND R6 != pointer to skb", { code: "V0263" });
	if (indirect) checkReadable(env, insn.src);
	checkUnmodified(env, env.regs[6], 6, false);
	clearCallerSaved(env.regs);
	env.regs[0] = unknownScalar;
	if (env.current.curframe > 0) {
		// A load beyond the packet's end leaves the subprogram with 0.
		pushBranch(env, env.insn + 1, env.insn, false);
		env.regs[0] = zeroScalar;
		return leaveFrame(env);
	}
	return env.insn + 1;
}

function jump(env: Env, insn: Insn): boolean {
	const { opcode } = insn;
	const wide = (opcode & 7) === 5;
	env.jumpsProcessed++;
	switch (opcode & 0xf0) {
		case 0x80:
			if (opcode & 8 || (insn.src !== 2 && insn.off !== 0) || insn.src > 2 || insn.dst !== 0 || !wide) reject(EINVAL, "BPF_CALL uses reserved fields", { code: "V0012" });
			if (env.current.activeLocks) checkLockedCall(env, insn);
			if (insn.src === 1) env.insn = callSubprog(env, insn);
			else if (insn.src === 2) {
				const next = callKfunc(env, insn);
				if (next < 0) return leaveProgram(env, true);
				env.insn = next;
			} else env.insn = callHelper(env, insn);
			return false;
		case 0x00:
			if (opcode & 8 || insn.src !== 0 || insn.dst !== 0 || (wide ? insn.imm !== 0 : insn.off !== 0)) reject(EINVAL, "BPF_JA uses reserved fields", { code: "V0012" });
			env.insn += (wide ? insn.off : insn.imm) + 1;
			return false;
		case 0x90:
			if (opcode & 8 || insn.imm !== 0 || insn.src !== 0 || insn.dst !== 0 || !wide) reject(EINVAL, "BPF_EXIT uses reserved fields", { code: "V0012" });
			return leaveProgram(env, false);
		default:
			env.insn = checkJump(env, insn);
			return false;
	}
}

const SPIN_ALLOWED = /^bpf_(list_(push|pop|front|back)|rbtree_|refcount_acquire|iter_num_|res_spin_(un)?lock|stream_)/;

function checkLockedCall(env: Env, insn: Insn): void {
	if ((insn.src === 0 && helperName(insn.imm) !== "spin_unlock") || (insn.src === 2 && (insn.off !== 0 || !SPIN_ALLOWED.test(kfuncOf(env, env.insn)?.name ?? "")))) {
		reject(EINVAL, "function calls are not allowed while holding a lock", { code: "V0619" });
	}
}

function leaveProgram(env: Env, exception: boolean): boolean {
	checkHeld(env, exception, exception || env.current.curframe === 0, exception ? "bpf_throw" : "BPF_EXIT instruction in main prog");
	if (exception) return true;
	if (env.current.curframe > 0) {
		env.insn = leaveFrame(env);
		return false;
	}
	checkReturn(env, 0, "R0");
	return true;
}

export { type Reg, notInit, scalar, editable, unbounded, sync, zeroExtend32 };
