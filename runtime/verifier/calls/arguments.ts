/**
 * Arguments of helpers against their contracts: types that fit, memory that is there, references that are owned.
 *
 * In: the call's contract and the argument registers; out: `CallFacts` that later steps of the call need.
 * Source: check_func_arg, check_reg_type of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, internal, reject } from "../env.ts";
import { nameOf, sameStruct } from "../btf.ts";
import { latin1 } from "../../latin1.ts";
import { type Field, FIELD, KPTR, fieldAt, hasField } from "../fields.ts";
import { F_INNER_MAP, MAP, type MapInfo, hasDirectValue } from "../maps.ts";
import { constNumber, isConst } from "../range.ts";
import { type Reg, isNull, slotIsSpilled } from "../state.ts";
import { markPrecise, markSlotPrecise } from "../precision.ts";
import { matchKptr } from "../objects.ts";
import { checkAligned, checkMapValue, mayAccessPacket } from "../regions.ts";
import { framePointedTo, type RawMode, slotOf } from "../stack.ts";
import { fieldsOf, spinLock } from "../references.ts";
import { objectSlot, useDynptr } from "../dynptr.ts";
import { checkReadable } from "../alu.ts";
import { type Arg, type ArgKind, type Contract, helperName } from "./contract.ts";
import { inTreeCallback } from "./callbacks.ts";
import {
	ALLOC,
	baseOf,
	CONST_PTR_TO_DYNPTR,
	CONST_PTR_TO_MAP,
	DYNPTR_FLAGS,
	isAllocObject,
	isPacket,
	kindAt,
	MAYBE_NULL,
	NON_OWN_REF,
	PERCPU,
	PTR_TO_BTF_ID,
	PTR_TO_BUF,
	PTR_TO_CTX,
	PTR_TO_FUNC,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_SOCK_COMMON,
	PTR_TO_SOCKET,
	PTR_TO_STACK,
	PTR_TO_TCP_SOCK,
	PTR_TO_XDP_SOCK,
	RCU,
	RDONLY,
	RINGBUF,
	SCALAR,
	SPILL,
	TRUSTED,
	typeName,
	ZERO,
} from "../types.ts";
import { checkArgOffset, checkHelperMemory, checkSize } from "./argument-memory.ts";
import { DYN_LOCAL, DYN_RINGBUF } from "../dynptr-kinds.ts";

export interface CallFacts {
	map: MapInfo | null;
	mapUid: number;
	raw: RawMode;
	rawMode: boolean;
	releaseRegno: number;
	refObjId: number;
	memSize: number;
	/** The largest the size argument can be. */
	maxSize: bigint;
	subprog: number;
	percpu: Reg | null;
	kptr: Field | null;
	constKey: bigint;
	dynptrId: number;
}

export function newCallFacts(): CallFacts {
	return {
		map: null,
		mapUid: 0,
		raw: { size: 0, regno: 0 },
		rawMode: false,
		releaseRegno: 0,
		refObjId: 0,
		memSize: 0,
		maxSize: 0n,
		subprog: 0,
		percpu: null,
		kptr: null,
		constKey: -1n,
		dynptrId: 0,
	};
}

const MEMORY = [
	PTR_TO_STACK,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_MEM | RINGBUF,
	PTR_TO_BUF,
	PTR_TO_BTF_ID | TRUSTED,
];
const SOCKS = [PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK];
/** The typed pointers that helpers go on with; an allocated object that may be null is none, although kptr_xchg takes null. */
const TYPED = new Set(
	[
		0,
		TRUSTED,
		TRUSTED | MAYBE_NULL,
		RCU,
		MAYBE_NULL,
		MAYBE_NULL | RCU,
		ALLOC,
		PERCPU | ALLOC,
		ALLOC | NON_OWN_REF,
		ALLOC | NON_OWN_REF | RCU,
		PERCPU,
		PERCPU | RCU,
		PERCPU | TRUSTED,
	].map((flags) => PTR_TO_BTF_ID | flags),
);
const BTF_POINTERS = [PTR_TO_BTF_ID, PTR_TO_BTF_ID | TRUSTED, PTR_TO_BTF_ID | RCU];

/** Register types that an argument takes, before nullness. */
const FITTING: Readonly<Record<ArgKind, readonly number[]>> = {
	any: [],
	map: [CONST_PTR_TO_MAP],
	key: MEMORY,
	value: MEMORY,
	ctx: [PTR_TO_CTX],
	mem: MEMORY,
	size: [SCALAR],
	size0: [SCALAR],
	alloc: [SCALAR],
	func: [PTR_TO_FUNC],
	stack: [PTR_TO_STACK],
	sk: [...SOCKS, PTR_TO_BTF_ID, PTR_TO_BTF_ID | TRUSTED],
	sock_common: SOCKS,
	socket: [PTR_TO_SOCKET],
	btf: BTF_POINTERS,
	spin_lock: [PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | ALLOC],
	timer: [PTR_TO_MAP_VALUE],
	str: [PTR_TO_MAP_VALUE],
	kptr: [PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | ALLOC],
	ringbuf: [PTR_TO_MEM | RINGBUF],
	percpu: [PTR_TO_BTF_ID | PERCPU, PTR_TO_BTF_ID | PERCPU | RCU, PTR_TO_BTF_ID | PERCPU | TRUSTED],
	dynptr: [PTR_TO_STACK, CONST_PTR_TO_DYNPTR],
};

function checkType(env: Env, regno: number, arg: Arg, kind: ArgKind, nullable: boolean, helper: string, facts: CallFacts): void {
	const reg = env.regs[regno];
	let { type } = reg;
	const readonly = arg.read || (kind === "dynptr" && arg.read);
	if (readonly) type &= ~RDONLY;
	if (nullable) type &= ~MAYBE_NULL;
	if (kind === "mem") type &= ~DYNPTR_FLAGS;
	if (helper === "kptr_xchg" && type & ALLOC && regno === 2) type &= ~(ALLOC | PERCPU);
	const fitting = FITTING[kind];
	if (!fitting.includes(type)) {
		const expected = fitting.map(typeName).join(", ");
		reject(EACCES, `${R(regno)} type=${typeName(reg.type)} expected=${expected}`, {
			code: reg.type & MAYBE_NULL ? "V0101" : "V0110",
			register: regno,
			needed: expected,
			known: typeName(reg.type),
			...(reg.type & MAYBE_NULL ? { suggestion: "check the pointer first: if (!$v) return …;" } : {}),
		});
	}
	if (baseOf(reg.type) !== PTR_TO_BTF_ID) return;
	if (fitting === MEMORY) {
		if (!arg.read)
			reject(
				EACCES,
				`bpf_${helperName(env.insns[env.insn].imm)}() may write into memory pointed by ${R(regno)} type=${typeName(reg.type)}`,
				{ code: "V0226", register: regno },
			);
		return;
	}
	if (!TYPED.has(reg.type)) internal("invalid PTR_TO_BTF_ID register for type match");
	if (isAllocObject(reg.type)) {
		if (helper !== "spin_lock" && helper !== "spin_unlock" && helper !== "kptr_xchg") internal("unimplemented handling of MEM_ALLOC");
		if (helper === "kptr_xchg" && regno === 2) matchKptr(env, facts.kptr!, reg, regno, EACCES);
		return;
	}
	if (reg.type & PERCPU) return;
	if (reg.type & MAYBE_NULL && (!nullable || arg.release))
		reject(EACCES, `Possibly NULL pointer passed to helper arg${regno}`, { code: "V0101", register: regno });
	if (helper === "kptr_xchg") {
		matchKptr(env, facts.kptr!, reg, regno, EACCES);
		return;
	}
	const { kernel } = env;
	if (!kernel) return;
	const wanted = kind === "sk" ? "sock_common" : arg.of;
	const id = kernel.find(wanted, "struct");
	const strict = arg.release && helper !== "sk_release";
	if (!sameStruct(reg.btf!, reg.btfId, reg.off, kernel, id, strict)) {
		reject(EACCES, `${R(regno)} is of type ${nameOf(reg.btf!, reg.btfId)} but ${wanted} is expected`, { code: "V0111", register: regno });
	}
}

/** The zero-terminated text that the register points to, in a read-only map: a character for each byte. */
export function checkConstString(env: Env, regno: number): string {
	const reg = env.regs[regno];
	if (reg.type !== PTR_TO_MAP_VALUE) reject(EINVAL, `${R(regno)} does not point to a map value`, { code: "V0273" });
	const map = reg.map!;
	if (!map.constant) reject(EACCES, `${R(regno)} does not point to a readonly map'`, { code: "V0273", register: regno });
	if (!isConst(reg.range)) reject(EACCES, `${R(regno)} is not a constant address'`, { code: "V0273", register: regno });
	if (!hasDirectValue(map.type)) reject(EACCES, "no direct value access support for this map type", { code: "V0273" });
	checkMapValue(env, regno, reg.off, map.valueSize - reg.off, false, false);
	const off = reg.off + constNumber(reg.range);
	const bytes = map.def.initial ?? new Uint8Array(0);
	let end = off;
	while (end < bytes.length && bytes[end] !== 0) end++;
	if (end >= map.valueSize) reject(EINVAL, "string is not zero-terminated", { code: "V0274", register: regno });
	return latin1(bytes.subarray(off, end));
}

/** The constant key on the stack, when it is one: array lookups with it cannot fail. */
function constantKey(env: Env, key: Reg, size: number): bigint {
	if (key.type !== PTR_TO_STACK || !isConst(key.range)) return -1n;
	const frame = framePointedTo(env, key);
	const at = key.off + constNumber(key.range);
	const slot = slotOf(at);
	const first = (-at - 1) % 8;
	const kinds = frame.kinds[slot];
	let zeros = 0;
	for (let i = first; i >= 0 && kindAt(kinds, i) === ZERO; i--) zeros++;
	if (zeros >= size) return 0n;
	if (!slotIsSpilled(kinds) || frame.slots[slot].type !== SCALAR) return -1n;
	let spilled = 0;
	for (let i = first; i >= 0 && kindAt(kinds, i) === SPILL; i--) spilled++;
	if (spilled !== size) return -1n;
	const reg = frame.slots[slot];
	if (!isConst(reg.range)) return -1n;
	markSlotPrecise(env, key.frameno, slot);
	return reg.range.tnum.value;
}

export function checkFieldPointer(
	env: Env,
	regno: number,
	kind: number,
	name: string,
	facts: { map: MapInfo | null; mapUid: number },
): void {
	const reg = env.regs[regno];
	const map = reg.map!;
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. ${name} has to be at the constant offset`, { code: "V0630" });
	if (!map.types) reject(EINVAL, `map '${map.name}' has to have BTF in order to use ${name}`, { code: "V0630" });
	if (!hasField(map.fields, kind)) reject(EINVAL, `map '${map.name}' has no valid ${name}`, { code: "V0630" });
	const at = kind === FIELD.timer ? map.fields!.timer : kind === FIELD.wq ? map.fields!.wq : map.fields!.taskWork;
	const off = constNumber(reg.range) + reg.off;
	if (at !== off) reject(EINVAL, `off ${off} doesn't point to 'struct ${name}' that is at ${at}`, { code: "V0630" });
	facts.mapUid = reg.mapUid;
	facts.map = map;
}

function kptrDestination(env: Env, regno: number, facts: CallFacts): void {
	const reg = env.regs[regno];
	const fields = fieldsOf(env, reg);
	if (reg.type === PTR_TO_MAP_VALUE) {
		if (!reg.map!.types) reject(EINVAL, `map '${reg.map!.name}' has to have BTF in order to use bpf_kptr_xchg`, { code: "V0631" });
		facts.map = reg.map;
	}
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. kptr has to be at the constant offset`, { code: "V0631" });
	if (!hasField(fields, KPTR)) reject(EINVAL, `${R(regno)} has no valid kptr`, { code: "V0631" });
	const off = reg.off + constNumber(reg.range);
	const field = fieldAt(fields, off, KPTR);
	if (!field) reject(EACCES, `off=${off} doesn't point to kptr`, { code: "V0631" });
	if (field.kind !== FIELD.kptrRef && field.kind !== FIELD.kptrPercpu)
		reject(EACCES, `off=${off} kptr isn't referenced kptr`, { code: "V0631" });
	facts.kptr = field;
}

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
