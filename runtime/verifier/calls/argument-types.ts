/**
 * Which types of registers each kind of argument takes.
 * Source: compatible_reg_types, check_reg_type of kernel/bpf/verifier.c.
 */
import { EACCES, type Env, R, internal, reject } from "../env.ts";
import { nameOf, sameStruct } from "../btf.ts";
import { matchKptr } from "../objects.ts";
import { type Arg, type ArgKind, helperName } from "./contract.ts";
import {
	ALLOC,
	baseOf,
	CONST_PTR_TO_DYNPTR,
	CONST_PTR_TO_MAP,
	DYNPTR_FLAGS,
	isAllocObject,
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
	TRUSTED,
	typeName,
} from "../types.ts";
import type { CallFacts } from "./call-facts.ts";

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

export function checkType(env: Env, regno: number, arg: Arg, kind: ArgKind, nullable: boolean, helper: string, facts: CallFacts): void {
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
