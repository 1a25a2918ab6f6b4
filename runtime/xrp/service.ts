/**
 * A place that runs chains for a caller who does not wait: threads over a file (runtime/node), or the event loop over
 * any device (`runner.ts`). Requests and answers are the same, and so are their clients.
 */
import { CAUSES, type AbortCause, type XrpResult } from "./chain.ts";

/** One chain: where it begins, what it asks, what becomes of its answer. */
export interface XrpRequest<T> {
	/** Index into the service's programs (0). */
	readonly program?: number;
	/** Where the first read goes. */
	readonly offset: number;
	readonly count?: number;
	readonly maxHops?: number;
	/** Let hops ask for up to 16 reads. */
	readonly fanout?: boolean;
	/** Reads that may wait at a time, with `fanout` (1024). */
	readonly maxOutstanding?: number;
	/** Writes the query into the scratch page, 4096 bytes that still hold what the request before left. */
	readonly fill: (scratch: Uint8Array) => void;
	/** Takes the answer out of it; the page is somebody else's afterwards. */
	readonly take: (result: XrpResult, scratch: Uint8Array) => T;
	readonly signal?: AbortSignal;
}

/** Runs chains for whoever does not wait. */
export interface XrpService {
	/** Runs one chain. What a program or device does is in the result; rejects for what `fill` and `take` throw, and when the service is closed. */
	readXrp<T>(request: XrpRequest<T>): Promise<T>;
	/** Runs many chains from one submission; the answers come in the order of the requests. */
	readXrpMany<T>(requests: readonly XrpRequest<T>[]): Promise<T[]>;
	readonly statistics: XrpStatistics;
	close(): Promise<void>;
}

/** Sums over all chains of a service. */
export interface XrpStatistics {
	readonly chains: number;
	/** Blocks read. */
	readonly hops: number;
	/** Bytes read. */
	readonly bytes: number;
	/** Chains that ran on the calling thread from end to end. */
	readonly inline: number;
	/** Chains that began on the calling thread and ended on another one. */
	readonly handedOver: number;
	readonly aborts: Readonly<Record<AbortCause, number>>;
}

export class StatisticsCounter {
	chains = 0;
	hops = 0;
	bytes = 0;
	inline = 0;
	handedOver = 0;
	readonly aborts = Object.fromEntries(Object.keys(CAUSES).map((cause) => [cause, 0])) as Record<AbortCause, number>;

	add(result: XrpResult): void {
		this.chains++;
		this.hops += result.hops;
		this.bytes += result.bytes;
		if (result.cause !== undefined) this.aborts[result.cause]++;
	}

	snapshot(): XrpStatistics {
		const { chains, hops, bytes, inline, handedOver } = this;
		return { chains, hops, bytes, inline, handedOver, aborts: { ...this.aborts } };
	}
}
