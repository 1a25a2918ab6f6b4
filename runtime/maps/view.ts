/**
 * A map as user space sees it: like a JavaScript `Map`, with keys and values converted by their BTF types. Reads copy; the bytes that programs change are read anew each time.
 * Per-CPU maps have an array of values, one for each CPU; queues `push`, `pop`, `peek`; ring buffers and perf event arrays `drain` and `listen`; maps of maps hold views.
 */
import { errnoName } from "../errno.ts";
import { typeSource } from "../../assembler/btf/type-source.ts";
import type { LoadedProgram } from "../program.ts";
import { BloomFilter } from "./bloom-filter.ts";
import type { Codec, Value } from "./codec.ts";
import { bytesCodec, typeCodec } from "./codec.ts";
import type { EventRecord, EventSource } from "./events.ts";
import type { BpfMap } from "./map.ts";
import { roundUp8, updateFlags } from "./map.ts";
import { ArrayOfMaps, HashOfMaps } from "./map-in-map.ts";
import { PerfEventArray } from "./perf-event-array.ts";
import { ProgArray } from "./prog-array.ts";
import { QueueStack } from "./queue-stack.ts";
import { RingBuffer } from "./ringbuf.ts";
import { UserRingBuffer } from "./user-ringbuf.ts";

/** An operation from user space that the map refuses, as bpf(2) would. `errno` is positive. */
export class MapError extends Error {
	readonly errno: number;

	constructor(map: string, operation: string, result: number) {
		super(`map ${map}: ${operation}: ${errnoName(result)}`);
		this.name = "MapError";
		this.errno = Math.abs(result);
	}
}

/** A map by typed keys and values. Without BTF they are bytes. */
export class MapView {
	readonly map: BpfMap;
	readonly #key: Codec;
	readonly #value: Codec;

	constructor(map: BpfMap) {
		const { def } = map;
		this.map = map;
		const source = def.btf === null ? null : typeSource(def.btf);
		this.#key = source !== null && def.keyTypeId !== 0 ? typeCodec(source, def.keyTypeId, `key of ${def.name}`) : bytesCodec(def.keySize);
		const typed = source !== null && def.valueTypeId !== 0 && def.btf?.types[def.valueTypeId]?.kind !== "datasec";
		this.#value = typed && source !== null ? typeCodec(source, def.valueTypeId, `value of ${def.name}`) : bytesCodec(def.valueSize);
	}

	get name(): string {
		return this.map.def.name;
	}

	/** Undefined when the key is not there. */
	get(key: Value | MapView): Value | MapView | undefined {
		const bytes = this.map.userLookup(this.encodeKey(key));
		if (bytes === null) return undefined;
		if (this.map instanceof ArrayOfMaps || this.map instanceof HashOfMaps) {
			const inner = this.map.machine.mapAt(this.map.withInner(this.encodeKey(key)));
			return inner === undefined ? undefined : new MapView(inner);
		}
		return this.#decode(bytes);
	}

	/** Whether the key is there. */
	has(key: Value): boolean {
		if (this.map instanceof BloomFilter) return this.map.userHas(this.#value.encode(key));
		return this.get(key) !== undefined;
	}

	/** Programs go into prog arrays, views into maps of maps, values into all others. */
	set(key: Value, value: Value | MapView | { readonly loaded: LoadedProgram }, mode: "any" | "create" | "replace" = "any"): this {
		const { map } = this;
		let result: number;
		if (map instanceof ProgArray) {
			if (typeof value !== "object" || !("loaded" in value)) throw new TypeError(`map ${this.name} holds programs`);
			result = map.setProgram(Number(key), (value as { readonly loaded: LoadedProgram }).loaded);
		} else if (map instanceof ArrayOfMaps || map instanceof HashOfMaps) {
			if (!(value instanceof MapView)) throw new TypeError(`map ${this.name} holds maps`);
			result = map.setInner(this.encodeKey(key), value.map);
		} else {
			const flags = { any: updateFlags.any, create: updateFlags.noExist, replace: updateFlags.exist }[mode];
			result = map.userUpdate(this.encodeKey(key), this.#encode(value as Value), flags);
		}
		if (result < 0) throw new MapError(this.name, "set", result);
		return this;
	}

	/** Whether the key was there. */
	delete(key: Value): boolean {
		const { map } = this;
		if (map instanceof ProgArray) return map.setProgram(Number(key), null) === 0;
		if (map instanceof ArrayOfMaps || map instanceof HashOfMaps) return map.setInner(this.encodeKey(key), null) === 0;
		return map.userDelete(this.encodeKey(key)) === 0;
	}

	/** Deletes all keys, where the map lets them be deleted: those of an array stay. */
	clear(): void {
		for (const key of [...this.map.userKeys()]) this.map.userDelete(key);
	}

	get size(): number {
		let count = 0;
		for (const _ of this.map.userKeys()) count++;
		return this.map instanceof QueueStack ? this.map.size : count;
	}

	/** All keys, by the types of the key. */
	*keys(): IterableIterator<Value> {
		for (const key of this.map.userKeys()) yield this.#key.decode(key);
	}

	*entries(): IterableIterator<[Value, Value | MapView]> {
		for (const key of this.keys()) {
			const value = this.get(key);
			if (value !== undefined) yield [key, value];
		}
	}

	*values(): IterableIterator<Value | MapView> {
		for (const [, value] of this.entries()) yield value;
	}

	[Symbol.iterator](): IterableIterator<[Value, Value | MapView]> {
		return this.entries();
	}

	/** Queues, stacks, Bloom filters; and records for a program's user ring buffer. */
	push(value: Value): void {
		const { map } = this;
		const bytes =
			map instanceof UserRingBuffer ? (value instanceof Uint8Array ? value : this.#value.encode(value)) : this.#value.encode(value);
		const result = map instanceof UserRingBuffer ? map.submit(bytes) : map.userUpdate(new Uint8Array(0), bytes, 0);
		if (result < 0) throw new MapError(this.name, "push", result);
	}

	/** Takes the next value of a queue or stack; undefined when it is empty. */
	pop(): Value | undefined {
		const bytes = this.map instanceof QueueStack ? this.map.userPop() : null;
		return bytes === null ? undefined : this.#value.decode(bytes);
	}

	/** The next value, which stays. */
	peek(): Value | undefined {
		const bytes = this.map instanceof QueueStack ? this.map.userLookup() : null;
		return bytes === null ? undefined : this.#value.decode(bytes);
	}

	/** Takes the records that a ring buffer or perf event array has for user space. */
	drain(): EventRecord[] {
		return this.#events().drain();
	}

	/** Calls back for the records that wait and all later ones; returns the way out. */
	listen(listener: (record: EventRecord) => void): () => void {
		return this.#events().listen(listener);
	}

	/** Records of a perf event array that found no room. */
	get lost(): number {
		return this.#events().lost;
	}

	/** A key's bytes. */
	encodeKey(key: Value | MapView): Uint8Array {
		return this.#key.encode(key as Value);
	}

	#events(): EventSource {
		if (this.map instanceof RingBuffer || this.map instanceof PerfEventArray) return this.map.events;
		throw new TypeError(`map ${this.name} carries no events`);
	}

	#decode(bytes: Uint8Array): Value {
		if (!this.map.perCpu) return this.#value.decode(bytes);
		const stride = roundUp8(this.map.def.valueSize);
		return Array.from({ length: this.map.machine.cpus }, (_, cpu) =>
			this.#value.decode(bytes.subarray(cpu * stride, cpu * stride + this.map.def.valueSize)),
		);
	}

	#encode(value: Value): Uint8Array {
		if (!this.map.perCpu) return this.#value.encode(value);
		const stride = roundUp8(this.map.def.valueSize);
		const out = new Uint8Array(stride * this.map.machine.cpus);
		const list: readonly Value[] = Array.isArray(value) ? value : Array.from({ length: this.map.machine.cpus }, () => value);
		list.forEach((one, cpu) => {
			out.set(this.#value.encode(one), cpu * stride);
		});
		return out;
	}
}
