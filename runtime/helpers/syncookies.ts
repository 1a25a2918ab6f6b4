/**
 * SYN cookies of programs that answer for a host (net/core/filter.c bpf_tcp_raw_gen_syncookie_ipv4 and its relatives). The kernel's cookies depend on
 * its secrets; these are as good to whoever checks them here: two bits for the segment size, the rest from the connection.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily, HelperImplementation } from "./helper.ts";
import { signed, wideResult } from "./helper.ts";

/** Segment sizes that a cookie can say (net/ipv4/syncookies.c, net/ipv6/syncookies.c), and the one of a SYN without the option. */
const SEGMENTS = { 4: [536, 1300, 1440, 1460], 6: [1220, 1420, 1440, 8940] } as const;
const DEFAULT_SEGMENT = { 4: 536, 6: 1220 } as const;
/** Where the addresses stand in the network header, and their bytes together. */
const ADDRESSES = { 4: [12, 8], 6: [8, 32] } as const;
const TCP_HEADER = 20;
const OPTION = { end: 0, none: 1, segment: 2 } as const;

type Version = keyof typeof SEGMENTS;

/** FNV-1a over addresses, ports and the sequence number; the low two bits are free. */
function cookieOf(m: Machine, version: Version, network: number, tcp: number, sequence: number): number {
	const { u8 } = m.memory;
	const [at, bytes] = ADDRESSES[version];
	const parts = [
		...u8.subarray(network + at, network + at + bytes),
		...u8.subarray(tcp, tcp + 4),
		sequence & 255,
		(sequence >>> 8) & 255,
		(sequence >>> 16) & 255,
		sequence >>> 24,
	];
	return (parts.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) & ~3) >>> 0;
}

/** The option's size; 0: there is none. */
function segmentOption(m: Machine, tcp: number, length: number): number {
	const { view } = m.memory;
	for (let at = tcp + TCP_HEADER; at < tcp + length; ) {
		const kind = view.getUint8(at);
		if (kind === OPTION.end) break;
		if (kind === OPTION.none) {
			at++;
			continue;
		}
		const size = at + 1 < tcp + length ? view.getUint8(at + 1) : 0;
		if (size < 2 || at + size > tcp + length) break;
		if (kind === OPTION.segment && size === 4) return view.getUint16(at + 2);
		at += size;
	}
	return 0;
}

const generate = (version: Version): HelperImplementation =>
	wideResult((m, network, tcp, length) => {
		const { view } = m.memory;
		const header = tcp >>> 0;
		if (length < TCP_HEADER || length !== (view.getUint8(header + 12) >> 4) * 4) return m.result(BigInt(-errno.EINVAL));
		const wanted = segmentOption(m, header, length) || DEFAULT_SEGMENT[version];
		const known: readonly number[] = SEGMENTS[version];
		const index = Math.max(
			known.findLastIndex((size) => size <= wanted),
			0,
		);
		const cookie = (cookieOf(m, version, network >>> 0, header, view.getUint32(header + 4)) | index) >>> 0;
		return m.result((BigInt(known[index]) << 32n) | BigInt(cookie));
	});

/** Of the packet that acknowledges the cookie: both numbers are one further. */
const check = (version: Version): HelperImplementation =>
	signed((m, network, tcp) => {
		const { view } = m.memory;
		const header = tcp >>> 0;
		const cookie = (view.getUint32(header + 8) - 1) >>> 0;
		return (cookie & ~3) >>> 0 === cookieOf(m, version, network >>> 0, header, (view.getUint32(header + 4) - 1) >>> 0) ? 0 : -errno.EACCES;
	});

export const syncookieHelpers: HelperFamily = {
	bpf_tcp_raw_gen_syncookie_ipv4: generate(4),
	bpf_tcp_raw_gen_syncookie_ipv6: generate(6),
	bpf_tcp_raw_check_syncookie_ipv4: check(4),
	bpf_tcp_raw_check_syncookie_ipv6: check(6),
};
