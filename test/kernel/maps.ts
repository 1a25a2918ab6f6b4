/** Maps that campaigns' programs use, one of each kind that a helper asks for, without BTF. */
import type { RecordedMap } from "../support/case-image.ts";

const map = (name: string, type: number, keySize: number, valueSize: number, maxEntries: number, flags = 0): RecordedMap & { readonly name: string } => ({
	name, type, key_size: keySize, value_size: valueSize, max_entries: maxEntries, map_flags: flags,
});

/** BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG. */
const READ_ONLY = 128;
const WRITE_ONLY = 256;

export const MAPS = [
	map("hash", 1, 4, 64, 4), map("array", 2, 4, 64, 1), map("readable", 2, 4, 64, 1, READ_ONLY), map("writable", 2, 4, 64, 1, WRITE_ONLY), map("progs", 3, 4, 4, 4), map("perf", 4, 4, 4, 4), map("stacks", 7, 4, 64, 4),
	map("ring", 27, 0, 0, 4096), map("socks", 15, 4, 4, 4), map("queue", 22, 0, 8, 4), map("devs", 14, 4, 4, 4), map("percpu", 6, 4, 64, 1), map("cgroups", 8, 4, 4, 4), map("xsks", 17, 4, 4, 4), map("bloom", 30, 0, 8, 4),
	map("sockhash", 18, 4, 4, 4), map("stack", 23, 0, 8, 4), map("lru", 9, 4, 64, 4), map("percpu hash", 5, 4, 64, 4), map("ports", 20, 4, 4, 4), map("user ring", 31, 0, 0, 4096), map("cpus", 16, 4, 4, 4),
	map("device hash", 25, 4, 4, 4),
] as const;

export const mapIndex = (name: string): number => MAPS.findIndex((m) => m.name === name);
