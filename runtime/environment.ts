/**
 * What a program can learn about the world outside its memory: time, chance, the current task, the machine, counters, interfaces. Tests replace any of it.
 * The default is a small deterministic world, so that a run gives the same result on every machine;
 * `ebpfcc/runtime/node` has one that answers with the real clock and process.
 */
export interface Environment {
	/** Nanoseconds since boot. */
	monotonic(): bigint;
	/** Nanoseconds since 1970, for TAI and similar clocks. */
	realtime(): bigint;
	/** 32 random bits. */
	random(): number;
	readonly cpu: number;
	readonly task: Task;
	/** Where bpf_printk and bpf_trace_vprintk go: one formatted line, without the newline. */
	print(line: string): void;
	/** The counter that user space opened for a slot of a perf event array (`map` "": the one that started the program); null: none. */
	counter(map: string, index: number): PerfCounter | null;
	/** Bytes that a packet may have behind its Ethernet header on an interface (0: the one it came from); null: there is no such interface. */
	mtu(interfaceIndex: number): number | null;
}

/** As `struct bpf_perf_event_value` has it. */
export interface PerfCounter {
	readonly counter: bigint;
	/** Nanoseconds for which it was asked to count, and for which it did. */
	readonly enabled: bigint;
	readonly running: bigint;
}

/** The task in whose context a program runs. */
export interface Task {
	readonly pid: number;
	readonly tgid: number;
	readonly uid: number;
	readonly gid: number;
	/** At most 15 bytes count. */
	readonly comm: string;
	readonly cgroupId: bigint;
	/** Address of the current `struct task_struct` in simulated memory; 0: one that tells the numbers above. */
	readonly address: number;
}

export const defaultTask: Task = { pid: 4242, tgid: 4242, uid: 1000, gid: 1000, comm: "test", cgroupId: 1n, address: 0 };

/** A clock that advances by a microsecond per reading, xorshift for chance, CPU 0, output kept by nobody. */
export function deterministicEnvironment(overrides: Partial<Environment> = {}): Environment {
	let now = 1_000_000_000n;
	let seed = 0x2545f491;
	return {
		monotonic: () => (now += 1000n),
		realtime: () => 1_700_000_000_000_000_000n + now,
		random: () => {
			seed ^= seed << 13;
			seed ^= seed >>> 17;
			seed ^= seed << 5;
			return seed >>> 0;
		},
		cpu: 0,
		task: defaultTask,
		print: () => undefined,
		counter: () => null,
		mtu: () => 1500,
		...overrides,
	};
}
