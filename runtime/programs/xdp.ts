/** XDP programs (net/bpf/test_run.c bpf_prog_test_run_xdp): a packet with 256 bytes of headroom, received by interface 1 on queue 0. */
import { runState } from "../invoke.ts";
import { contexts, readFields, writeFields } from "./contexts.ts";
import type { PacketState } from "./packet.ts";
import { PacketBuffer, xdpRoom } from "./packet.ts";
import type { Family } from "./run.ts";
import { InputError } from "./input-error.ts";

/** enum xdp_action */
export const xdpAction = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const;

export const xdp: Family = (program) => {
	const { memory } = program.machine;
	const layout = contexts.xdp_md;
	const buffer = new PacketBuffer(memory, xdpRoom);
	const context = memory.alloc(layout.size, 8, "context");
	return (input) => {
		const meta = input.meta ?? new Uint8Array(0);
		if (meta.length % 4 !== 0 || meta.length > 32) throw new InputError("metadata must be a multiple of 4 bytes, at most 32");
		const place = buffer.fill(input.packet ?? new Uint8Array(64), meta);
		const { view, u8 } = memory;
		u8.fill(0, context, context + layout.size);
		const fields = input.context ?? {};
		if (fields instanceof Uint8Array) u8.set(fields.subarray(0, layout.size), context);
		else {
			const unknown = writeFields(view, context, layout, { ingress_ifindex: 1, ...fields });
			if (unknown !== null) throw new InputError(`xdp_md has no field ${unknown}`);
		}
		const packet: PacketState = {
			...place,
			mac: place.data,
			sync() {
				buffer.holds(this);
				view.setUint32(context, this.data, true);
				view.setUint32(context + 4, this.dataEnd, true);
				view.setUint32(context + 8, this.meta, true);
			},
		};
		packet.sync();
		return {
			r1: context,
			state: runState(program, context, { packet }),
			finish: () => ({
				packet: u8.slice(packet.data, packet.dataEnd),
				meta: u8.slice(packet.meta, packet.data),
				context: u8.slice(context, context + layout.size),
				fields: readFields(view, context, layout),
			}),
		};
	};
};
