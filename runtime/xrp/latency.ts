/**
 * A device that takes as long as a model says, by a clock that only the simulation turns: what a chain would cost on
 * storage that is not here, the same to the nanosecond at each run.
 */
import type { BlockDevice } from "./device.ts";

/**
 * Nanoseconds of a 512-byte read() on an Optane P5800X, layer by layer (OSDI'22, table 1). A chain in the driver pays
 * the layers above it once, and the last two for each block.
 */
export const STORAGE_STACK = {
	kernelCrossing: 351,
	systemCall: 199,
	fileSystem: 2006,
	blockLayer: 379,
	driver: 113,
	device: 3224,
} as const;

/** What reads cost in simulated time. */
export interface LatencyModel {
	/** Nanoseconds of one read. */
	readonly perRead: number;
	/** Reads that the device serves at a time; more wait in line (unbounded). */
	readonly channels?: number;
}

/** Time in nanoseconds from 0 on. Nothing happens by itself: `advance` and `run` turn it. */
export class SimulatedClock {
	#now = 0;
	/** By time, then by the order in which they were entered. */
	readonly #events: { readonly at: number; readonly wake: () => void }[] = [];

	get now(): number {
		return this.#now;
	}

	/** For work that blocks: nothing that is scheduled happens meanwhile. */
	advance(nanoseconds: number): void {
		this.#now += nanoseconds;
	}

	/** Resolves when `run` has come to that time. */
	until(time: number): Promise<void> {
		return new Promise((wake) => {
			let place = this.#events.length;
			while (place > 0 && this.#events[place - 1].at > time) place--;
			this.#events.splice(place, 0, { at: time, wake });
		});
	}

	/** Goes from event to event until `work` is over; what they wake runs as far as it can before time goes on. */
	async run<T>(work: Promise<T>): Promise<T> {
		let over = false;
		const end = () => {
			over = true;
		};
		work.then(end, end);
		await settled();
		while (!over) {
			const event = this.#events.shift();
			if (event === undefined) throw new Error("the simulation waits for something that is not on its clock");
			this.#now = Math.max(this.#now, event.at);
			event.wake();
			await settled();
		}
		return work;
	}
}

/** `inner` at the model's pace. */
export function latencyDevice(
	inner: BlockDevice,
	clock: SimulatedClock,
	{ perRead, channels = Number.POSITIVE_INFINITY }: LatencyModel,
): BlockDevice {
	/** When each channel is free again. */
	const free: number[] = [];
	const begin = (): number => {
		if (free.length < channels) {
			free.push(0);
			return free.length - 1;
		}
		return free.indexOf(Math.min(...free));
	};
	return {
		get size() {
			return inner.size;
		},
		get version() {
			return inner.version;
		},
		readSync(into, at, length, offset) {
			clock.advance(perRead);
			return inner.readSync(into, at, length, offset);
		},
		async read(into, at, length, offset) {
			if (channels === Number.POSITIVE_INFINITY) await clock.until(clock.now + perRead);
			else {
				const channel = begin();
				free[channel] = Math.max(free[channel], clock.now) + perRead;
				await clock.until(free[channel]);
			}
			return inner.readSync(into, at, length, offset);
		},
		validate: (since) => inner.validate?.(since),
		close: () => inner.close(),
	};
}

/** Lets promises that are resolved run on. A chain's step from one read to the next takes a handful of turns. */
async function settled(): Promise<void> {
	for (let turn = 0; turn < 100; turn++) await undefined;
}
