/** The real world for programs that run in Node: its clock, its process, its chance; and the kernel's BTF and configuration where the machine has them. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { BtfView } from "../../assembler/btf/view.ts";
import type { Environment } from "../environment.ts";
import { defaultTask } from "../environment.ts";
import type { KconfigValue } from "../loader/externs.ts";

/**
 * This process and its clocks, as programs see them.
 * @example load(bytes, { environment: nodeEnvironment() })
 */
export function nodeEnvironment(overrides: Partial<Environment> = {}): Partial<Environment> {
	return {
		monotonic: () => process.hrtime.bigint(),
		realtime: () => BigInt(Date.now()) * 1_000_000n,
		random: () => randomBytes(4).readUInt32LE(),
		task: {
			...defaultTask,
			pid: process.pid,
			tgid: process.pid,
			uid: process.getuid?.() ?? 0,
			gid: process.getgid?.() ?? 0,
			comm: process.title.slice(0, 15),
		},
		print: (line) => console.log(line),
		...overrides,
	};
}

/** Null on machines without one. */
export function kernelBtf(file = "/sys/kernel/btf/vmlinux"): BtfView | null {
	return existsSync(file) ? new BtfView(readFileSync(file)) : null;
}

/** Whether the running kernel knows the address of a variable; undefined when it does not tell. */
export function kernelAddresses(file = "/proc/kallsyms"): ((name: string) => boolean) | undefined {
	if (!existsSync(file)) return undefined;
	let names: ReadonlySet<string> | null = null;
	// A large file that few programs need.
	return (name) => {
		names ??= new Set(Array.from(readFileSync(file, "utf8").matchAll(/^[0-9a-f]+ \w (\S+)$/gm), ([, symbol]) => symbol));
		return names.has(name);
	};
}

/** CONFIG_ options of the running kernel; empty when it does not tell. */
export function kernelConfig(file = "/proc/config.gz"): Record<string, KconfigValue> {
	if (!existsSync(file)) return {};
	const text = gunzipSync(readFileSync(file)).toString("utf8");
	const out: Record<string, KconfigValue> = {};
	for (const [, name, value] of text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)) {
		out[name] = value.startsWith('"') ? value.slice(1, -1) : /^-?(0x[0-9a-f]+|\d+)$/i.test(value) ? BigInt(value) : value;
	}
	return out;
}
