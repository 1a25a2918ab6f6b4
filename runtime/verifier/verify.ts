/**
 * The verifier: walks every path of a program in the abstract and says whether Linux 6.18 would take it.
 *
 *     structure ─▶ control flow ─▶ attach target ─▶ walk main ─▶ walk global functions ─▶ stack depth ─▶ verdict
 *
 * In: a `ProgramImage` and the kernel's BTF; out: a `Verdict`. The walk is depth-first (paths.ts): a branch pushes the other way (walk.ts), a prune point
 * compares with states seen (prune.ts). Where 6.18's faults leave a doubt a program
 * is walked again without them (scc.ts, memory.ts). Every program, however malformed, ends in a verdict within the instruction budget.
 * Source: bpf_check and do_check of kernel/bpf/verifier.c.
 */
import type { ProgramImage } from "../image.ts";
import type { Rejection, Verdict, VerifierStats } from "./facts.ts";
import { E2BIG, EFAULT, EINVAL, Env, Refusal, isGpl, reject } from "./env.ts";
import type { TypeSource } from "./btf.ts";
import { mapInfo, sourceOf } from "./maps.ts";
import { walkGlobals, walkMain } from "./paths.ts";
import { specOf, type CustomProgramType } from "./programs/table.ts";
import type { ProgramSpec } from "./programs/spec.ts";
import {
	checkFuncInfo,
	checkFuncInfoEarly,
	checkImmediates,
	checkSubprograms,
	findSubprograms,
	isFuncPointer,
	isKfuncCall,
} from "./structure.ts";
import { analyseFlow, checkCfg } from "./cfg.ts";
import { checkAttach } from "./attach.ts";
import { Liveness } from "./liveness.ts";
import { kfuncOf } from "./calls/kfuncs.ts";
import { addRewrittenStack, checkStackDepth, dropFastcallStack, markFastcall, stackDepths } from "./stack-depth.ts";
import { FactCollector } from "./collect.ts";
import { KernelLog, closing } from "./kernel-log.ts";
import { executedBefore } from "./executed.ts";
import { ownedSlots, registerText } from "./print-state.ts";
import type { State } from "./state.ts";
import { diagnose } from "./words/diagnoses.ts";
import { busiestOf, openLoop } from "./words/open-loop.ts";
import { NOT_INIT } from "./types.ts";
import { Backtrack } from "./backtrack.ts";

export interface VerifyOptions {
	/** The kernel's types: for programs attached by BTF and kernel functions. */
	readonly kernel?: TypeSource | null;
	/** Whether the kernel knows an address of a variable that its BTF has (`kallsyms`); not given: it does. */
	readonly hasAddress?: (name: string) => boolean;
	/** Rules for CAP_BPF without CAP_PERFMON. */
	readonly capBpfOnly?: boolean;
	readonly cpus?: number;
	readonly jit?: boolean;
	/** Facts for a JIT; "ranges": with the bounds of every register, which ours does not need. */
	readonly facts?: boolean | "ranges";
	/** The kernel's log: 1, the path to the rejection; 2, all paths; 4, statistics; as the bits of libbpf's log_level. */
	readonly logLevel?: number;
	readonly programTypes?: readonly CustomProgramType[];
	/** Instruction budget; the kernel's is a million. */
	readonly limit?: number;
}

/** BPF_F_XDP_DEV_BOUND_ONLY. */
const DEVICE_BOUND = 64;
/** Alignment, test, sleepable, XDP and invariants flags. */
const KNOWN_FLAGS = 0xff;
/** Tracing, struct_ops, extension and LSM programs. */
const ATTACHED_BY_BTF = new Set([26, 27, 28, 29]);
const noStats = (n: number): VerifierStats => ({
	insnsProcessed: 0,
	totalStates: 0,
	peakStates: 0,
	maxStatesPerInsn: 0,
	stackDepth: [],
	visits: new Uint32Array(n),
});

/** Whether the kernel would load the program, and why not. */
export function verify(given: ProgramImage, options: VerifyOptions = {}): Verdict {
	const spec = specOf(given.type, options.programTypes);
	let image = given;
	const refuse = (kind: "reject" | "unsupported", message: string, errno: number): Verdict => ({
		verdict: kind,
		rejection: { code: "V0001", message, errno, insn: -1, register: -1 },
		stats: noStats(image.insns.length),
		log: message,
	});
	if (!spec) return refuse("reject", `unknown program type ${image.type}`, EINVAL);
	if (image.insns.length === 0 || image.insns.length > 1_000_000) return refuse("reject", "invalid program length", E2BIG);
	const attach = spec.attachType(image.expectedAttachType);
	if (attach === null)
		return refuse("reject", `programs of type ${spec.name} cannot be loaded for attach type ${image.expectedAttachType}`, EINVAL);
	if (attach !== image.expectedAttachType) image = { ...image, expectedAttachType: attach };
	if (image.flags & ~KNOWN_FLAGS) return refuse("reject", `unknown program flags 0x${(image.flags & ~KNOWN_FLAGS).toString(16)}`, EINVAL);
	if (image.attach?.btfId && !ATTACHED_BY_BTF.has(spec.id))
		return refuse("reject", `programs of type ${spec.name} have no BTF target`, EINVAL);
	const as618 = walkProgram(image, spec, options, false);
	if (as618.verdict.verdict !== "accept" || !as618.doubt) return as618.verdict;
	// Accepted by 6.18, which may have left out a path: what a later kernel finds on it counts, and only its facts hold.
	const { verdict } = walkProgram(image, spec, options, true);
	return verdict.verdict === "accept"
		? { ...as618.verdict, facts: verdict.facts }
		: { ...verdict, rejection: { ...verdict.rejection, unseenBy618: true } };
}

/** One walk through all paths; `thorough`: not as 6.18 goes where that leaves some out. `doubt`: it may have. */
function walkProgram(
	image: ProgramImage,
	spec: ProgramSpec,
	options: VerifyOptions,
	thorough: boolean,
): { readonly verdict: Verdict; readonly doubt: boolean } {
	const kernel = options.kernel ?? null;
	const maps = image.maps.map((m, i) => mapInfo(m, i, kernel));
	const types = image.btf ? sourceOf(image.btf) : null;
	const env = new Env(image, spec, kernel, types, maps, {
		perfmon: !options.capBpfOnly,
		jit: options.jit ?? true,
		cpus: options.cpus ?? 2,
	});
	env.thorough = thorough;
	const logLevel = options.logLevel ?? 0;
	if (logLevel & 3) env.trace = new KernelLog(env, logLevel & 3);
	const logOf = (): { log: string; logCut: boolean } => ({
		log: ((env.trace?.text ?? env.log.map((line) => `${line}\n`).join("")) + (logLevel > 0 ? closing(env, logLevel) : "")).trimEnd(),
		logCut: env.trace?.truncated ?? false,
	});
	if (options.limit !== undefined) env.limitInsns = options.limit;
	if (options.hasAddress) env.hasAddress = options.hasAddress;
	env.liveness = new Liveness(env);
	env.backtrack = new Backtrack();
	if (options.facts) env.collector = new FactCollector(image.insns.length, options.facts === "ranges");
	let walking = false;
	try {
		checkKfuncsAllowed(env);
		checkFuncInfoEarly(env);
		findSubprograms(env);
		env.trace?.subprograms();
		checkSubprograms(env);
		checkFuncInfo(env);
		checkImmediates(env);
		checkCfg(env);
		checkAttach(env);
		analyseFlow(env);
		env.trace?.liveRegisters();
		markFastcall(env);
		walking = true;
		walkMain(env);
		walkGlobals(env);
		walking = false;
		dropFastcallStack(env);
		checkStackDepth(env);
		checkDeadKfuncs(env);
		checkRemovedCallbacks(env);
		addRewrittenStack(env);
	} catch (e) {
		const refusal =
			e instanceof Refusal
				? e
				: new Refusal(EFAULT, `internal error: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`, { code: "V0998" }, true);
		env.note(refusal.message);
		if (refusal.why.logged !== undefined) env.trace?.write(refusal.why.logged);
		return {
			verdict: {
				verdict: refusal.unsupported ? "unsupported" : "reject",
				rejection: rejectionOf(env, refusal, walking),
				stats: statsOf(env),
				...logOf(),
			},
			doubt: false,
		};
	}
	const facts = (env.collector ?? new FactCollector(0, false)).finish(env);
	return { verdict: { verdict: "accept", facts, stats: statsOf(env), ...logOf() }, doubt: env.doubt };
}

function rejectionOf(env: Env, refusal: Refusal, walking: boolean): Rejection {
	const { why, message } = refusal;
	const register = why.register ?? Number(/\bR(\d+)\b/.exec(message)?.[1] ?? -1);
	let state = walking ? registersOf(env.current) : {};
	let executed = walking ? executedBefore(env) : [];
	// What waits at a jump is the side that goes on; where nothing does, it is being walked.
	const at = (insn: number): State => env.stack.findLast(({ prev }) => prev === insn)?.state ?? env.current;
	const loop = walking && why.code === "V0400" ? openLoop(env.image, executed, (insn) => registersOf(at(insn))) : null;
	if (loop !== null) {
		state = registersOf(at(loop.insn));
		executed = executed.slice(loop.at + 1);
	}
	const busiest = refusal.errno === E2BIG && walking ? busiestOf(env.image, env.visits.entries()) : null;
	return {
		code: diagnose(message, env.log, state, loop ?? undefined)?.row.code ?? why.code ?? "V0000",
		message,
		errno: refusal.errno,
		insn: walking ? env.insn : (why.at ?? -1),
		register,
		...(why.needed === undefined ? {} : { needed: why.needed }),
		...(why.known === undefined ? {} : { known: why.known }),
		...(why.suggestion === undefined ? {} : { suggestion: why.suggestion }),
		...(walking ? { executed, state } : {}),
		notes: env.log.filter((line) => line !== message),
		...(busiest === null ? {} : { busiest }),
		...(loop === null ? {} : { loop: { insn: loop.insn, register: loop.register, rounds: loop.rounds } }),
	};
}

/** Registers as the log prints them, and slots of the stack that own something. */
function registersOf({ frames, curframe }: State): Record<string, string> {
	const out: Record<string, string> = {};
	for (const [r, reg] of frames[curframe].regs.entries()) if (reg.type !== NOT_INIT) out[`R${r}`] = registerText(reg, curframe);
	return Object.assign(out, ownedSlots(frames[curframe]));
}

function statsOf(env: Env): VerifierStats {
	return {
		insnsProcessed: env.insnsProcessed,
		totalStates: env.totalStates,
		peakStates: env.peakStates,
		maxStatesPerInsn: env.maxStatesPerInsn,
		stackDepth: stackDepths(env),
		visits: env.visits,
	};
}

/** Kernel functions are looked up before anything else. */
function checkKfuncsAllowed(env: Env): void {
	for (let i = 0; i < env.insns.length; i++) {
		const insn = env.insns[i];
		if (!isKfuncCall(insn)) continue;
		if (!isGpl(env.image.license)) reject(EINVAL, "cannot call kernel function from non-GPL compatible program", { code: "V0122" });
		if (insn.imm === 0 && insn.off === 0) continue;
		if (insn.off < 0) {
			env.note("negative offset disallowed for kernel module function call");
			reject(EINVAL, "failed to find BTF for kernel function", { code: "V0650" });
		}
		if (insn.imm <= 0) reject(EINVAL, `invalid kernel function btf_id ${insn.imm}`, { code: "V0650" });
		if (insn.off === 0 && env.kernel) {
			const kfunc = kfuncOf(env, i);
			if (kfunc?.name.startsWith("bpf_xdp_metadata_rx_") && !(env.image.flags & DEVICE_BOUND))
				reject(EINVAL, "metadata kfuncs require device-bound program", { code: "V0652" });
			if (!kfunc || kfunc.name === "" || !kfunc.proto) reject(EINVAL, `kernel btf_id ${insn.imm} is not a function`, { code: "V0650" });
		}
	}
}

/** A call of function 0 stands for one that the kernel lacks; it may only be in dead code. */
function checkDeadKfuncs(env: Env): void {
	for (let i = 0; i < env.insns.length; i++) {
		if (isKfuncCall(env.insns[i]) && env.insns[i].imm === 0 && env.visits[i] > 0)
			reject(EINVAL, "invalid kernel function call not eliminated in verifier pass", { code: "V0651" });
	}
}

/**
 * Instructions that no path reaches are removed. What takes the address of a function that is gone then points to the next one, or to nothing that
 * can be compiled, as the kernel moves such addresses: by whole stretches removed between them and their target. A single function needs no address.
 */
function checkRemovedCallbacks(env: Env): void {
	const { seen, insns, subprogs } = env;
	const kept = new Set<number>();
	let before = 0;
	for (let i = 0, index = 0, entered = false; i < insns.length; i++) {
		if (i >= subprogs[index].end) {
			index++;
			entered = false;
		}
		if (seen[i] === 0) continue;
		if (!entered) kept.add(before);
		entered = true;
		before++;
	}
	if (kept.size + (env.seenException && !env.exceptionCallback ? 1 : 0) < 2) return;
	for (let i = 0; i < insns.length; i++) {
		if (!seen[i] || !isFuncPointer(insns[i])) continue;
		let at = i;
		let target = i + insns[i].imm + 1;
		let removed = 0;
		for (let from = 0; from < insns.length; from++) {
			if (seen[from]) continue;
			let to = from;
			while (to < insns.length && !seen[to]) to++;
			const start = from - removed;
			const length = to - from;
			const after = at >= start + length;
			if (after) {
				at -= length;
				if (target - length >= start) target -= length;
			} else if (target >= start + length) target -= length;
			removed += length;
			from = to;
		}
		if (!kept.has(target)) reject(EFAULT, `verifier bug: No program to jit at insn ${target} (subprog < 0)`, { code: "V0999" });
	}
}
