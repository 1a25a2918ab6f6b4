import type { MInst, Reg } from "./machine.ts";

interface Entry {
	readonly insts: readonly MInst[];
	readonly reg: Reg;
	/** Index in the reversed code before which it must stand. */
	position: number;
}

/**
 * Constants, addresses and extensions that selection asks for: each is made once for a stretch of code without a call, just before its first use.
 *
 * Code is selected backwards, so the first use is the last that asks: every instruction that asks moves the value's place on to its own.
 */
export class SharedValues {
	readonly #entries = new Map<string, Entry>();
	readonly #asked = new Set<Entry>();

	/** The register of the value called `key`; `insts` makes it there. It is asked for by code that will stand at `position`. */
	ask(key: string, position: number, fresh: () => Reg, insts: (to: Reg) => readonly MInst[]): Reg {
		let entry = this.#entries.get(key);
		if (entry === undefined) {
			const reg = fresh();
			entry = { reg, insts: insts(reg), position };
			this.#entries.set(key, entry);
		}
		this.#asked.add(entry);
		return entry.reg;
	}

	/** The code that asked since the last time is complete, and ends at `position`. */
	settle(position: number): void {
		for (const entry of this.#asked) entry.position = position;
		this.#asked.clear();
	}

	/** All that is not made yet is asked for. */
	askAll(): void {
		for (const entry of this.#entries.values()) this.#asked.add(entry);
	}

	/** Makes values where they must stand in the reversed code; who asks for them further up gets others. */
	make(reversed: MInst[], which: (key: string) => boolean): void {
		const entries = [...this.#entries].filter(([key]) => which(key)).sort(([, a], [, b]) => b.position - a.position);
		for (const [key, { insts, position }] of entries) {
			reversed.splice(position, 0, ...insts.slice().reverse());
			this.#entries.delete(key);
		}
	}
}
