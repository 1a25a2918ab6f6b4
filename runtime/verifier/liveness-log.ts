/**
 * What the kernel's log of level 2 says of live stack slots: `(1,10) frame 0 insn 3 +live -8`.
 *
 * Source: log_mask_change of kernel/bpf/liveness.c, Linux 6.18.
 */
import type { KernelLog } from "./kernel-log.ts";
import { slotsText } from "./precision-log.ts";

/** Calls on the way and the function's start. */
export const chainText = (callsites: readonly number[]): string => `(${callsites.join(",")})`;

/** The slots, in two words, that became and that are no longer so. */
export function logSlots(
	log: KernelLog,
	callsites: readonly number[],
	what: string,
	frame: number,
	insn: number,
	old: Int32Array,
	now: Int32Array,
): void {
	const more = slotsText(now[0] & ~old[0], now[1] & ~old[1]);
	const less = slotsText(old[0] & ~now[0], old[1] & ~now[1]);
	if (more === "" && less === "") return;
	log.write(
		`${chainText(callsites)} frame ${frame} insn ${insn} ${more === "" ? "" : `+${what} ${more} `}${less === "" ? "" : `-${what} ${less}`}\n`,
	);
}
