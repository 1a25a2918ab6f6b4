/**
 * Programs over a socket buffer (net/bpf/test_run.c bpf_prog_test_run_skb). TC programs see the packet from its Ethernet header on; socket filters,
 * cgroup and LWT programs from the network header on, and get 14 zero bytes back in front, as from the kernel.
 */
import { programTypeId } from "../../assembler/spec/program-types.ts";
import { runState } from "../invoke.ts";
import { contexts, readFields, writeFields } from "./contexts.ts";
import type { PacketState } from "./packet.ts";
import { PacketBuffer } from "./packet.ts";
import type { Family } from "./run.ts";
import { InputError } from "./run.ts";

const ethernetHeader = 14;
const linkLayerTypes: readonly (number | string)[] = [programTypeId("SCHED_CLS"), programTypeId("SCHED_ACT")];

export const skb: Family = (program) => {
	const { memory } = program.machine;
	const layout = contexts.__sk_buff;
	const buffer = new PacketBuffer(memory);
	const context = memory.alloc(layout.size, 8, "context");
	const flowKeys = memory.alloc(56, 8, "flow keys");
	const hasLink = linkLayerTypes.includes(program.image.type);
	return (input) => {
		const bytes = input.packet ?? new Uint8Array(64);
		if (bytes.length < ethernetHeader) throw new InputError(`a packet has at least ${ethernetHeader} bytes: its Ethernet header`);
		const place = buffer.fill(bytes, input.meta ?? new Uint8Array(0));
		const { view, u8 } = memory;
		u8.fill(0, context, context + layout.size);
		u8.fill(0, flowKeys, flowKeys + 56);
		const mac = place.data;
		const start = hasLink ? mac : mac + ethernetHeader;
		const protocol = view.getUint16(mac + 12, true);
		const defaults = {
			pkt_type: packetType(u8.subarray(mac, mac + 6)),
			protocol,
			ifindex: 1,
			hash: 0,
			flow_keys: flowKeys,
			...addresses(view, mac + ethernetHeader, place.dataEnd, view.getUint16(mac + 12)),
		};
		const fields = input.context ?? {};
		if (fields instanceof Uint8Array) {
			writeFields(view, context, layout, defaults);
			u8.set(fields.subarray(0, layout.size), context);
		} else {
			const unknown = writeFields(view, context, layout, { ...defaults, ...fields });
			if (unknown !== null) throw new InputError(`__sk_buff has no field ${unknown}`);
		}
		const packet: PacketState = {
			...place,
			data: start,
			meta: hasLink ? place.meta : start,
			mac,
			network: mac + ethernetHeader,
			sync() {
				view.setUint32(context, this.dataEnd - this.data, true);
				view.setUint32(context + 76, this.data, true);
				view.setUint32(context + 80, this.dataEnd, true);
				view.setUint32(context + 140, this.meta, true);
			},
		};
		packet.sync();
		return {
			r1: context,
			state: runState(program, context, { packet }),
			finish: () => {
				const data = u8.slice(packet.data, packet.dataEnd);
				const front = hasLink ? 0 : ethernetHeader;
				const whole = new Uint8Array(front + data.length);
				whole.set(data, front);
				return { packet: whole, meta: u8.slice(packet.meta, packet.data), context: u8.slice(context, context + layout.size), fields: readFields(view, context, layout) };
			},
		};
	};
};

/** PACKET_HOST, BROADCAST, MULTICAST, OTHERHOST by the destination; the loopback device's own address is all zero. */
function packetType(destination: Uint8Array): number {
	if (destination.every((byte) => byte === 0)) return 0;
	if (destination.every((byte) => byte === 255)) return 1;
	return destination[0] & 1 ? 2 : 3;
}

/** The kernel's test run gives the socket the packet's own addresses. */
function addresses(view: DataView, network: number, end: number, protocol: number): Record<string, number | number[]> {
	const words = (at: number): number[] => [0, 4, 8, 12].map((offset) => view.getUint32(at + offset, true));
	if (protocol === 0x0800 && network + 20 <= end) return { family: 2, local_ip4: view.getUint32(network + 12, true), remote_ip4: view.getUint32(network + 16, true) };
	if (protocol === 0x86dd && network + 40 <= end) return { family: 10, local_ip6: words(network + 8), remote_ip6: words(network + 24) };
	return {};
}
