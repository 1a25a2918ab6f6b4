/**
 * The contexts of the kernel's program types, as tables of fields: offsets and widths of include/uapi/linux/bpf.h, rights of the is_valid_access
 * functions of net/core/filter.c, kernel/bpf/cgroup.c and kernel/trace/bpf_trace.c (Linux 6.18).
 */
import {
	MAYBE_NULL,
	PTR_TO_FLOW_KEYS,
	PTR_TO_PACKET,
	PTR_TO_PACKET_END,
	PTR_TO_PACKET_META,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_TP_BUFFER,
} from "../types.ts";
import { type ContextAccess, type ContextField, SCALAR_VALUE, layout } from "./spec.ts";

const W = [4] as const;
const DW = [8] as const;

type Range = readonly [from: number, to: number];
/** __sk_buff, by byte ranges. */
const SKB = {
	mark: [8, 12],
	queueMapping: [12, 16],
	priority: [32, 36],
	tcIndex: [44, 48],
	cb: [48, 68],
	classid: [72, 76],
	data: [76, 80],
	dataEnd: [80, 84],
	socket: [88, 140],
	dataMeta: [140, 144],
	flowKeys: [144, 152],
	tstamp: [152, 160],
	wireLen: [160, 164],
	sk: [168, 176],
	tstampType: [180, 184],
	hwtstamp: [184, 192],
} as const satisfies Record<string, Range>;
type SkbField = keyof typeof SKB;
const within = (off: number, field: SkbField): boolean => off >= SKB[field][0] && off < SKB[field][1];

interface SkbRights {
	readonly deny: readonly SkbField[];
	readonly write: readonly SkbField[];
	readonly tstampType?: boolean;
}

/** All sk_buff programs share one layout and differ in rights. */
export function skbContext({ deny, write: writable, tstampType }: SkbRights): ContextAccess {
	return ({ off, size, write, signExtend }) => {
		if (deny.some((f) => within(off, f))) return null;
		if (write && !writable.some((f) => within(off, f))) return null;
		if (off < 0 || off >= 192) return null;
		if (off === 180) return tstampType && size === 1 ? SCALAR_VALUE : null;
		if (off % size !== 0) return null;
		if (within(off, "cb")) return off + size > 68 ? null : SCALAR_VALUE;
		if (within(off, "data") || within(off, "dataEnd") || within(off, "dataMeta")) {
			if (signExtend || size !== 4) return null;
			return { type: within(off, "data") ? PTR_TO_PACKET : within(off, "dataEnd") ? PTR_TO_PACKET_END : PTR_TO_PACKET_META };
		}
		if (off >= 92 && off < 132) return size === 4 ? SCALAR_VALUE : null;
		if (within(off, "flowKeys") || within(off, "tstampType")) return null;
		if (within(off, "hwtstamp")) return write || size !== 8 ? null : SCALAR_VALUE;
		if (within(off, "tstamp")) return size === 8 ? SCALAR_VALUE : null;
		if (within(off, "sk")) return write || size !== 8 ? null : { type: PTR_TO_SOCK_COMMON | MAYBE_NULL };
		if (write ? size !== 4 : size > 4) return null;
		return SCALAR_VALUE;
	};
}

export const flowDissector: ContextAccess = layout(
	[
		{ off: 76, length: 4, read: W, type: PTR_TO_PACKET, unsigned: true },
		{ off: 80, length: 4, read: W, type: PTR_TO_PACKET_END, unsigned: true },
		{ off: 144, length: 8, read: DW, type: PTR_TO_FLOW_KEYS },
	],
	192,
);

const XDP_DEVMAP = 33;
export const xdp: ContextAccess = layout(
	[
		{ off: 0, length: 4, read: W, type: PTR_TO_PACKET, unsigned: true },
		{ off: 4, length: 4, read: W, type: PTR_TO_PACKET_END, unsigned: true },
		{ off: 8, length: 4, read: W, type: PTR_TO_PACKET_META, unsigned: true },
		{ off: 12, length: 8, read: W },
		{ off: 20, length: 4, read: W, attach: [XDP_DEVMAP] },
	],
	24,
);

const SOCK_CREATE = 2;
const SOCK_RELEASE = 34;
const POST_BIND4 = 12;
const POST_BIND6 = 13;

/** `struct bpf_sock`: read through socket pointers, and the context of cgroup socket programs. */
const sockFields: readonly ContextField[] = [
	{ off: 0, length: 4, read: W, write: W },
	// Of these the kernel lets only the first bytes be read alone.
	{ off: 4, length: 1, read: "narrow" },
	{ off: 8, length: 1, read: "narrow" },
	{ off: 12, length: 1, read: "narrow" },
	{ off: 16, length: 8, read: W, write: W },
	{ off: 24, length: 20, read: "narrow" },
	{ off: 44, length: 1, read: "narrow" },
	{ off: 48, length: 2, read: [1, 2, 4] },
	{ off: 52, length: 20, read: "narrow" },
	{ off: 72, length: 1, read: "narrow" },
	{ off: 76, length: 1, read: "narrow" },
];
export const sock: ContextAccess = layout(
	sockFields.map((f) => ({ ...f, write: undefined })),
	80,
);
/** Of a socket that may be a request or time-wait one: no type, protocol, mark and priority. */
export const sockCommon: ContextAccess = (query) => (query.off >= 8 && query.off < 24 ? null : sock(query));
export const cgroupSock: ContextAccess = (query) => {
	const { off, attach, write } = query;
	const whole = off === 0 || off === 16 || off === 20;
	if (whole && attach !== SOCK_CREATE && attach !== SOCK_RELEASE) return null;
	if (off >= 24 && off < 28 && attach !== POST_BIND4) return null;
	if (off >= 28 && off < 44 && attach !== POST_BIND6) return null;
	if (off >= 44 && off < 48 && attach !== POST_BIND4 && attach !== POST_BIND6) return null;
	if (write && !whole) return null;
	return layout(sockFields, 80)(query);
};

export const tcpSock: ContextAccess = layout(
	[
		{ off: 0, length: 80, read: W },
		{ off: 80, length: 16, read: DW },
		{ off: 96, length: 16, read: W },
	],
	112,
);
export const xdpSock: ContextAccess = layout([{ off: 0, length: 4, read: W }], 4);

const V4 = [8, 10, 29, 31, 14, 19];
const V6 = [9, 11, 30, 32, 15, 20];
/** IPv6 addresses may be accessed eight bytes at a time. */
const wide = (off: number, base: number): boolean => off >= base && off + 8 <= base + 16 && off % 8 === 0;
export const sockAddr: ContextAccess = ({ off, size, write, attach }) => {
	if (off < 0 || off >= 72 || off % size !== 0) return null;
	const address = off >= 4 && off < 28 ? "user" : off >= 40 && off < 60 ? "msg" : null;
	if (off >= 4 && off < 8 && !V4.includes(attach)) return null;
	if (off >= 8 && off < 24 && !V6.includes(attach)) return null;
	if (off >= 40 && off < 44 && attach !== 14) return null;
	if (off >= 44 && off < 60 && attach !== 15) return null;
	if (address) {
		if (size === 8 && (wide(off, 8) || wide(off, 44))) return SCALAR_VALUE;
		return write ? (size === 4 ? SCALAR_VALUE : null) : size <= 4 ? SCALAR_VALUE : null;
	}
	if (off >= 64) return write || size !== 8 ? null : { type: PTR_TO_SOCKET };
	if (off < 4 || (off >= 28 && off < 40)) return write || size !== 4 ? null : SCALAR_VALUE;
	return null;
};

export const sockOps: ContextAccess = layout(
	[
		{ off: 0, length: 4, read: W },
		{ off: 4, length: 4, read: W, write: W },
		{ off: 8, length: 156, read: W },
		{ off: 164, length: 4, read: W, write: W },
		{ off: 168, length: 16, read: DW },
		{ off: 184, length: 8, read: DW, type: PTR_TO_SOCKET | MAYBE_NULL },
		{ off: 192, length: 8, read: DW, type: PTR_TO_PACKET },
		{ off: 200, length: 8, read: DW, type: PTR_TO_PACKET_END },
		{ off: 208, length: 4, read: W },
		{ off: 212, length: 1, read: "narrow" },
		{ off: 216, length: 8, read: DW },
	],
	224,
);

export const skMsg: ContextAccess = layout(
	[
		{ off: 0, length: 8, read: DW, type: PTR_TO_PACKET },
		{ off: 8, length: 8, read: DW, type: PTR_TO_PACKET_END },
		{ off: 16, length: 56, read: W },
		{ off: 72, length: 8, read: DW, type: PTR_TO_SOCKET },
	],
	80,
);

export const skReuseport: ContextAccess = layout(
	[
		{ off: 0, length: 8, read: DW, type: PTR_TO_PACKET },
		{ off: 8, length: 8, read: DW, type: PTR_TO_PACKET_END },
		{ off: 16, length: 4, read: "narrow" },
		{ off: 20, length: 4, read: [2, 4] },
		{ off: 24, length: 8, read: "narrow" },
		{ off: 32, length: 4, read: W },
		{ off: 40, length: 8, read: DW, type: PTR_TO_SOCKET },
		{ off: 48, length: 8, read: DW, type: PTR_TO_SOCK_COMMON | MAYBE_NULL },
	],
	56,
);

export const skLookup: ContextAccess = layout(
	[
		{ off: 0, length: 8, read: DW, type: PTR_TO_SOCKET | MAYBE_NULL },
		{ off: 8, length: 28, read: "narrow" },
		{ off: 36, length: 2, read: [1, 2, 4] },
		{ off: 38, length: 2, read: [1, 2] },
		{ off: 40, length: 28, read: "narrow" },
	],
	72,
);

export const cgroupDevice: ContextAccess = layout(
	[
		{ off: 0, length: 4, read: "narrow" },
		{ off: 4, length: 8, read: W },
	],
	12,
);
export const sysctl: ContextAccess = layout(
	[
		{ off: 0, length: 4, read: "narrow" },
		{ off: 4, length: 4, read: "narrow", write: W },
	],
	8,
);

const GETSOCKOPT = 21;
const SETSOCKOPT = 22;
export const sockopt: ContextAccess = layout(
	[
		{ off: 0, length: 8, read: DW, type: PTR_TO_SOCKET },
		{ off: 8, length: 8, read: DW, type: PTR_TO_PACKET },
		{ off: 16, length: 8, read: DW, type: PTR_TO_PACKET_END },
		{ off: 24, length: 8, read: W, write: W, writeAttach: [SETSOCKOPT] },
		{ off: 32, length: 4, read: W, write: W },
		{ off: 36, length: 4, read: W, write: W, attach: [GETSOCKOPT] },
	],
	40,
);

/** x86-64's pt_regs. The program may read any aligned part, and change nothing. */
export const kprobe: ContextAccess = ({ off, size, write }) =>
	off < 0 || off >= 168 || write || off % size !== 0 || off + size > 168 ? null : SCALAR_VALUE;

const PAGE = 4096;
/** A tracepoint's record, after the eight bytes that belong to the kernel. */
export const tracepoint: ContextAccess = ({ off, size, write }) =>
	off < 8 || off >= PAGE * 2 || write || off % size !== 0 ? null : SCALAR_VALUE;

/** `struct bpf_perf_event_data`: registers, then the sample period and address. */
export const perfEvent: ContextAccess = ({ off, size, write }) => {
	if (off < 0 || off >= 184 || write) return null;
	if (off % size !== 0) return null;
	if (off >= 168) return size <= 8 ? SCALAR_VALUE : null;
	return size === 8 ? SCALAR_VALUE : null;
};

/** Raw tracepoints: twelve 64-bit arguments; writable ones begin with a pointer to a buffer. */
export const rawTracepoint: ContextAccess = ({ off, size, write }) =>
	off < 0 || off >= 96 || write || off % size !== 0 ? null : SCALAR_VALUE;
export const rawTracepointWritable: ContextAccess = (query) =>
	query.off === 0 ? (query.size !== 8 || query.write ? null : { type: PTR_TO_TP_BUFFER }) : rawTracepoint(query);

export const lirc: ContextAccess = ({ off, size, write }) => (!write && off === 0 && size === 4 ? SCALAR_VALUE : null);
/** Programs of the bpf(BPF_PROG_RUN) kind: the caller's buffer, up to 64 KiB. */
export const syscall: ContextAccess = ({ off, size }) => (off < 0 || off >= 0xffff || off % size !== 0 ? null : SCALAR_VALUE);
