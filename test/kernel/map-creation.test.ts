/** Maps of random types, sizes, flags and map_extra: the running kernel makes those that are said to be makable. `MAPS=N`: so many, and `SEED`. Made and dropped at once. */
import { expect, it } from "vitest";
import { mapFlags, mapTypes } from "../../assembler/spec/map-types.ts";
import { emptyMap } from "../../runtime/loader/placed-map.ts";
import { refusedMaps } from "../../runtime/maps/creation.ts";
import { generator } from "../support/random-program.ts";
import { shared } from "../support/shared.ts";

interface Process {
	command(line: string): Promise<{ readonly ok?: boolean; readonly errno?: number }>;
	close(): Promise<void>;
}
interface OracleModule {
	probe(): Promise<string | null>;
	openOracle(): Promise<Process>;
}

const COUNT = Number(process.env.MAPS ?? 1500);
const file = shared("oracle/oracle.mjs");
const module = file === null ? null : ((await import(file)) as OracleModule);
const why = module === null ? "no oracle" : await module.probe();
if (why !== null) console.log(`comparison of maps with the running kernel skipped: ${why}`);

const KEYS = [0, 1, 3, 4, 4, 4, 5, 8, 8, 16, 20, 24, 260, 261, 512, 513];
const VALUES = [0, 1, 3, 4, 4, 4, 8, 8, 8, 12, 16, 64, 1016, 1024, 4096, 32768, 32776];
const ENTRIES = [0, 1, 1, 1, 2, 4, 100, 4096, 4096, 8192];
const EXTRAS = [0, 0, 0, 1, 5, 15, 16, 4096];
const BITS = [...Object.values(mapFlags).map((flag) => Math.log2(flag)), 0, 0, 7, 10, 10, 19, 31];
/** What a type is seldom made without. */
const USUAL: Readonly<Record<string, number>> = { LPM_TRIE: 1, ARENA: 1024 };
/** Their attributes name types of the kernel's BTF, or how many processors it is built for, or need more than a map has here. */
const LEFT_OUT = ["STRUCT_OPS", "CPUMAP", "SK_STORAGE", "INODE_STORAGE", "TASK_STORAGE", "CGRP_STORAGE"];
const PERF_EVENT_ARRAY = 4;
const INNER_SLOT = 4000;

it.skipIf(why !== null)("maps are made that the running kernel makes", { timeout: 300_000 }, async () => {
	const random = generator(Number(process.env.SEED ?? 1));
	const pick = <T>(list: readonly T[]): T => list[random(list.length)];
	const rows = mapTypes.filter(({ name }) => !LEFT_OUT.includes(name));
	const oracle = await module!.openOracle();
	await oracle.command(`map ${INNER_SLOT} type=2 key=4 val=8 max=1`);
	const inner = { ...emptyMap("inner", null), type: 2, keySize: 4, valueSize: 8, maxEntries: 1 };
	const count = { made: 0, refused: 0 };
	const different: string[] = [];
	for (let n = 0; n < COUNT; n++) {
		const row = pick(rows);
		const keySize = random(5) && typeof row.key === "number" ? row.key : row.key === "8 or 16" && random(3) ? 8 : pick(KEYS);
		const valueSize = random(5) && typeof row.value === "number" ? row.value : pick(VALUES);
		// libbpf asks for as many as there are processors where none are said.
		const least = row.id === PERF_EVENT_ARRAY ? 1 : 0;
		const maxEntries = random(5) && typeof row.entries === "number" ? row.entries : row.entries === "pages" && random(4) ? 4096 : Math.max(least, pick(ENTRIES));
		let flags = random(4) ? (USUAL[row.name] ?? 0) : 0;
		for (let left = pick([0, 0, 1, 1, 2]); left > 0; left--) flags |= 1 << pick(BITS);
		flags >>>= 0;
		const extra = random(4) ? 0 : pick(EXTRAS);
		const nested = row.name.endsWith("_OF_MAPS") && random(6) !== 0;
		const { ok } = await oracle.command(`map 0 type=${row.id} key=${keySize} val=${valueSize} max=${maxEntries} flags=${flags} extra=${extra}${nested ? ` inner=${INNER_SLOT}` : ""}`);
		const [refused] = refusedMaps([{ ...emptyMap("m", null), type: row.id, keySize, valueSize, maxEntries, flags, extra: BigInt(extra), inner: nested ? inner : null }]);
		count[ok ? "made" : "refused"]++;
		if (ok !== (refused === undefined)) different.push(`${row.name} key ${keySize} value ${valueSize} entries ${maxEntries} flags 0x${flags.toString(16)} extra ${extra}: the kernel ${ok ? "makes it" : "does not"} | ${refused?.message ?? "makable"}`);
	}
	await oracle.close();
	console.log(`maps: ${count.made} made, ${count.refused} refused`);
	expect(different).toEqual([]);
	expect(count.made).toBeGreaterThan(COUNT / 20);
});
