/**
 * Sockets. The simulated host has none unless a test adds some to the run's extras under "sockets": a function from a lookup's tuple to the address
 * of a struct bpf_sock, or 0. Casts between socket types keep the address.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned, wideResult } from "./helper.ts";

export type SocketLookup = (tuple: Uint8Array, protocol: "tcp" | "udp") => number;

function find(m: Machine, tuple: number, size: number, protocol: "tcp" | "udp"): number {
	const lookup = m.run?.extra.get("sockets");
	return typeof lookup === "function" ? (lookup as SocketLookup)(m.memory.u8.slice(tuple >>> 0, (tuple >>> 0) + (size >>> 0)), protocol) : 0;
}

const same = unsigned((_m, socket) => socket);
const nothing = signed(() => -errno.ENOENT);

export const socketHelpers: HelperFamily = {
	bpf_sk_lookup_tcp: unsigned((m, _context, tuple, size) => find(m, tuple, size, "tcp")),
	bpf_skc_lookup_tcp: unsigned((m, _context, tuple, size) => find(m, tuple, size, "tcp")),
	bpf_sk_lookup_udp: unsigned((m, _context, tuple, size) => find(m, tuple, size, "udp")),
	bpf_sk_release: signed(() => 0),
	bpf_sk_fullsock: same,
	bpf_tcp_sock: same,
	bpf_get_listener_sock: same,
	bpf_skc_to_tcp6_sock: same,
	bpf_skc_to_tcp_sock: same,
	bpf_skc_to_tcp_timewait_sock: same,
	bpf_skc_to_tcp_request_sock: same,
	bpf_skc_to_udp6_sock: same,
	bpf_skc_to_unix_sock: same,
	bpf_skc_to_mptcp_sock: same,
	bpf_sk_assign: signed((m, _context, socket, flags) => {
		if (m.run !== null) m.run.redirect = { target: "socket", index: socket >>> 0, flags };
		return 0;
	}),
	bpf_sk_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_sk_ancestor_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_tcp_check_syncookie: nothing,
	bpf_tcp_gen_syncookie: nothing,
	bpf_fib_lookup: signed(() => 4),
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
