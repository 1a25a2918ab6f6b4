/**
 * Arguments of helpers against their contracts: types that fit, memory that is there, references that are owned.
 *
 * In: the call's contract and the argument registers; out: `CallFacts` that later steps of the call need.
 * Source: check_func_arg, check_reg_type of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, internal, reject } from "../env.ts";
import { FIELD } from "../fields.ts";
import { F_INNER_MAP, MAP } from "../maps.ts";
import { isConst } from "../range.ts";
import { isNull } from "../state.ts";
import { markPrecise } from "../precision.ts";
import { checkAligned, mayAccessPacket } from "../regions.ts";
import { framePointedTo } from "../stack.ts";
import { spinLock } from "../references.ts";
import { objectSlot, useDynptr } from "../dynptr.ts";
import { checkReadable } from "../alu.ts";
import type { Arg, ArgKind, Contract } from "./contract.ts";
import { inTreeCallback } from "./callbacks.ts";
import { isPacket, PTR_TO_STACK, SCALAR } from "../types.ts";
import { checkArgOffset, checkHelperMemory, checkSize } from "./argument-memory.ts";
import { DYN_LOCAL, DYN_RINGBUF } from "../dynptr-kinds.ts";
import type { CallFacts } from "./call-facts.ts";
import { checkType } from "./argument-types.ts";
import { checkConstString, checkFieldPointer, constantKey, kptrDestination } from "./argument-values.ts";

const DYNPTR_KIND: Readonly<Record<string, number>> = { any: 0, local: DYN_LOCAL, ringbuf: DYN_RINGBUF };

export function checkArgument(env: Env, index: number, contract: Contract, helper: string, facts: CallFacts): void {
	const regno = index + 1;
	const arg = contract.args[index];
	checkReadable(env, regno);
	const reg = env.regs[regno];
	if (arg.kind === "any") {
		if (!env.allowPtrLeaks && reg.type !== SCALAR)
			reject(EACCES, `${R(regno)} leaks addr into helper function`, { code: "V0250", register: regno });
		return;
	}
	if (isPacket(reg.type) && !(mayAccessPacket(env, false) && contract.packet))
		reject(EACCES, "helper access to the packet is not allowed", { code: "V0303", register: regno });
	let { kind, nullable } = arg;
	if (kind === "value" && facts.map) {
		if (facts.map.type === MAP.SOCKMAP || facts.map.type === MAP.SOCKHASH) {
			if (nullable || arg.uninit) reject(EINVAL, "invalid arg_type for sockmap/sockhash", { code: "V0112" });
			kind = "sk";
			nullable = false;
		}
	}
	if (!(isNull(reg) && nullable)) {
		checkType(env, regno, arg, kind, nullable, helper, facts);
		checkArgOffset(env, reg, regno, arg.release, kind === "dynptr");
	}
	checkReference(env, regno, arg, kind, facts);
	takeArgument(env, index, contract, kind, nullable, helper, facts);
}

/** What is given back is owned, and one argument at the most is. */
function checkReference(env: Env, regno: number, arg: Arg, kind: ArgKind, facts: CallFacts): void {
	const reg = env.regs[regno];
	if (arg.release) {
		if (kind === "dynptr") {
			if (reg.type !== PTR_TO_STACK) reject(EINVAL, "cannot release unowned const bpf_dynptr", { code: "V0606" });
			const slot = objectSlot(env, reg, "dynptr", 2);
			if (slot < 0 || !framePointedTo(env, reg).slots[slot].refObjId)
				reject(EINVAL, `arg ${regno} is an unacquired reference`, { code: "V0606" });
		} else if (!reg.refObjId && !isNull(reg)) {
			reject(EINVAL, `${R(regno)} must be referenced when passed to release function`, { code: "V0615", register: regno });
		}
		facts.releaseRegno = regno;
	}
	if (reg.refObjId && kind !== "kptr") {
		if (facts.refObjId)
			reject(EACCES, `more than one arg with ref_obj_id ${R(regno)} ${reg.refObjId} ${facts.refObjId}`, { code: "V0616" });
		facts.refObjId = reg.refObjId;
	}
}

/** What each kind asks beyond its type, and what of it the call's later steps need. */
function takeArgument(
	env: Env,
	index: number,
	contract: Contract,
	kind: ArgKind,
	nullable: boolean,
	helper: string,
	facts: CallFacts,
): void {
	const regno = index + 1;
	const reg = env.regs[regno];
	const arg = contract.args[index];
	/** Filled by the helper: it need not hold anything yet. */
	const raw = (kind === "mem" || kind === "value") && arg.uninit && !(helper === "map_peek_elem" && facts.map?.type === MAP.BLOOM_FILTER);
	switch (kind) {
		case "map":
			if (facts.map && (facts.map !== reg.map || facts.mapUid !== reg.mapUid)) {
				reject(EINVAL, `timer pointer in R1 map_uid=${facts.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}`, {
					code: "V0632",
				});
			}
			facts.map = reg.map;
			facts.mapUid = reg.mapUid;
			break;
		case "key":
			if (!facts.map) internal("invalid map_ptr to access map->key");
			checkHelperMemory(env, regno, facts.map.keySize, false, false, null);
			if ((facts.map.type === MAP.ARRAY || facts.map.type === MAP.PERCPU_ARRAY) && !(facts.map.flags & F_INNER_MAP))
				facts.constKey = constantKey(env, reg, facts.map.keySize);
			break;
		case "value":
			if (nullable && isNull(reg)) return;
			if (!facts.map) internal("invalid map_ptr to access map->value");
			facts.rawMode = raw;
			checkHelperMemory(env, regno, facts.map.valueSize, arg.write && raw, false, raw ? facts.raw : null);
			break;
		case "percpu":
			if (!reg.btfId) reject(EACCES, `Helper has invalid btf_id in ${R(regno)}`, { code: "V0113" });
			facts.percpu = reg;
			break;
		case "spin_lock":
			if (inTreeCallback(env)) reject(EACCES, "can't spin_{lock,unlock} in rbtree cb", { code: "V0617" });
			spinLock(env, regno, helper === "spin_lock", false, false);
			break;
		case "timer":
			checkFieldPointer(env, regno, FIELD.timer, "bpf_timer", facts);
			break;
		case "func":
			facts.subprog = reg.subprog;
			break;
		case "mem":
			facts.rawMode = raw;
			if (arg.bytes) {
				checkHelperMemory(env, regno, arg.bytes, arg.write, false, raw ? facts.raw : null);
				if (arg.aligned) checkAligned(env, env.regs[regno], arg.bytes);
			}
			break;
		case "size":
		case "size0":
			checkSize(env, regno, contract.args[index - 1]?.write ?? false, kind === "size0", facts.rawMode ? facts.raw : null, facts);
			break;
		case "dynptr":
			useDynptr(env, regno, { uninit: arg.uninit, readonly: arg.read, type: DYNPTR_KIND[arg.of], cloneRef: 0 });
			break;
		case "alloc":
			if (!isConst(reg.range)) reject(EACCES, `${R(regno)} is not a known constant'`, { code: "V0275", register: regno });
			facts.memSize = Number(reg.range.tnum.value & 0xffff_ffffn) | 0;
			markPrecise(env, regno);
			break;
		case "str":
			checkConstString(env, regno);
			break;
		case "kptr":
			kptrDestination(env, regno, facts);
			break;
	}
}
