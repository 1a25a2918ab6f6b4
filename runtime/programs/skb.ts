/**
 * Programs over a socket buffer (net/bpf/test_run.c bpf_prog_test_run_skb). TC programs see the packet from its Ethernet header on; socket filters,
 * cgroup and LWT programs from the network header on, and get 14 zero bytes back in front, as from the kernel.
 */
import { programTypeId } from "../../assembler/spec/program-types.ts";
import { runState } from "../invoke.ts";
import { LocalStorage } from "../maps/local-storage.ts";
import type { LinearMemory } from "../memory.ts";
import { contexts, readFields, writeFields } from "./contexts.ts";
import type { PacketState } from "./packet.ts";
import { etherType, ethernetHeader, frameProtocol, PacketBuffer, skbRoom, swapped } from "./packet.ts";
import type { Family } from "./run.ts";
import { InputError } from "./input-error.ts";

/** The state of a socket that is not connected, and its queue where it has none. */
const TCP_CLOSE = 7;
const NO_QUEUE = 0xffffffff;
const linkLayerTypes: readonly (number | string)[] = [programTypeId("SCHED_CLS"), programTypeId("SCHED_ACT")];

/** One for all programs in a memory: it is large, and they run one after another. */
const buffers = new WeakMap<LinearMemory, PacketBuffer>();

function bufferOf(memory: LinearMemory): PacketBuffer {
	let buffer = buffers.get(memory);
	if (buffer === undefined) buffers.set(memory, (buffer = new PacketBuffer(memory, skbRoom)));
	return buffer;
}

export const skb: Family = (program) => {
	const { memory } = program.machine;
	const layout = contexts.__sk_buff;
	const buffer = bufferOf(memory);
	const context = memory.alloc(layout.size, 8, "context");
	const flowKeys = memory.alloc(56, 8, "flow keys");
	const socket = memory.alloc(contexts.bpf_sock.size, 8, "socket");
	const storages = program.machine.maps.filter((map) => map instanceof LocalStorage);
	const hasLink = linkLayerTypes.includes(program.image.type);
	return (input) => {
		const bytes = input.packet ?? new Uint8Array(64);
		if (bytes.length < ethernetHeader) throw new InputError(`a packet has at least ${ethernetHeader} bytes: its Ethernet header`);
		const place = buffer.fill(bytes, input.meta ?? new Uint8Array(0));
		const { view, u8 } = memory;
		u8.fill(0, context, context + layout.size);
		u8.fill(0, flowKeys, flowKeys + 56);
		// Each packet comes with a socket of its own.
		for (const map of storages) map.remove(socket);
		u8.fill(0, socket, socket + contexts.bpf_sock.size);
		const mac = place.data;
		const start = hasLink ? mac : mac + ethernetHeader;
		const protocol = frameProtocol(view, mac + ethernetHeader, place.dataEnd);
		const ends = addresses(view, mac + ethernetHeader, place.dataEnd, protocol);
		writeFields(view, socket, contexts.bpf_sock, socketFields(ends));
		const defaults = {
			pkt_type: packetType(u8.subarray(mac, mac + 6)),
			protocol: swapped(protocol),
			ifindex: 1,
			hash: 0,
			flow_keys: flowKeys,
			sk: socket,
			family: ends.family,
			local_ip4: ends.local4,
			remote_ip4: ends.remote4,
			local_ip6: ends.local6,
			remote_ip6: ends.remote6,
		};
		fillContext(memory, context, defaults, input.context ?? {});
		const packet: PacketState = {
			...place,
			data: start,
			meta: hasLink ? place.meta : start,
			mac,
			network: mac + ethernetHeader,
			sync() {
				buffer.holds(this);
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
				return {
					packet: whole,
					meta: u8.slice(packet.meta, packet.data),
					context: u8.slice(context, context + layout.size),
					fields: readFields(view, context, layout),
				};
			},
		};
	};
};

const socketFields = (ends: Ends): ContextFields => ({
	family: ends.family,
	src_ip4: ends.local4,
	dst_ip4: ends.remote4,
	src_ip6: ends.local6,
	dst_ip6: ends.remote6,
	state: TCP_CLOSE,
	rx_queue_mapping: NO_QUEUE,
});

/** What the caller gives, whole or by field, wins. */
function fillContext({ view, u8 }: LinearMemory, context: number, defaults: ContextFields, given: Uint8Array | ContextFields): void {
	const layout = contexts.__sk_buff;
	if (given instanceof Uint8Array) {
		writeFields(view, context, layout, defaults);
		u8.set(given.subarray(0, layout.size), context);
	} else {
		const unknown = writeFields(view, context, layout, { ...defaults, ...given });
		if (unknown !== null) throw new InputError(`__sk_buff has no field ${unknown}`);
	}
}

/** PACKET_HOST, BROADCAST, MULTICAST, OTHERHOST by the destination; the loopback device's own address is all zero. */
function packetType(destination: Uint8Array): number {
	if (destination.every((byte) => byte === 0)) return 0;
	if (destination.every((byte) => byte === 255)) return 1;
	return destination[0] & 1 ? 2 : 3;
}

type ContextFields = Parameters<typeof writeFields>[3];

interface Ends {
	/** AF_UNSPEC, AF_INET, AF_INET6 */
	readonly family: 0 | 2 | 10;
	readonly local4: number;
	readonly remote4: number;
	readonly local6: readonly number[];
	readonly remote6: readonly number[];
}

const NOWHERE: Ends = { family: 0, local4: 0, remote4: 0, local6: [0, 0, 0, 0], remote6: [0, 0, 0, 0] };

/** The kernel's test run gives the packet's socket the packet's own addresses. */
function addresses(view: DataView, network: number, end: number, protocol: number): Ends {
	const words = (at: number): number[] => [0, 4, 8, 12].map((offset) => view.getUint32(at + offset, true));
	if (protocol === etherType.ipv4) {
		return network + 20 > end
			? { ...NOWHERE, family: 2 }
			: { ...NOWHERE, family: 2, local4: view.getUint32(network + 12, true), remote4: view.getUint32(network + 16, true) };
	}
	if (protocol === etherType.ipv6)
		return network + 40 > end
			? { ...NOWHERE, family: 10 }
			: { ...NOWHERE, family: 10, local6: words(network + 8), remote6: words(network + 24) };
	return NOWHERE;
}
