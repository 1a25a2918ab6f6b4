/** The same lookups past the page cache (O_DIRECT): what is left of the ratio when every hop waits for the disk. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { BLOCK, type KvPrograms } from "ebpfcc/runtime";
import { type HookObject, openFileDevice, XrpPool } from "ebpfcc/runtime/node";
import { awaitedReads, pooledChains, syncChains } from "./engines.ts";
import type { Workload } from "./file.ts";
import { compare, printRows } from "./rounds.ts";

const WORKERS = 4;
const IN_FLIGHT = 4;

export async function benchDirect(w: Workload, get: HookObject["bytes"], programs: KvPrograms, rounds: number): Promise<void> {
	if (constants.O_DIRECT === undefined) return console.log("  past the page cache: skipped, this system has no O_DIRECT");
	let file: Awaited<ReturnType<typeof open>>;
	try {
		file = await open(w.path, constants.O_RDONLY | constants.O_DIRECT);
		await file.read(alignedBlock(), 0, BLOCK, 0);
	} catch (error) {
		return console.log(`  past the page cache: skipped, this file system has no O_DIRECT (${(error as NodeJS.ErrnoException).code})`);
	}
	const device = openFileDevice(w.path, { direct: true });
	const pool = await XrpPool.open({ path: w.path, objects: [{ bytes: get }], direct: true, workers: WORKERS });
	try {
		const reads = awaitedReads("await filehandle.read", file, w, alignedBlock);
		const chains = pooledChains("readXrp", pool, w);
		printRows("O_DIRECT, one at a time", await compare(w, 1, [[reads, 12], [chains, 12], [syncChains("readXrpSync", device, programs, w), 12]], rounds), (us) => `${us.toFixed(0)} µs`);
		printRows(`O_DIRECT, ${IN_FLIGHT} at a time, ${WORKERS} workers`, await compare(w, IN_FLIGHT, [[reads, 48], [chains, 48]], rounds), (us) => `${(1e3 / us).toFixed(1)} k/s`);
	} finally {
		await pool.close();
		device.close();
		await file.close();
	}
}

/** A block of page-aligned memory, which O_DIRECT asks for. */
function alignedBlock(): Uint8Array {
	return new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, BLOCK);
}
