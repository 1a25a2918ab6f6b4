/** The kernel's ticks. */
import type { Machine } from "../machine.ts";

/** CONFIG_HZ of the simulated kernel. */
const PER_SECOND = 250n;

/** Since boot. */
export const jiffies = (m: Machine): bigint => (m.now() * PER_SECOND) / 1_000_000_000n;

/** Ticks that last at least so long (`msecs_to_jiffies`). */
export const jiffiesOf = (milliseconds: number): number => Math.ceil((milliseconds * Number(PER_SECOND)) / 1000);

/** The 32 bits of them that connections are stamped with, signed: differences tell which is later. */
export const tickStamp = (m: Machine): number => Number(BigInt.asIntN(32, jiffies(m)));
