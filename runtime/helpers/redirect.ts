/** Where packets go: the helper notes it in the run and returns the action; who receives is told by the run's output. */
import { errno } from "../errno.ts";
import { mapTypeId } from "../../assembler/spec/map-types.ts";
import { programTypeId } from "../../assembler/spec/program-types.ts";
import type { Machine, RunState } from "../machine.ts";
import { SlotArray, SlotHash } from "../maps/slots.ts";
import type { HelperFamily } from "./helper.ts";
import { signed } from "./helper.ts";

type Target = NonNullable<RunState["redirect"]>["target"];

const xdpAborted = 0;
const xdpRedirect = 4;
const tcShot = 2;
const tcRedirect = 7;

function go(m: Machine, target: Target, index: number, flags: number, good: number): number {
	if (m.run !== null) m.run.redirect = { target, index, flags };
	return good;
}

function toInterface(m: Machine, target: Target, index: number, flags: number, allowed: number): number {
	const isXdp = m.run?.program.image.type === programTypeId("XDP");
	if (flags & ~allowed || (isXdp && flags !== 0)) return isXdp ? xdpAborted : tcShot;
	return go(m, target, index >>> 0, flags, isXdp ? xdpRedirect : tcRedirect);
}

const actionMask = 3;
/** BPF_F_BROADCAST, BPF_F_EXCLUDE_INGRESS: of maps of devices. */
const broadcast = 0x8 | 0x10;
const deviceMaps = new Set([mapTypeId("DEVMAP"), mapTypeId("DEVMAP_HASH")]);

/** A verdict for socket maps: SK_DROP 0, SK_PASS 1. */
function toSocket(m: Machine, map: number, key: number, flags: number): number {
	const found = m.mapAt(map);
	if (found === undefined || flags & ~1) return 0;
	const at = found.lookup(key >>> 0);
	return at === 0 ? 0 : go(m, "socket", m.memory.view.getUint32(at, true), flags, 1);
}

/** The same with a number for a key. */
function toSocketAt(m: Machine, map: number, index: number, flags: number): number {
	const found = m.mapAt(map);
	if (!(found instanceof SlotArray) || flags & ~1 || index >>> 0 >= found.def.maxEntries) return 0;
	return go(m, "socket", m.memory.view.getUint32(found.base + index * found.stride, true), flags, 1);
}

export const redirectHelpers: HelperFamily = {
	bpf_redirect: signed((m, index, flags) => toInterface(m, "interface", index, flags, 1)),
	// No interface has the number 0; of all others we do not know better.
	bpf_clone_redirect: signed((m, _skb, index, flags) =>
		flags & ~1 || index === 0 ? -errno.EINVAL : go(m, "interface", index >>> 0, flags, 0),
	),
	bpf_redirect_peer: signed((m, index, flags) => toInterface(m, "peer", index, flags, 0)),
	bpf_redirect_neigh: signed((m, index, _parameters, _length, flags) => toInterface(m, "neighbour", index, flags, 0)),
	// The low two flag bits are the action when the slot is empty.
	bpf_redirect_map: signed((m, map, index, flags) => {
		const found = m.mapAt(map);
		if (flags & ~(actionMask | (found !== undefined && deviceMaps.has(found.def.type) ? broadcast : 0))) return xdpAborted;
		if (flags & 0x8) return go(m, "map", -1, flags, xdpRedirect);
		let at = 0;
		if (found instanceof SlotArray && index >>> 0 < found.def.maxEntries) at = found.base + index * found.stride;
		else if (found instanceof SlotHash) {
			for (const [key, value] of found.entries()) if (m.memory.view.getUint32(key, true) === index >>> 0) at = value;
		}
		const value = at === 0 ? 0 : m.memory.view.getUint32(at, true);
		return value === 0 ? flags & actionMask : go(m, "map", value, flags, xdpRedirect);
	}),
	bpf_sk_redirect_map: signed((m, _skb, map, index, flags) => toSocketAt(m, map, index, flags)),
	bpf_msg_redirect_map: signed((m, _msg, map, index, flags) => toSocketAt(m, map, index, flags)),
	bpf_sk_redirect_hash: signed((m, _skb, map, key, flags) => toSocket(m, map, key, flags)),
	bpf_msg_redirect_hash: signed((m, _msg, map, key, flags) => toSocket(m, map, key, flags)),
	bpf_sk_select_reuseport: signed((m, _context, map, key, flags) => {
		const found = m.mapAt(map);
		if (found === undefined || flags !== 0) return -errno.EINVAL;
		const at = found.lookup(key >>> 0);
		return at === 0 ? -errno.ENOENT : go(m, "socket", m.memory.view.getUint32(at, true), flags, 0);
	}),
	bpf_msg_apply_bytes: signed(() => 0),
	bpf_msg_cork_bytes: signed(() => 0),
	bpf_msg_pull_data: signed((m, _msg, start, end) => {
		const packet = m.run?.packet;
		if (packet === null || packet === undefined || end >>> 0 <= start >>> 0) return -errno.EINVAL;
		return packet.data + (end >>> 0) > packet.dataEnd ? -errno.EINVAL : 0;
	}),
};
