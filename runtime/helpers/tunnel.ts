/**
 * What a tunnel device was told of a packet, or is to be told (net/core/filter.c bpf_skb_set_tunnel_key and its relatives). A packet comes from no
 * tunnel: there is something to read once the program has written it.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed } from "./helper.ts";

/** struct bpf_tunnel_key; older programs know a shorter one, up to one of these fields. */
const SIZE = 44;
const at = { id: 0, remote: 4, tos: 20, ttl: 21, flags: 22, label: 24, local: 28 } as const;
const OLDER: readonly number[] = [at.local, at.label, at.flags, at.remote + 4];
/** BPF_F_TUNINFO_IPV6, ZERO_CSUM_TX, DONT_FRAGMENT, SEQ_NUMBER, NO_TUNNEL_KEY; when reading, BPF_F_TUNINFO_FLAGS. */
const flag = { ipv6: 1, dontFragment: 4, sequence: 8, noKey: 16, wantsFlags: 16 } as const;
const WRITE_FLAGS = 31;
/** IP_TUNNEL_*_BIT as tunnel_flags shows them, in the network's byte order: a key, a sequence number, no fragments, no sums. */
const shown = { checksum: 0x0100, sequence: 0x1000, key: 0x0400, dontFragment: 0x0001 } as const;
const LONGEST_OPTIONS = 255;

interface Tunnel {
	readonly key: Uint8Array;
	readonly ipv6: boolean;
	readonly flags: number;
	options: Uint8Array | null;
}

const KEY = "tunnel";
const tunnelOf = (m: Machine): Tunnel | undefined => m.run?.extra.get(KEY) as Tunnel | undefined;

function write(m: Machine, from: number, size: number, flags: number): number {
	if (flags & ~WRITE_FLAGS || (size !== SIZE && !OLDER.includes(size))) return -errno.EINVAL;
	const key = new Uint8Array(SIZE);
	key.set(m.memory.u8.subarray(from, from + size));
	const view = new DataView(key.buffer);
	const ipv6 = (flags & flag.ipv6) !== 0;
	if ((!ipv6 && view.getUint32(at.label, true) !== 0) || view.getUint16(at.flags, true) !== 0) return -errno.EINVAL;
	const ones = (set: boolean, bit: number): number => (set ? bit : 0);
	const told =
		ones((flags & flag.noKey) === 0, shown.key) |
		ones((flags & 2) === 0, shown.checksum) |
		ones((flags & flag.sequence) !== 0, shown.sequence) |
		ones((flags & flag.dontFragment) !== 0, shown.dontFragment);
	m.run?.extra.set(KEY, { key, ipv6, flags: told, options: null } satisfies Tunnel);
	return 0;
}

function read(m: Machine, to: number, size: number, flags: number): number {
	const tunnel = tunnelOf(m);
	const out = m.memory.u8.subarray(to, to + size);
	out.fill(0);
	if (tunnel === undefined || flags & ~(flag.ipv6 | flag.wantsFlags)) return -errno.EINVAL;
	if (tunnel.ipv6 !== ((flags & flag.ipv6) !== 0)) return -errno.EPROTO;
	if (size !== SIZE && (!OLDER.includes(size) || (size === at.remote + 4 && tunnel.ipv6))) return -errno.EINVAL;
	const key = tunnel.key.slice();
	const view = new DataView(key.buffer);
	if (flags & flag.wantsFlags) view.setUint16(at.flags, tunnel.flags);
	if (!tunnel.ipv6) {
		key.fill(0, at.remote + 4, at.tos);
		key.fill(0, at.local + 4);
	}
	out.set(key.subarray(0, size));
	return 0;
}

export const tunnelHelpers: HelperFamily = {
	bpf_skb_get_tunnel_key: signed((m, _context, to, size, flags) => read(m, to >>> 0, size >>> 0, flags)),
	bpf_skb_set_tunnel_key: signed((m, _context, from, size, flags) => write(m, from >>> 0, size >>> 0, flags)),
	bpf_skb_get_tunnel_opt: signed((m, _context, to, size) => {
		const options = tunnelOf(m)?.options;
		const out = m.memory.u8.subarray(to >>> 0, (to >>> 0) + size);
		out.fill(0);
		if (options === undefined || options === null) return -errno.ENOENT;
		if (size < options.length) return -errno.ENOMEM;
		out.set(options);
		return options.length;
	}),
	bpf_skb_set_tunnel_opt: signed((m, _context, from, size) => {
		const tunnel = tunnelOf(m);
		if (tunnel === undefined || size & 3) return -errno.EINVAL;
		if (size >>> 0 > LONGEST_OPTIONS) return -errno.ENOMEM;
		tunnel.options = m.memory.u8.slice(from >>> 0, (from >>> 0) + size);
		return 0;
	}),
};
