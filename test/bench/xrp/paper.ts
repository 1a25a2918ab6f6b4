/**
 * The paper's own figures, to stand beside ours: "XRP: In-Kernel Storage Functions with eBPF", OSDI'22, table 3.
 * Mean lookup latency in µs by depth 1–6, one thread, no caches, an Optane P5800X.
 */
export const PAPER_LATENCY = {
	spdk: [5.2, 7.8, 11.2, 14.3, 17.2, 20.2],
	ioUring: [13.6, 20.2, 28.0, 35.0, 42.4, 49.3],
	read: [13.4, 20.6, 27.4, 34.0, 41.5, 48.8],
	xrp: [10.7, 14.2, 18.0, 21.7, 25.4, 29.3],
} as const;

/** Figure 8, read off the plot: latency in µs of a range of 96 objects at depth 6. */
export const PAPER_RANGE_96 = { read: 705, xrp: 352 } as const;

/** Figure 8 by length of the range: at 1 from the throughput in its second half, at 96 as above. */
export const PAPER_RANGES = {
	read: [[1, 50], [96, PAPER_RANGE_96.read]],
	xrp: [[1, 26], [96, PAPER_RANGE_96.xrp]],
} as const;
