/**
 * A call of a helper function: may it be called here, do the arguments fit, what is known afterwards.
 *
 * Source: check_helper_call of kernel/bpf/verifier.c.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import { helperFitsPlace } from "../attach.ts";
import { EACCES, EINVAL, ENOTSUPP, type Env, internal, reject } from "../env.ts";
import { F_RDONLY_PROG, MAP, type MapInfo } from "../maps.ts";
import { isConst } from "../range.ts";
import { markPrecise } from "../precision.ts";
import { accessMemory } from "../memory.ts";
import { inRcu } from "../objects.ts";
import { acquire, checkHeld, release, releaseNoMark } from "../references.ts";
import { dynptrReg, releaseDynptr } from "../dynptr.ts";
import { invalidated } from "../stack.ts";
import { type Reg, type State, isNull, mapRegs, slotIsSpilled, unknownScalar } from "../state.ts";
import { type CallFacts, newCallFacts } from "./call-facts.ts";
import { checkArgument } from "./arguments.ts";
import { checkConstString } from "./argument-values.ts";
import {
	clearCallerSaved,
	dropPacketPointers,
	findVmaCallback,
	forEachCallback,
	leaveFrame,
	loopCallback,
	pushCallback,
	timerCallback,
	userRingbufCallback,
} from "./callbacks.ts";
import { pushBranch } from "../walk.ts";
import { type Contract, contract as contractOf, helperName } from "./contract.ts";
import { helperChangesPacket, helperContractName } from "./summary.ts";
import { formatIsValid } from "./format.ts";
import { ALLOC, MAYBE_NULL, PERCPU, PTR_TO_MAP_VALUE, PTR_TO_STACK, RCU, typeName } from "../types.ts";
import { DYN_SKB, DYN_SKB_META } from "../dynptr-kinds.ts";
import { checkMapForHelper } from "./helper-maps.ts";
import { helperResult, refineResult } from "./helper-result.ts";

const CASTS = new Set([
	"tcp_sock",
	"sk_fullsock",
	"skc_to_tcp_sock",
	"skc_to_tcp6_sock",
	"skc_to_udp6_sock",
	"skc_to_mptcp_sock",
	"skc_to_tcp_timewait_sock",
	"skc_to_tcp_request_sock",
]);

const ACQUIRES = new Set(["sk_lookup_tcp", "sk_lookup_udp", "skc_lookup_tcp", "ringbuf_reserve", "kptr_xchg"]);

/** Calls whose map the JIT wants to know. */
const MAP_CALLS = new Set([
	"tail_call",
	"map_lookup_elem",
	"map_update_elem",
	"map_delete_elem",
	"map_push_elem",
	"map_pop_elem",
	"map_peek_elem",
	"for_each_map_elem",
	"redirect_map",
	"map_lookup_percpu_elem",
]);

const WRITES_MAP = new Set(["map_delete_elem", "map_update_elem", "map_push_elem", "map_pop_elem"]);

function findContract(env: Env, name: string, id: number): Contract {
	const found = helperContractName(env, name);
	if (found === null) {
		reject(EINVAL, `program of this type cannot use helper bpf_${name}#${id}`, {
			code: "V0120",
			needed: `a helper that ${env.spec.name} programs have`,
			known: `bpf_${name} is not one of them`,
		});
	}
	return contractOf(found);
}

/** The instruction to go on with. */
export function callHelper(env: Env, insn: Insn): number {
	const at = env.insn;
	const id = insn.imm;
	const name = helperName(id);
	// Number 0 has a name and is no helper.
	if (id === 0) reject(EINVAL, "program of this type cannot use helper bpf_unspec#0", { code: "V0120" });
	if (name === undefined) reject(EINVAL, `invalid func unknown#${id}`, { code: "V0121" });
	const c = findContract(env, name, id);
	if (!env.gpl && c.gpl)
		reject(EINVAL, "cannot call GPL-restricted function from non-GPL compatible program", {
			code: "V0122",
			suggestion: 'char LICENSE[] SEC("license") = "GPL";',
		});
	if (!helperFitsPlace(env, name)) reject(EINVAL, "helper call is not allowed in probe", { code: "V0128" });
	if (c.sleeps) checkMaySleep(env, name, id);
	let changes = helperChangesPacket(id);
	const facts = newCallFacts();
	for (let i = 0; i < c.args.length; i++) checkArgument(env, i, c, name, facts);
	recordMap(env, facts.map, name);
	if (name === "tail_call") recordTailCall(env, facts);
	// Bytes that the helper fills itself.
	for (let i = 0; i < facts.raw.size; i++) {
		accessMemory(env, facts.raw.regno, { off: i, size: 1, write: true, value: -1, imm: null, strict: false, signExtend: false });
	}
	if (facts.releaseRegno) releaseArgument(env, c, name, id, facts);
	const percpuObject = special(env, name, facts);
	if (name === "dynptr_write") {
		const t = dynptrReg(env, env.regs[1]).dynptrType;
		if (t === DYN_SKB || t === DYN_SKB_META) changes = true;
	}
	const { regs } = env.frame;
	clearCallerSaved(regs);
	regs[0] = helperResult(env, c, name, facts, percpuObject);
	if (regs[0].type & MAYBE_NULL) regs[0].id = env.newId();
	if (name === "dynptr_data") regs[0].dynptrId = facts.dynptrId;
	if (CASTS.has(name) || name === "dynptr_data") {
		if (facts.refObjId) regs[0].refObjId = facts.refObjId;
	} else if (ACQUIRES.has(name) || (name === "map_lookup_elem" && (facts.map?.type === MAP.SOCKMAP || facts.map?.type === MAP.SOCKHASH))) {
		const ref = acquire(env);
		regs[0].id = ref;
		regs[0].refObjId = ref;
	}
	refineResult(env, c, name, facts);
	checkMapForHelper(env, facts.map, name, id);
	if (name === "get_func_ip" && env.spec.id !== 2 && env.spec.id !== 26)
		reject(ENOTSUPP, `func bpf_get_func_ip#${id} not supported for program type ${env.spec.id}`, { code: "V0123" });
	if (name === "get_func_ip" && env.spec.id === 26 && ![24, 25, 26].includes(env.image.expectedAttachType))
		reject(ENOTSUPP, `func bpf_get_func_ip#${id} supported only for fentry/fexit/fmod_ret programs`, { code: "V0123" });
	if (name === "tail_call") {
		if (env.current.curframe > 0) {
			// The called program may end this subprogram, returning any number, or fail and go on here. What 6.18 knows of live slots leaves the former out.
			env.doubt ||= reachesCallers(env.current);
			pushBranch(env, at + 1, at, false);
			dropPacketPointers(env);
			env.regs[0] = unknownScalar;
			return leaveFrame(env);
		}
		changes = false;
	}
	if (changes) dropPacketPointers(env);
	return at + 1;
}

/** The function that runs can still write to its callers' frames. */
function reachesCallers({ frames, curframe }: State): boolean {
	const { regs, slots, kinds } = frames[curframe];
	const outer = (reg: Reg): boolean => reg.type === PTR_TO_STACK && reg.frameno < curframe;
	return regs.some(outer) || slots.some((reg, slot) => slotIsSpilled(kinds[slot]) && outer(reg));
}

function checkMaySleep(env: Env, name: string, id: number): void {
	const state = env.current;
	if (!state.inSleepable) reject(EINVAL, "helper call might sleep in a non-sleepable prog", { code: "V0706" });
	if (state.activeRcu) reject(EINVAL, `sleepable helper bpf_${name}#${id} in rcu_read_lock region`, { code: "V0706" });
	if (state.activePreempt) reject(EINVAL, `sleepable helper bpf_${name}#${id} in non-preemptible region`, { code: "V0706" });
	if (state.activeIrqId) reject(EINVAL, `sleepable helper bpf_${name}#${id} in IRQ-disabled region`, { code: "V0706" });
}

function recordMap(env: Env, map: MapInfo | null, name: string): void {
	if (!MAP_CALLS.has(name)) return;
	if (!map) internal("expected map for helper call");
	if (map.flags & F_RDONLY_PROG && WRITES_MAP.has(name)) reject(EACCES, "write into map forbidden", { code: "V0224" });
	const known = env.callMap[env.insn];
	env.callMap[env.insn] = known === undefined || known === map ? map : null;
}

function recordTailCall(env: Env, facts: CallFacts): void {
	const { map } = facts;
	if (!map || map.type !== MAP.PROG_ARRAY) reject(EINVAL, "expected prog array map for tail call", { code: "V0124" });
	const index = env.regs[3].range;
	if (env.regs[3].type === 1 && isConst(index) && index.tnum.value < BigInt(map.maxEntries)) markPrecise(env, 3);
}

function releaseArgument(env: Env, c: Contract, name: string, id: number, facts: CallFacts): void {
	const reg = env.regs[facts.releaseRegno];
	if (c.args[facts.releaseRegno - 1].kind === "dynptr") return releaseDynptr(env, reg);
	if (name === "kptr_xchg" && facts.refObjId) {
		const ref = facts.refObjId;
		const rcu = inRcu(env);
		if (releaseNoMark(env.current, ref)) {
			mapRegs(env.current, (r) => {
				if (r.refObjId !== ref) return r;
				if (rcu && r.type & ALLOC && r.type & PERCPU) {
					const copy = r.copy();
					copy.refObjId = 0;
					copy.type = (copy.type & ~ALLOC) | RCU;
					return copy;
				}
				return invalidated(env);
			});
			return;
		}
	} else if (facts.refObjId) {
		if (release(env, facts.refObjId)) return;
	} else if (isNull(reg)) return;
	reject(EINVAL, `func bpf_${name}#${id} reference has not been acquired before`, { code: "V0615" });
}

/** Helpers with rules of their own. Whether per-CPU memory of an allocated object is returned. */
function special(env: Env, name: string, facts: CallFacts): boolean {
	const { regs } = env;
	switch (name) {
		case "tail_call":
			checkHeld(env, false, true, "tail_call");
			break;
		case "get_local_storage":
			if (!isNull(regs[2])) reject(EINVAL, "get_local_storage() doesn't support non-zero flags", { code: "V0125" });
			break;
		case "for_each_map_elem":
			pushCallback(env, facts.subprog, forEachCallback);
			break;
		case "timer_set_callback":
			pushCallback(env, facts.subprog, timerCallback);
			break;
		case "find_vma":
			pushCallback(env, facts.subprog, findVmaCallback);
			break;
		case "snprintf":
			if (!formatIsValid(checkConstString(env, 3), Number(regs[5].range.tnum.value), isConst(regs[5].range)))
				reject(EINVAL, "Invalid format string", { code: "V0126" });
			break;
		case "loop":
			loopInline(env, facts.subprog);
			markPrecise(env, 1);
			if (BigInt(env.frame.callbackDepth) < regs[1].range.umax) pushCallback(env, facts.subprog, loopCallback);
			else {
				env.frame.callbackDepth = 0;
				env.trace?.detail(`frame${env.current.curframe} bpf_loop iteration limit reached\n`);
			}
			break;
		case "dynptr_from_mem":
			if (regs[1].type !== PTR_TO_MAP_VALUE)
				reject(EACCES, `Unsupported reg type ${typeName(regs[1].type)} for bpf_dynptr_from_mem data`, { code: "V0607" });
			break;
		case "dynptr_data": {
			const d = dynptrReg(env, regs[1]);
			facts.dynptrId = d.id;
			facts.refObjId = d.refObjId;
			break;
		}
		case "per_cpu_ptr":
		case "this_cpu_ptr":
			return (regs[1].type & RCU) !== 0;
		case "user_ringbuf_drain":
			pushCallback(env, facts.subprog, userRingbufCallback);
			break;
	}
	return false;
}

/** bpf_loop with constant zero flags may be compiled into a loop: the flags must then stay what they are. */
function loopInline(env: Env, subprog: number): void {
	const known = env.loopInline[env.insn];
	const flagsZero = (): boolean => {
		const zero = isNull(env.regs[4]);
		if (zero) markPrecise(env, 4);
		return zero;
	};
	if (!known) env.loopInline[env.insn] = { fit: flagsZero(), subprog };
	else if (known.fit) known.fit = flagsZero() && known.subprog === subprog;
}
