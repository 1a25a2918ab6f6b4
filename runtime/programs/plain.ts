/**
 * Programs whose context is a struct of numbers, argument registers or an array of u64: cgroup hooks, kprobes, tracing, LSM, struct_ops.
 * Where a struct has pointers to a buffer (sk_msg, sockopt, sk_reuseport), the buffer is laid out beside it.
 */
import { runState } from "../invoke.ts";
import type { LinearMemory } from "../memory.ts";
import type { ContextLayout } from "./contexts.ts";
import { readFields, storeNumber, writeFields } from "./contexts.ts";
import type { PacketState } from "./packet.ts";
import { PacketBuffer, xdpRoom } from "./packet.ts";
import type { Family, RunInput } from "./run.ts";
import { InputError } from "./input-error.ts";

/** A struct with named fields. `buffer` names two 64-bit pointer fields that span the packet or option bytes. */
export function structFamily(
	name: string,
	layout: ContextLayout,
	buffer?: { readonly start: string; readonly end: string; readonly from: "packet" | "optval" },
): Family {
	return (program) => {
		const { memory } = program.machine;
		const context = memory.alloc(layout.size, 8, "context");
		const packetBuffer = new PacketBuffer(memory, xdpRoom);
		return (input) => {
			memory.u8.fill(0, context, context + layout.size);
			let packet: PacketState | null = null;
			if (buffer !== undefined) {
				const bytes = input[buffer.from] ?? new Uint8Array(0);
				const place = packetBuffer.fill(bytes, new Uint8Array(0));
				const [start, end] = [layout.fields[buffer.start][0], layout.fields[buffer.end][0]];
				packet = {
					...place,
					sync() {
						storeNumber(memory.view, context + start, 8, this.data);
						storeNumber(memory.view, context + end, 8, this.dataEnd);
					},
				};
			}
			setContext(memory, context, name, layout, input);
			packet?.sync();
			const held = packet;
			const { view, u8 } = memory;
			return {
				r1: context,
				state: runState(program, context, { packet: buffer?.from === "packet" ? packet : null }),
				finish: () => ({
					context: u8.slice(context, context + layout.size),
					fields: readFields(view, context, layout),
					...(held === null ? {} : { [buffer?.from ?? "packet"]: u8.slice(held.data, held.dataEnd) }),
				}),
			};
		};
	};
}

function setContext(memory: LinearMemory, context: number, name: string, layout: ContextLayout, input: RunInput): void {
	const given = input.context ?? {};
	if (given instanceof Uint8Array) {
		memory.u8.set(given.subarray(0, layout.size), context);
		return;
	}
	const unknown = writeFields(memory.view, context, layout, given);
	if (unknown !== null) throw new InputError(`${name} has no field ${unknown}`);
}

/** Tracing, raw tracepoints, LSM, struct_ops: u64 arguments in an array, the function's result behind them. */
export const argumentArray: Family = (program) => {
	const { memory } = program.machine;
	const slots = 16;
	const context = memory.alloc(slots * 8, 8, "context");
	return (input) => {
		memory.u8.fill(0, context, context + slots * 8);
		if (input.context instanceof Uint8Array) memory.u8.set(input.context.subarray(0, slots * 8), context);
		else if (input.context !== undefined) throw new InputError("this program's context is its arguments: args");
		const copies: number[] = [];
		const args = input.args ?? [];
		if (args.length > 12) throw new InputError("a traced function has at most 12 arguments");
		for (const [i, value] of args.entries()) storeNumber(memory.view, context + 8 * i, 8, argument(memory, value, copies));
		if (input.result !== undefined) storeNumber(memory.view, context + 8 * args.length, 8, input.result);
		const state = runState(program, context, { cookie: input.cookie ?? 0n });
		state.extra.set("arguments", args.length);
		return {
			r1: context,
			state,
			finish: () => {
				for (const copy of copies) memory.free(copy);
				return { context: memory.u8.slice(context, context + slots * 8) };
			},
		};
	};
};

/** kprobes: the argument registers of the x86-64 calling convention in pt_regs. */
export function registersFamily(layout: ContextLayout): Family {
	const order = ["di", "si", "dx", "cx", "r8", "r9"];
	return (program) => {
		const { memory } = program.machine;
		const context = memory.alloc(layout.size, 8, "context");
		return (input) => {
			memory.u8.fill(0, context, context + layout.size);
			setContext(memory, context, "pt_regs", layout, input);
			const copies: number[] = [];
			for (const [i, value] of (input.args ?? []).entries()) {
				const field = order[i];
				if (field === undefined) throw new InputError("registers hold at most 6 arguments");
				storeNumber(memory.view, context + (layout.fields[field] ?? [0])[0], 8, argument(memory, value, copies));
			}
			if (input.result !== undefined && layout.fields.ax !== undefined)
				storeNumber(memory.view, context + layout.fields.ax[0], 8, input.result);
			return {
				r1: context,
				state: runState(program, context, { cookie: input.cookie ?? 0n }),
				finish: () => {
					for (const copy of copies) memory.free(copy);
					return { context: memory.u8.slice(context, context + layout.size), fields: readFields(memory.view, context, layout) };
				},
			};
		};
	};
}

/** A number as it is; text and bytes as the address of a copy, text with its NUL. */
function argument(memory: LinearMemory, value: number | bigint | Uint8Array | string, copies: number[]): number | bigint {
	if (typeof value === "number" || typeof value === "bigint") return value;
	const bytes = typeof value === "string" ? new TextEncoder().encode(`${value}\0`) : value;
	const at = memory.alloc(Math.max(1, bytes.length), 8, "argument");
	memory.u8.set(bytes, at);
	copies.push(at);
	return at;
}

/** Netfilter: pointers to a hook state and to a socket buffer, of which programs may read the length. */
export const netfilter: Family = (program) => {
	const { memory } = program.machine;
	const context = memory.alloc(16, 8, "context");
	const state = memory.alloc(64, 8, "nf_hook_state", false);
	const buffer = memory.alloc(256, 8, "sk_buff", false);
	const packetBuffer = new PacketBuffer(memory, xdpRoom);
	return (input) => {
		const bytes = input.packet ?? new Uint8Array(64);
		const place = packetBuffer.fill(bytes.subarray(14), new Uint8Array(0));
		storeNumber(memory.view, context, 8, state);
		storeNumber(memory.view, context + 8, 8, buffer);
		storeNumber(memory.view, buffer + skbLength, 4, Math.max(0, bytes.length - 14));
		return {
			r1: context,
			state: runState(program, context, { packet: { ...place, sync: () => undefined } }),
			finish: () => ({ context: memory.u8.slice(context, context + 16) }),
		};
	};
};

/** Offset of `len` in the kernel's struct sk_buff (6.18, x86-64). */
const skbLength = 112;

/** XRP: 280 bytes of context, the block just read and the caller's scratch page. */
export function storageFamily(layout: ContextLayout): Family {
	const page = 4096;
	return (program) => {
		const { memory } = program.machine;
		const context = memory.alloc(layout.size, 8, "context");
		const data = memory.alloc(page, page, "data");
		const scratch = memory.alloc(page, page, "scratch");
		return (input) => {
			const { u8, view } = memory;
			u8.fill(0, context, context + layout.size);
			u8.fill(0, data, data + page);
			u8.fill(0, scratch, scratch + page);
			u8.set((input.data ?? new Uint8Array(0)).subarray(0, page), data);
			u8.set((input.scratch ?? new Uint8Array(0)).subarray(0, page), scratch);
			setContext(memory, context, "bpf_xrp", layout, input);
			storeNumber(view, context, 8, data);
			storeNumber(view, context + 272, 8, scratch);
			return {
				r1: context,
				state: runState(program, context),
				finish: () => ({
					context: u8.slice(context, context + layout.size),
					fields: readFields(view, context, layout),
					scratch: u8.slice(scratch, scratch + page),
				}),
			};
		};
	};
}
