/**
 * BPF_MAP_TYPE_RINGBUF (kernel/bpf/ringbuf.c). Records lie behind 8-byte headers { u32 length | busy | discard, u32 offset } in a buffer of
 * max_entries bytes, a power of two. The kernel maps the pages twice so that a record may run over the end; here the buffer is simply twice
 * as long. Records reach user space when everything before them was submitted or discarded, and keep their room until user space took them.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import type { EventMap, EventRecord, EventSource } from "./events.ts";
import { Listeners } from "./events.ts";
import { BpfMap, roundUp8 } from "./map.ts";

const busy = 0x80000000;
const discarded = 0x40000000;
const header = 8;

/** What bpf_ringbuf_query is asked for. */
const ringQuery = { available: 0, size: 1, consumer: 2, producer: 3 } as const;

export class RingBuffer extends BpfMap implements EventMap, EventSource {
	readonly lost = 0;
	readonly #listeners = new Listeners();
	/** CPU by position of the records that wait. */
	readonly #cpus = new Map<number, number>();
	readonly #base: number;
	readonly #size: number;
	/** Positions only grow; their place is position modulo size. */
	#producer = 0;
	#consumer = 0;

	constructor(machine: Machine, def: MapDef) {
		super(machine, def);
		this.#size = def.maxEntries;
		this.#base = machine.memory.alloc(2 * this.#size + header, 8, `ring buffer ${def.name}`);
	}

	get events(): EventSource {
		return this;
	}

	drain(): EventRecord[] {
		const records: EventRecord[] = [];
		for (let record = this.#take(); record !== undefined; record = this.#take()) records.push(record);
		return records;
	}

	listen(listener: (record: EventRecord) => void): () => void {
		for (const record of this.drain()) listener(record);
		return this.#listeners.add(listener);
	}

	/** Address of `size` bytes for the program to fill; 0: no room. */
	reserve(size: number): number {
		const total = roundUp8(size + header);
		if (size > 0x3fffffff || total > this.#size || this.#producer + total - this.#consumer > this.#size) return 0;
		const at = this.#base + (this.#producer % this.#size);
		const { view } = this.machine.memory;
		view.setUint32(at, (size | busy) >>> 0, true);
		view.setUint32(at + 4, this.#producer % 2 ** 32, true);
		this.#producer += total;
		return at + header;
	}

	commit(sample: number, discard: boolean): void {
		const { view } = this.machine.memory;
		const length = view.getUint32(sample - header, true) & ~busy;
		view.setUint32(sample - header, (length | (discard ? discarded : 0)) >>> 0, true);
		const position = this.#producer - ((this.#producer - (view.getUint32(sample - header + 4, true) >>> 0)) >>> 0);
		this.#cpus.set(position, this.machine.environment.cpu);
		if (this.#listeners.any) for (const record of this.drain()) this.#listeners.tell(record);
	}

	/** Copies a record in. */
	output(data: number, size: number): number {
		const sample = this.reserve(size);
		if (sample === 0) return -errno.EAGAIN;
		this.machine.memory.u8.copyWithin(sample, data, data + size);
		this.commit(sample, false);
		return 0;
	}

	query(what: number): number {
		switch (what) {
			case ringQuery.available:
				return this.#producer - this.#consumer;
			case ringQuery.size:
				return this.#size;
			case ringQuery.consumer:
				return this.#consumer;
			case ringQuery.producer:
				return this.#producer;
			default:
				return 0;
		}
	}

	/** The map that holds a reserved sample: all that submit and discard are given is the address. */
	holds(sample: number): boolean {
		return sample >= this.#base && sample < this.#base + 2 * this.#size;
	}

	/** The next record that is complete. */
	#take(): EventRecord | undefined {
		const { view, u8 } = this.machine.memory;
		while (this.#consumer < this.#producer) {
			const position = this.#consumer;
			const at = this.#base + (position % this.#size);
			const word = view.getUint32(at, true);
			if ((word & busy) !== 0) return undefined;
			const size = word & ~discarded;
			this.#consumer += roundUp8(size + header);
			const cpu = this.#cpus.get(position) ?? 0;
			this.#cpus.delete(position);
			if ((word & discarded) === 0) return { data: u8.slice(at + header, at + header + size), cpu };
		}
		return undefined;
	}
}
