/**
 * Context structs as programs see them (include/uapi/linux/bpf.h, arch/x86 ptrace.h): field → [offset, bytes], or [offset, bytes, elements].
 * What user space passes as `context: { mark: 7 }` is written by these, and what comes back is read by them. Bytes 8 → bigint, less → number.
 */
import type { Value } from "../maps/codec.ts";
import { InputError } from "./input-error.ts";

/** In bytes; `count` for an array. */
export type Field = readonly [offset: number, size: number, count?: number];

/** A context's size and fields, in bytes. */
export interface ContextLayout {
	readonly size: number;
	readonly fields: Readonly<Record<string, Field>>;
}

/** By the struct's name. */
export const contexts = {
	xdp_md: { size: 24, fields: { data: [0, 4], data_end: [4, 4], data_meta: [8, 4], ingress_ifindex: [12, 4], rx_queue_index: [16, 4], egress_ifindex: [20, 4] } },
	__sk_buff: {
		size: 192,
		fields: {
			len: [0, 4], pkt_type: [4, 4], mark: [8, 4], queue_mapping: [12, 4], protocol: [16, 4], vlan_present: [20, 4], vlan_tci: [24, 4], vlan_proto: [28, 4],
			priority: [32, 4], ingress_ifindex: [36, 4], ifindex: [40, 4], tc_index: [44, 4], cb: [48, 4, 5], hash: [68, 4], tc_classid: [72, 4],
			data: [76, 4], data_end: [80, 4], napi_id: [84, 4], family: [88, 4], remote_ip4: [92, 4], local_ip4: [96, 4], remote_ip6: [100, 4, 4],
			local_ip6: [116, 4, 4], remote_port: [132, 4], local_port: [136, 4], data_meta: [140, 4], flow_keys: [144, 8], tstamp: [152, 8],
			wire_len: [160, 4], gso_segs: [164, 4], sk: [168, 8], gso_size: [176, 4], tstamp_type: [180, 1], hwtstamp: [184, 8],
		},
	},
	bpf_sock: {
		size: 80,
		fields: {
			bound_dev_if: [0, 4], family: [4, 4], type: [8, 4], protocol: [12, 4], mark: [16, 4], priority: [20, 4], src_ip4: [24, 4], src_ip6: [28, 4, 4],
			src_port: [44, 4], dst_port: [48, 2], dst_ip4: [52, 4], dst_ip6: [56, 4, 4], state: [72, 4], rx_queue_mapping: [76, 4],
		},
	},
	bpf_sock_addr: {
		size: 72,
		fields: {
			user_family: [0, 4], user_ip4: [4, 4], user_ip6: [8, 4, 4], user_port: [24, 4], family: [28, 4], type: [32, 4], protocol: [36, 4],
			msg_src_ip4: [40, 4], msg_src_ip6: [44, 4, 4], sk: [64, 8],
		},
	},
	bpf_sock_ops: {
		size: 224,
		fields: {
			op: [0, 4], args: [4, 4, 4], family: [20, 4], remote_ip4: [24, 4], local_ip4: [28, 4], remote_ip6: [32, 4, 4], local_ip6: [48, 4, 4],
			remote_port: [64, 4], local_port: [68, 4], is_fullsock: [72, 4], snd_cwnd: [76, 4], srtt_us: [80, 4], bpf_sock_ops_cb_flags: [84, 4], state: [88, 4],
			rtt_min: [92, 4], snd_ssthresh: [96, 4], rcv_nxt: [100, 4], snd_nxt: [104, 4], snd_una: [108, 4], mss_cache: [112, 4], ecn_flags: [116, 4],
			rate_delivered: [120, 4], rate_interval_us: [124, 4], packets_out: [128, 4], retrans_out: [132, 4], total_retrans: [136, 4], segs_in: [140, 4],
			data_segs_in: [144, 4], segs_out: [148, 4], data_segs_out: [152, 4], lost_out: [156, 4], sacked_out: [160, 4], sk_txhash: [164, 4],
			bytes_received: [168, 8], bytes_acked: [176, 8], sk: [184, 8], skb_data: [192, 8], skb_data_end: [200, 8], skb_len: [208, 4], skb_tcp_flags: [212, 4], skb_hwtstamp: [216, 8],
		},
	},
	bpf_cgroup_dev_ctx: { size: 12, fields: { access_type: [0, 4], major: [4, 4], minor: [8, 4] } },
	sk_msg_md: {
		size: 80,
		fields: {
			data: [0, 8], data_end: [8, 8], family: [16, 4], remote_ip4: [20, 4], local_ip4: [24, 4], remote_ip6: [28, 4, 4], local_ip6: [44, 4, 4],
			remote_port: [60, 4], local_port: [64, 4], size: [68, 4], sk: [72, 8],
		},
	},
	bpf_sysctl: { size: 8, fields: { write: [0, 4], file_pos: [4, 4] } },
	bpf_sockopt: { size: 40, fields: { sk: [0, 8], optval: [8, 8], optval_end: [16, 8], level: [24, 4], optname: [28, 4], optlen: [32, 4], retval: [36, 4] } },
	sk_reuseport_md: {
		size: 56,
		fields: { data: [0, 8], data_end: [8, 8], len: [16, 4], eth_protocol: [20, 4], ip_protocol: [24, 4], bind_inany: [28, 4], hash: [32, 4], sk: [40, 8], migrating_sk: [48, 8] },
	},
	bpf_sk_lookup: {
		size: 72,
		fields: { cookie: [0, 8], family: [8, 4], protocol: [12, 4], remote_ip4: [16, 4], remote_ip6: [20, 4, 4], remote_port: [36, 2], local_ip4: [40, 4], local_ip6: [44, 4, 4], local_port: [60, 4], ingress_ifindex: [64, 4] },
	},
	/** The user-visible struct starts with pt_regs on x86-64. */
	bpf_perf_event_data: { size: 184, fields: { sample_period: [168, 8], addr: [176, 8] } },
	bpf_nf_ctx: { size: 16, fields: { state: [0, 8], skb: [8, 8] } },
	pt_regs: {
		size: 168,
		fields: {
			r15: [0, 8], r14: [8, 8], r13: [16, 8], r12: [24, 8], bp: [32, 8], bx: [40, 8], r11: [48, 8], r10: [56, 8], r9: [64, 8], r8: [72, 8], ax: [80, 8],
			cx: [88, 8], dx: [96, 8], si: [104, 8], di: [112, 8], orig_ax: [120, 8], ip: [128, 8], cs: [136, 8], flags: [144, 8], sp: [152, 8], ss: [160, 8],
		},
	},
	bpf_xrp: { size: 280, fields: { data: [0, 8], done: [8, 4], next_addr: [16, 8, 16], size: [144, 8, 16], scratch: [272, 8] } },
} as const satisfies Record<string, ContextLayout>;

export type FieldValue = number | bigint | readonly (number | bigint)[];

/** Writes named fields; the name of an unknown one comes back. @throws InputError for a value that the field cannot hold */
export function writeFields(view: DataView, at: number, layout: ContextLayout, values: Readonly<Record<string, Value>>): string | null {
	for (const [name, value] of Object.entries(values)) {
		const field = layout.fields[name];
		if (field === undefined) return name;
		const [offset, size, count = 1] = field;
		const list: readonly Value[] = Array.isArray(value) ? value : [value];
		if (list.length > count) throw new InputError(`field ${name} has ${count} element${count === 1 ? "" : "s"}, not ${list.length}`);
		for (const [i, element] of list.entries()) {
			if (typeof element !== "bigint" && (typeof element !== "number" || !Number.isInteger(element))) throw new InputError(`field ${name} is a whole number of ${size * 8} bits, not ${String(element)}`);
			const whole = BigInt(element);
			if (whole >> BigInt(size * 8) !== 0n && whole >> BigInt(size * 8 - 1) !== -1n) throw new InputError(`field ${name}: ${whole} does not fit ${size * 8} bits`);
			storeNumber(view, at + offset + i * size, size, whole);
		}
	}
	return null;
}

export function readFields(view: DataView, at: number, layout: ContextLayout): Record<string, FieldValue> {
	const out: Record<string, FieldValue> = {};
	for (const [name, [offset, size, count]] of Object.entries(layout.fields)) {
		const one = (i: number): number | bigint => loadNumber(view, at + offset + i * size, size);
		out[name] = count === undefined ? one(0) : Array.from({ length: count }, (_, i) => one(i));
	}
	return out;
}

export function storeNumber(view: DataView, at: number, size: number, value: number | bigint): void {
	const wide = BigInt.asUintN(64, BigInt(value));
	if (size === 8) view.setBigUint64(at, wide, true);
	else if (size === 4) view.setUint32(at, Number(wide & 0xffffffffn), true);
	else if (size === 2) view.setUint16(at, Number(wide & 0xffffn), true);
	else view.setUint8(at, Number(wide & 0xffn));
}

function loadNumber(view: DataView, at: number, size: number): number | bigint {
	if (size === 8) return view.getBigUint64(at, true);
	return size === 4 ? view.getUint32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
}
