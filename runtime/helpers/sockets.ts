/**
 * Sockets. The simulated host has none unless a test adds some to the run's extras under "sockets": a function from a lookup's tuple to the address
 * of a struct bpf_sock, or 0. Casts between socket types keep the address.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { contexts } from "../programs/contexts.ts";
import type { HelperFamily, HelperImplementation } from "./helper.ts";
import { signed, unsigned, wideResult } from "./helper.ts";

export type SocketLookup = (tuple: Uint8Array, protocol: "tcp" | "udp") => number;

function find(m: Machine, tuple: number, size: number, protocol: "tcp" | "udp"): number {
	const lookup = m.run?.extra.get("sockets");
	return typeof lookup === "function"
		? (lookup as SocketLookup)(m.memory.u8.slice(tuple >>> 0, (tuple >>> 0) + (size >>> 0)), protocol)
		: 0;
}

const same = unsigned((_m, socket) => socket);
const nothing = signed(() => -errno.ENOENT);

const IPPROTO_TCP = 6;
const TCP_LISTEN = 10;

/** The socket, if its fields say so; otherwise 0. */
function only(wanted: (field: (name: "protocol" | "state") => number) => boolean): HelperImplementation {
	return unsigned((m, socket) =>
		wanted((name) => m.memory.view.getUint32((socket >>> 0) + contexts.bpf_sock.fields[name][0], true)) ? socket : 0,
	);
}

const AF_INET = 2;
const AF_INET6 = 10;
/** struct bpf_fib_lookup: its size, where the interface stands in it; all flags that there are; BPF_FIB_LKUP_RET_NOT_FWDED, since the host has no routes. */
const FIB_PARAMETERS = 64;
const FIB_INTERFACE = 8;
const FIB_FLAGS = 63;
const NOT_FORWARDED = 4;

export const socketHelpers: HelperFamily = {
	bpf_sk_lookup_tcp: unsigned((m, _context, tuple, size) => find(m, tuple, size, "tcp")),
	bpf_skc_lookup_tcp: unsigned((m, _context, tuple, size) => find(m, tuple, size, "tcp")),
	bpf_sk_lookup_udp: unsigned((m, _context, tuple, size) => find(m, tuple, size, "udp")),
	bpf_sk_release: signed(() => 0),
	bpf_sk_fullsock: same,
	bpf_tcp_sock: only((field) => field("protocol") === IPPROTO_TCP),
	bpf_get_listener_sock: only((field) => field("state") === TCP_LISTEN),
	bpf_skc_to_tcp6_sock: same,
	bpf_skc_to_tcp_sock: same,
	bpf_skc_to_tcp_timewait_sock: same,
	bpf_skc_to_tcp_request_sock: same,
	bpf_skc_to_udp6_sock: same,
	bpf_skc_to_unix_sock: same,
	bpf_skc_to_mptcp_sock: same,
	bpf_sk_assign: signed((m, _context, socket, flags) => {
		if (flags !== 0) return -errno.EINVAL;
		if (m.run !== null) m.run.redirect = { target: "socket", index: socket >>> 0, flags };
		return 0;
	}),
	bpf_sk_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_sk_ancestor_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_tcp_check_syncookie: nothing,
	bpf_tcp_gen_syncookie: nothing,
	bpf_fib_lookup: signed((m, _context, parameters, size, flags) => {
		const { view } = m.memory;
		if (size < FIB_PARAMETERS || flags & ~FIB_FLAGS) return -errno.EINVAL;
		if (![AF_INET, AF_INET6].includes(view.getUint8(parameters >>> 0))) return -errno.EAFNOSUPPORT;
		return m.environment.mtu(view.getUint32((parameters >>> 0) + FIB_INTERFACE, true)) === null ? -errno.ENODEV : NOT_FORWARDED;
	}),
	bpf_getsockopt: signed((m, _socket, _level, _name, out, size) => {
		m.memory.u8.fill(0, out >>> 0, (out >>> 0) + (size >>> 0));
		return 0;
	}),
	bpf_setsockopt: signed(() => 0),
	bpf_bind: signed(() => 0),
	bpf_sock_ops_cb_flags_set: signed(() => 0),
	bpf_sock_map_update: signed((m, socket, map, key, flags) => updateSocket(m, socket, map, key, flags)),
	bpf_sock_hash_update: signed((m, socket, map, key, flags) => updateSocket(m, socket, map, key, flags)),
};

/** The slot gets the address of the context, which stands for its socket. */
function updateSocket(m: Machine, socket: number, map: number, key: number, flags: number): number {
	const found = m.mapAt(map);
	if (found === undefined) return -errno.EINVAL;
	const value = m.memory.alloc(8, 8, "socket slot");
	if (value === 0) return -errno.ENOMEM;
	m.memory.view.setBigUint64(value, BigInt(socket >>> 0), true);
	const result = found.update(key >>> 0, value, flags);
	m.memory.free(value);
	return result;
}
