/**
 * Connection tracking (net/netfilter/nf_conntrack_bpf.c, nf_nat_bpf.c; Linux 6.18). The simulated host has the connections that programs of the machine made, and
 * forgets those whose time is over. A connection is a `struct nf_conn` in memory, of which status, timeout, mark and both tuples are there, where the types say.
 */
import type { Machine } from "../machine.ts";
import { errno } from "../errno.ts";
import { type KernelStruct, kernelStruct, writeMembers } from "../kernel-struct.ts";
import { jiffiesOf, tickStamp } from "./clock.ts";
import { signed, unsigned } from "./helper.ts";
import type { HelperImplementation } from "./helper.ts";
import { dropReference, references, takeReference } from "./references.ts";

/** Source and destination: address in one or four words, port, all as packets have them. */
interface End {
	readonly address: readonly number[];
	readonly port: number;
}

interface Tuple {
	readonly source: End;
	readonly destination: End;
}

interface Zone {
	readonly id: number;
	/** In which directions it counts, a bit each; the other one lies in zone 0. */
	readonly directions: number;
}

interface Connection {
	readonly protocol: number;
	readonly zone: Zone;
	/** As it began, and as its answers look. */
	readonly original: Tuple;
	reply: Tuple;
	status: number;
	/** Ticks, 32 bits: from now on until it is in the table, the moment of its end then. */
	timeout: number;
}

interface Options {
	readonly protocol: number;
	readonly zone: Zone;
}

/** Bits of `status` (enum ip_conntrack_status). */
const IPS = { expected: 1, seenReply: 2, assured: 4, confirmed: 8, dying: 0x200, fixedTimeout: 0x400 } as const;
/** What address translation leaves there, by source and destination: that it changed something, that it was asked. */
const TRANSLATED = [0x10, 0x20] as const;
const TRANSLATION_DONE = [0x80, 0x100] as const;
/** The rest that no program sets: sequence numbers, templates, untracked, offloaded. */
const FIXED = 0x40 | 0x800 | 0x1000 | 0x4000 | 0x8000;
const KEPT = [IPS.expected, IPS.confirmed, IPS.dying, FIXED, ...TRANSLATED, ...TRANSLATION_DONE];
/** What programs may set of the 16 that there are. */
const CHANGEABLE = KEPT.reduce((bits, kept) => bits & ~kept, 0xffff);

const PROTOCOLS: readonly number[] = [6, 17];
/** struct bpf_ct_opts, and as it was before zones. */
const OPTIONS = 16;
const OLD_OPTIONS = 12;
/** Offsets in it. */
const AT = { namespace: 0, error: 4, protocol: 8, direction: 9, zone: 10, zoneDirections: 12, reserved: 13 } as const;
const BOTH = 3;
/** Bytes of a tuple by words of an address. */
const TUPLES: Readonly<Record<number, number>> = { 12: 1, 36: 4 };
const FAMILIES: Readonly<Record<number, number>> = { 1: 2, 4: 10 };
/** Ticks of a new connection: ten seconds. */
const FIRST_TIMEOUT = jiffiesOf(10_000);
/** Where no types tell. */
const LEAST = 512;

/** By address. Those that are confirmed can be found. */
const tables = new WeakMap<Machine, Map<number, Connection>>();

function connections(m: Machine): Map<number, Connection> {
	let table = tables.get(m);
	if (table === undefined) tables.set(m, (table = new Map()));
	return table;
}

/** An address, 0 where there is no memory, or −errno. */
type Asked = (m: Machine, tuple: Tuple, options: Options, at: number) => number;

/** What lookups and allocations have in common: (context, tuple, its size, options, their size); the error is left in the options. */
function asking(answer: Asked, first: "protocol" | "namespace"): HelperImplementation {
	return unsigned((m, _context, tuple, tupleSize, options, optionsSize) => {
		const at = options >>> 0;
		const problem = refusal(m, at, optionsSize >>> 0, tupleSize >>> 0, first);
		const result =
			problem !== 0 ? -problem : answer(m, readTuple(m, tuple >>> 0, tupleSize >>> 0), readOptions(m, at, optionsSize >>> 0), at);
		if (result > 0) return result;
		m.memory.view.setInt32(at + AT.error, result === 0 ? -errno.ENOMEM : result, true);
		return 0;
	});
}

/** The error number of what is asked, 0: none. The two kinds of question do not look at protocol and network namespace in the same order. */
function refusal({ memory: { view, u8 } }: Machine, at: number, size: number, tupleSize: number, first: "protocol" | "namespace"): number {
	if (size !== OPTIONS && size !== OLD_OPTIONS) return errno.EINVAL;
	const reserved = size === OLD_OPTIONS ? u8.subarray(at + AT.zone, at + OLD_OPTIONS) : u8.subarray(at + AT.reserved, at + OPTIONS);
	if (reserved.some((byte) => byte !== 0)) return errno.EINVAL;
	const namespace = view.getInt32(at + AT.namespace, true);
	const protocol = PROTOCOLS.includes(u8[at + AT.protocol]) ? 0 : errno.EPROTO;
	if (first === "protocol" && protocol !== 0) return protocol;
	if (namespace < -1) return errno.EINVAL;
	if (protocol !== 0) return protocol;
	if (TUPLES[tupleSize] === undefined) return errno.EAFNOSUPPORT;
	// There is no network namespace but the current one.
	return namespace >= 0 ? errno.ENONET : 0;
}

function readOptions({ memory: { view, u8 } }: Machine, at: number, size: number): Options {
	const protocol = u8[at + AT.protocol];
	if (size === OLD_OPTIONS) return { protocol, zone: { id: 0, directions: BOTH } };
	if (u8[at + AT.zoneDirections] === 0) u8[at + AT.zoneDirections] = BOTH;
	return { protocol, zone: { id: view.getUint16(at + AT.zone, true), directions: u8[at + AT.zoneDirections] } };
}

function readTuple({ memory: { view } }: Machine, at: number, size: number): Tuple {
	const words = TUPLES[size];
	const end = (index: number): End => ({
		address: Array.from({ length: words }, (_, word) => view.getUint32(at + 4 * (words * index + word), true)),
		port: view.getUint16(at + 8 * words + 2 * index, true),
	});
	return { source: end(0), destination: end(1) };
}

const turned = ({ source, destination }: Tuple): Tuple => ({ source: destination, destination: source });
const sameEnd = (a: End, b: End): boolean =>
	a.port === b.port && a.address.length === b.address.length && a.address.every((word, i) => word === b.address[i]);
const sameTuple = (a: Tuple, b: Tuple): boolean => sameEnd(a.source, b.source) && sameEnd(a.destination, b.destination);
const zoneIn = ({ id, directions }: Zone, direction: number): number => (directions & (1 << direction) ? id : 0);

/** The address of a connection that is in the table and alive, and which of its tuples that is. */
function find(m: Machine, wanted: Tuple, { protocol, zone }: Options): { readonly at: number; readonly direction: number } | null {
	const now = tickStamp(m);
	for (const [at, connection] of connections(m)) {
		if ((connection.status & (IPS.confirmed | IPS.dying)) !== IPS.confirmed || connection.protocol !== protocol) continue;
		if (((connection.timeout - now) | 0) <= 0) {
			connection.status |= IPS.dying;
			letGo(m, at);
			continue;
		}
		for (const [direction, tuple] of [connection.original, connection.reply].entries())
			if (sameTuple(tuple, wanted) && zoneIn(connection.zone, direction) === zoneIn(zone, direction)) return { at, direction };
	}
	return null;
}

function letGo(m: Machine, at: number): void {
	dropReference(m, at);
	if (!references(m).has(at)) connections(m).delete(at);
}

const lookUp = asking((m, tuple, options, at) => {
	const found = find(m, tuple, options);
	if (found === null) return -errno.ENOENT;
	m.memory.u8[at + AT.direction] = found.direction;
	takeReference(m, found.at);
	return found.at;
}, "protocol");

const allocate = asking((m, original, { protocol, zone }) => {
	const at = m.memory.alloc(Math.max(LEAST, layout(m)?.size ?? 0), 64, "connection");
	if (at === 0) return 0;
	references(m).set(at, 1);
	connections(m).set(at, { protocol, zone, original, reply: turned(original), status: 0, timeout: FIRST_TIMEOUT });
	write(m, at);
	return at;
}, "namespace");

function layout(m: Machine): KernelStruct | null {
	const types = m.typesOfKernel();
	return types === null ? null : kernelStruct(types, "nf_conn", ["status", "timeout", "tuplehash"]);
}

/** The members that the kernel keeps; `mark` is the program's. */
function write(m: Machine, at: number): void {
	const struct = layout(m);
	const connection = connections(m).get(at);
	if (struct === null || connection === undefined) return;
	const { protocol, original, reply, status, timeout } = connection;
	const bytes = ({ source, destination }: Tuple, direction: number) => ({
		tuple: {
			src: { u3: { all: source.address }, u: { all: source.port }, l3num: FAMILIES[source.address.length] },
			dst: { u3: { all: destination.address }, u: { all: destination.port }, protonum: protocol, dir: direction },
		},
	});
	writeMembers(struct, m.memory.u8, at, { status, timeout: timeout >>> 0, tuplehash: [bytes(original, 0), bytes(reply, 1)] });
}

/** A kernel function over one connection that returns 0 or −errno. */
function changing(change: (m: Machine, connection: Connection, a2: number, a3: number, a4: number) => number): HelperImplementation {
	return signed((m, at, a2, a3, a4) => {
		const connection = connections(m).get(at >>> 0);
		if (connection === undefined) return -errno.EINVAL;
		const result = change(m, connection, a2, a3, a4);
		write(m, at >>> 0);
		return result;
	});
}

function setTimeout(m: Machine, connection: Connection, milliseconds: number): void {
	const ticks = Math.min(jiffiesOf(milliseconds >>> 0), 0x7fffffff);
	connection.timeout = connection.status & IPS.confirmed ? (tickStamp(m) + ticks) | 0 : ticks;
}

const changeStatus = changing((_m, connection, status) => {
	const differs = connection.status ^ status;
	const lost = differs & ~status;
	if (differs & (IPS.expected | IPS.confirmed | IPS.dying) || lost & (IPS.seenReply | IPS.assured)) return -errno.EBUSY;
	connection.status |= status & CHANGEABLE;
	return 0;
});

/** Gives one end of the connection another address, and port where that is not 0: what its answers then look like. */
function translate(m: Machine, connection: Connection, address: number, port: number, side: number): number {
	if ((side !== 0 && side !== 1) || connection.status & TRANSLATION_DONE[side] || connection.status & IPS.confirmed) return -errno.ENOMEM;
	const { view } = m.memory;
	const before = side === 0 ? connection.reply.destination : connection.reply.source;
	const bigEndian = ((port & 0xff) << 8) | ((port >>> 8) & 0xff);
	const end: End = {
		address: before.address.map((_, word) => view.getUint32((address >>> 0) + 4 * word, true)),
		port: port > 0 ? bigEndian : before.port,
	};
	connection.status |= TRANSLATION_DONE[side];
	if (sameEnd(end, before)) return 0;
	connection.status |= TRANSLATED[side];
	connection.reply = side === 0 ? { ...connection.reply, destination: end } : { ...connection.reply, source: end };
	return 0;
}

export const conntrack: Readonly<Record<string, HelperImplementation>> = {
	bpf_xdp_ct_lookup: lookUp,
	bpf_skb_ct_lookup: lookUp,
	bpf_xdp_ct_alloc: allocate,
	bpf_skb_ct_alloc: allocate,
	bpf_ct_insert_entry: unsigned((m, address) => {
		const at = address >>> 0;
		const connection = connections(m).get(at);
		if (connection === undefined) return 0;
		if (find(m, connection.original, connection) !== null || find(m, connection.reply, connection) !== null) {
			letGo(m, at);
			return 0;
		}
		connection.timeout = (tickStamp(m) + connection.timeout) | 0;
		connection.status |= IPS.confirmed;
		// The table has it, and the program.
		references(m).set(at, 2);
		write(m, at);
		return at;
	}),
	bpf_ct_release: signed((m, address) => {
		letGo(m, address >>> 0);
		return 0;
	}),
	bpf_ct_set_timeout: changing((m, connection, milliseconds) => {
		setTimeout(m, connection, milliseconds);
		return 0;
	}),
	bpf_ct_change_timeout: changing((m, connection, milliseconds) => {
		if (connection.status & IPS.fixedTimeout) return -errno.EPERM;
		setTimeout(m, connection, milliseconds);
		return connection.status & IPS.dying ? -errno.ETIME : 0;
	}),
	bpf_ct_set_status: changeStatus,
	bpf_ct_change_status: changeStatus,
	bpf_ct_set_nat_info: changing((m, connection, address, port, side) => translate(m, connection, address, port, side)),
};
