/** What a dynptr may stand for, and how the log and register types say it. */
import { DYNPTR_LOCAL, DYNPTR_RINGBUF, DYNPTR_SKB, DYNPTR_SKB_META, DYNPTR_XDP } from "./types.ts";

export const DYN_LOCAL = 1;
export const DYN_RINGBUF = 2;
export const DYN_SKB = 3;
export const DYN_XDP = 4;
export const DYN_SKB_META = 5;

export const DYNPTR_NAMES: Readonly<Record<number, string>> = {
	[DYN_LOCAL]: "local",
	[DYN_RINGBUF]: "ringbuf",
	[DYN_SKB]: "skb",
	[DYN_XDP]: "xdp",
	[DYN_SKB_META]: "skb_meta",
};
export const DYNPTR_FLAG: Readonly<Record<number, number>> = {
	[DYN_LOCAL]: DYNPTR_LOCAL,
	[DYN_RINGBUF]: DYNPTR_RINGBUF,
	[DYN_SKB]: DYNPTR_SKB,
	[DYN_XDP]: DYNPTR_XDP,
	[DYN_SKB_META]: DYNPTR_SKB_META,
};
