/**
 * What a register or stack byte can hold, as numbers: a base type in the low byte and modifiers above it, as in the kernel, so that a type and
 * its modifiers compare as one integer.
 *
 * Source: enum bpf_reg_type and enum bpf_type_flag (include/linux/bpf.h), reg_type_str of kernel/bpf/log.c for the names.
 */
import { words } from "../../assembler/words.ts";

export const NOT_INIT = 0;
export const SCALAR = 1;
export const PTR_TO_CTX = 2;
export const CONST_PTR_TO_MAP = 3;
export const PTR_TO_MAP_VALUE = 4;
export const PTR_TO_MAP_KEY = 5;
export const PTR_TO_STACK = 6;
export const PTR_TO_PACKET_META = 7;
export const PTR_TO_PACKET = 8;
export const PTR_TO_PACKET_END = 9;
export const PTR_TO_FLOW_KEYS = 10;
export const PTR_TO_SOCKET = 11;
export const PTR_TO_SOCK_COMMON = 12;
export const PTR_TO_TCP_SOCK = 13;
export const PTR_TO_TP_BUFFER = 14;
export const PTR_TO_XDP_SOCK = 15;
export const PTR_TO_BTF_ID = 16;
export const PTR_TO_MEM = 17;
export const PTR_TO_ARENA = 18;
export const PTR_TO_BUF = 19;
export const PTR_TO_FUNC = 20;
export const CONST_PTR_TO_DYNPTR = 21;

export const MAYBE_NULL = 1 << 8;
export const RDONLY = 1 << 9;
export const RINGBUF = 1 << 10;
export const USER = 1 << 11;
export const PERCPU = 1 << 12;
export const UNTRUSTED = 1 << 13;
export const ALLOC = 1 << 14;
export const TRUSTED = 1 << 15;
export const RCU = 1 << 16;
export const NON_OWN_REF = 1 << 17;
export const DYNPTR_LOCAL = 1 << 18;
export const DYNPTR_RINGBUF = 1 << 19;
export const DYNPTR_SKB = 1 << 20;
export const DYNPTR_XDP = 1 << 21;
export const DYNPTR_SKB_META = 1 << 22;
export const DYNPTR_FLAGS = DYNPTR_LOCAL | DYNPTR_RINGBUF | DYNPTR_SKB | DYNPTR_XDP | DYNPTR_SKB_META;

export const baseOf = (type: number): number => type & 0xff;
export const flagsOf = (type: number): number => type & ~0xff;

/** Kinds of bytes on the stack, three bits each in `Frame.kinds`. */
export const INVALID = 0;
export const SPILL = 1;
export const MISC = 2;
export const ZERO = 3;
export const DYNPTR = 4;
export const ITER = 5;
export const IRQ = 6;

/** Eight times the same kind: byte i of a slot (0 the highest address) at bits 3i. */
export const kindsOf = (kind: number): number => kind * 0o11111111;
export const kindAt = (kinds: number, i: number): number => (kinds >> (3 * i)) & 7;
export const withKind = (kinds: number, i: number, kind: number): number => (kinds & ~(7 << (3 * i))) | (kind << (3 * i));

const BASE_NAMES = words(`
	? scalar ctx map_ptr map_value map_key fp pkt_meta pkt pkt_end flow_keys sock sock_common tcp_sock tp_buffer
	xdp_sock ptr_ mem arena buf func dynptr_ptr
`);

/** "map_value_or_null", "rcu_ptr_or_null_": the kernel's name. */
export function typeName(type: number): string {
	const base = baseOf(type);
	const suffix = type & MAYBE_NULL ? (base === PTR_TO_BTF_ID ? "or_null_" : "_or_null") : "";
	const prefix =
		`${type & RDONLY ? "rdonly_" : ""}${type & RINGBUF ? "ringbuf_" : ""}${type & USER ? "user_" : ""}${type & PERCPU ? "percpu_" : ""}` +
		`${type & UNTRUSTED ? "untrusted_" : ""}${type & TRUSTED ? "trusted_" : ""}${type & RCU ? "rcu_" : ""}`;
	return prefix + BASE_NAMES[base] + suffix;
}

export const isPacket = (type: number): boolean => type === PTR_TO_PACKET || type === PTR_TO_PACKET_META;
export const isPacketAny = (type: number): boolean => isPacket(type) || type === PTR_TO_PACKET_END;
export const isSock = (type: number): boolean =>
	type === PTR_TO_SOCKET || type === PTR_TO_SOCK_COMMON || type === PTR_TO_TCP_SOCK || type === PTR_TO_XDP_SOCK;
/** A pointer to an object of bpf_obj_new, owned or not. */
export const isAllocObject = (type: number): boolean => baseOf(type) === PTR_TO_BTF_ID && (type & ALLOC) !== 0;
export const isNonOwning = (type: number): boolean => isAllocObject(type) && (type & NON_OWN_REF) !== 0;

const SPILLABLE = new Set([
	PTR_TO_MAP_VALUE,
	PTR_TO_STACK,
	PTR_TO_CTX,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_PACKET_END,
	PTR_TO_FLOW_KEYS,
	CONST_PTR_TO_MAP,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_TCP_SOCK,
	PTR_TO_XDP_SOCK,
	PTR_TO_BTF_ID,
	PTR_TO_BUF,
	PTR_TO_MEM,
	PTR_TO_FUNC,
	PTR_TO_MAP_KEY,
	PTR_TO_ARENA,
]);
export const isSpillable = (type: number): boolean => SPILLABLE.has(baseOf(type));
