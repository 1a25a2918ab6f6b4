import type { Value } from "../ir/types.ts";
import type { Reg } from "./machine.ts";

/**
 * The phis of a block take their values all at once; machine code copies one after the other. A copy may go first when
 * nobody still needs what it overwrites; when only circles are left, one register is saved aside (Boissinot et al.,
 * "Revisiting Out-of-SSA Translation", 2009, algorithm 1). Constants come last: they need nothing.
 */
export interface Transfer {
	readonly to: Reg;
	readonly from: Value;
}

export interface TransferSink {
	/** null: a constant or an address, made anew. */
	registerOf(value: Value): Reg | null;
	fresh(): Reg;
	copy(to: Reg, from: Reg): void;
	make(to: Reg, value: Value): void;
}

export function sequentialise(transfers: readonly Transfer[], sink: TransferSink): void {
	const made: Transfer[] = [];
	/** Destination → source register. */
	const pending = new Map<Reg, Reg>();
	const readers = new Map<Reg, number>();
	for (const transfer of transfers) {
		const from = sink.registerOf(transfer.from);
		if (from === null) made.push(transfer);
		else if (from !== transfer.to) {
			pending.set(transfer.to, from);
			readers.set(from, (readers.get(from) ?? 0) + 1);
		}
	}
	const ready = [...pending.keys()].filter((to) => !readers.has(to));
	while (pending.size > 0) {
		const to = ready.pop();
		if (to === undefined) {
			// A circle: save one register that is about to be overwritten.
			const [first] = pending.keys();
			const aside = sink.fresh();
			sink.copy(aside, first);
			for (const [dst, src] of pending) if (src === first) pending.set(dst, aside);
			readers.set(aside, readers.get(first)!);
			readers.delete(first);
			ready.push(first);
			continue;
		}
		const from = pending.get(to)!;
		pending.delete(to);
		sink.copy(to, from);
		const left = readers.get(from)! - 1;
		if (left > 0) readers.set(from, left);
		else {
			readers.delete(from);
			if (pending.has(from)) ready.push(from);
		}
	}
	for (const { to, from } of made) sink.make(to, from);
}
