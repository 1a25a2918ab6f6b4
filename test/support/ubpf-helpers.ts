/** The six functions that uBPF's own test driver registers as helpers 0 to 5; its recorded programs call them. */
import { ProgramExit } from "../../runtime/fault.ts";
import type { HelperImplementation } from "../../runtime/helpers/helper.ts";
import { unsigned, wide, wideResult } from "../../runtime/helpers/helper.ts";

export const ubpfHelpers: ReadonlyMap<number, HelperImplementation> = new Map([
	// Five bytes into one number, the first one on top.
	[0, wideResult((m, a, b, c, d, e) => m.result((BigInt(a & 255) << 32n) | BigInt((((b & 255) << 24) | ((c & 255) << 16) | ((d & 255) << 8) | (e & 255)) >>> 0)))],
	// XORs memory with 42.
	[
		1,
		unsigned((m, address, length) => {
			for (let i = 0; i < length; i++) m.memory.u8[address + i] ^= 42;
			return address;
		}),
	],
	[2, unsigned(() => 0)],
	[3, unsigned((_m, value) => Math.floor(Math.sqrt(value >>> 0)))],
	[
		4,
		unsigned((m, a, b) => {
			const [left, right] = [m.memory.string(a), m.memory.string(b)];
			return left === right ? 0 : left < right ? -1 : 1;
		}),
	],
	// Ends the program when its argument is 0.
	[
		5,
		wideResult((m, a) => {
			const value = m.wide(1, a);
			if (value === 0n) throw new ProgramExit(0n);
			return m.result(value);
		}, wide(1)),
	],
]);
