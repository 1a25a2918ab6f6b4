/**
 * Recorded XRP runs: `npm run -s cases -- xrp [--get F] [--range F] [--wiredtiger F] [--engine E] VECTORS.json...`
 *
 * F is a program as C or as an object; without one, programs of ours that leave the page as the original ones do. Each
 * vector's trace, return codes and scratch page must come out as recorded; prints what passed and failed.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { parseArgs } from "node:util";
import { readProgram } from "../../cli/compile-file.ts";
import { Complaint } from "../../cli/files.ts";
import { LoadFailure } from "../../runtime/loader/error.ts";
import { type EngineName, load, VerifierRejection } from "../../runtime/load.ts";
import { memoryDevice } from "../../runtime/xrp/device.ts";
import { storageHook } from "../../runtime/xrp/hook.ts";
import type { StorageHook } from "../../runtime/xrp/chain.ts";
import { BadArguments } from "../support/arguments.ts";
import { type Outcome, runGetVectors, runRawVectors, runWiredTigerVectors, type Vectors } from "./xrp/vectors.ts";

const SOURCES = { get: "original-get.bpf.c", range: "original-range.bpf.c", wiredtiger: "original-wiredtiger.bpf.c" } as const;

export async function main(args: readonly string[]): Promise<number> {
	const { values, positionals } = parseArgs({
		args: [...args],
		allowPositionals: true,
		options: { get: { type: "string" }, range: { type: "string" }, wiredtiger: { type: "string" }, engine: { type: "string" }, list: { type: "string" } },
	});
	if (positionals.length === 0) {
		console.error("usage: cases xrp [--get F] [--range F] [--wiredtiger F] [--engine interpreter|js|wasm] VECTORS.json...");
		return 2;
	}
	const engine = (values.engine ?? "default") as EngineName;
	const hooks = new Map<string, Promise<StorageHook>>();
	const hook = (name: keyof typeof SOURCES): Promise<StorageHook> => {
		let made = hooks.get(name);
		if (!made) hooks.set(name, (made = loadHook(values[name] ?? fileURLToPath(new URL(`./xrp/${SOURCES[name]}`, import.meta.url)), engine)));
		return made;
	};
	let failed = 0;
	for (const file of positionals) {
		const vectors = vectorsOf(file);
		let outcome: Outcome;
		if ("root_cookie" in vectors) {
			const bytes = gunzipSync(readFileSync(join(dirname(file), vectors.file)));
			outcome = runWiredTigerVectors(vectors, memoryDevice(bytes), await hook("wiredtiger"));
		} else if ("layers" in vectors) {
			outcome = runGetVectors(vectors, await hook("get"), await hook("range"));
		} else {
			outcome = runRawVectors(vectors, await hook("get"), await hook("range"));
		}
		failed += outcome.failures.length;
		console.log(`${file}: ${outcome.passed} passed, ${outcome.failures.length} failed`);
		for (const failure of outcome.failures.slice(0, Number(values.list ?? 5))) console.log(`  ${failure}`);
	}
	return failed === 0 ? 0 : 1;
}

function vectorsOf(file: string): Vectors {
	let value: unknown;
	try {
		value = JSON.parse(readFileSync(file, "utf8"));
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw new BadArguments(`${file}: ${error.message}`);
	}
	if (typeof value !== "object" || value === null) throw new BadArguments(`${file}: no JSON object`);
	if (!Array.isArray("layers" in value && "queries" in value ? value.queries : "vectors" in value ? value.vectors : null)) throw new BadArguments(`${file}: no recorded XRP runs: neither "queries" of a number of "layers" nor "vectors"`);
	return value as Vectors;
}

async function loadHook(file: string, engine: EngineName): Promise<StorageHook> {
	try {
		const object = await readProgram(file);
		const { programs } = await load(object, { type: "xrp", engine, verify: engine !== "interpreter" });
		const [program] = Object.values(programs);
		if (program === undefined) throw new BadArguments(`${file}: no program`);
		return storageHook(program.loaded);
	} catch (error) {
		if (error instanceof VerifierRejection) throw new BadArguments(error.message);
		if (error instanceof Complaint || error instanceof LoadFailure || error instanceof RangeError) throw new BadArguments(`${file}: ${error.message}`);
		throw error;
	}
}
