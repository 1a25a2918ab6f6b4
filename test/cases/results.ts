/**
 * The same source compiled by clang and by us, run over the same inputs: what the programs return, packets, globals, maps.
 *
 *     npm run -s cases -- results [--out=DIR] [--only=TEXT]
 *
 * In: the folder that the corpus measurement wrote (default: the cache's `out`), and clang's objects of the cache. Out: each program that behaves
 * otherwise, and how many were the same, were not loaded from either object, or do not fit this comparison. Programs over packets get seven, others three
 * sets of arguments or two contexts. Nothing runs in the kernel.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load, type LoadedObject } from "../../index.ts";
import type { RunInput } from "../../index.ts";
import { mapTypeId } from "../../assembler/spec/map-types.ts";
import { ProgramFault } from "../../runtime/fault.ts";
import { readObject } from "../../runtime/load.ts";
import { openObject } from "../../runtime/loader/open.ts";
import { kernelBtf } from "../../runtime/node/environment.ts";
import { eth, icmp, ipv4, ipv6, packet, tcp, udp, vlan } from "../../runtime/test/index.ts";
import { CACHE } from "../support/measured.ts";

const packets: readonly RunInput[] = [
	packet(eth(), ipv4(), tcp({ dport: 80 }), "hello"),
	packet(eth(), ipv4(), udp({ dport: 53 }), "query"),
	packet(eth(), ipv6(), tcp({ dport: 443 }), "x"),
	packet(eth(), vlan({ id: 7 }), ipv4(), tcp({ dport: 80 })),
	packet(eth(), ipv4(), icmp(), "ping"),
	packet(eth(), ipv4({ options: new Uint8Array(8) }), tcp({ dport: 22 }), new Uint8Array(300)),
	new Uint8Array(60),
].map((bytes) => ({ packet: bytes }));
const calls: readonly RunInput[] = [[0, 0, 0, 0, 0, 0], [7, 1234567, 262144, 99, 3, 1], [-1, 2, 3, 4, 5, 6]].map((args) => ({ args }));
const contexts: readonly RunInput[] = [{}, { context: Uint8Array.from({ length: 64 }, (_, i) => (i * 7) & 255) }];
const LISTED = new Set((["HASH", "ARRAY", "LRU_HASH"] as const).map(mapTypeId));
/** Entries of one map that are looked at. */
const MOST_ENTRIES = 300;

type Loaded = LoadedObject | string;

export async function main(args: readonly string[]): Promise<number> {
	const option = (name: string): string | undefined => args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
	const folder = join(option("out") ?? join(CACHE, "out"), "obj");
	const kernel = kernelBtf();
	if (kernel === null || !existsSync(folder)) {
		console.error(kernel === null ? "results: this kernel has no BTF" : `results: nothing measured in ${folder}`);
		return 2;
	}
	const only = option("only") ?? "";
	const totals = { same: 0, different: 0, "of an unknown type": 0, "refused from clang's object": 0, "refused from ours alone": 0 };
	const open = async (bytes: Uint8Array, name: string): Promise<Loaded> => {
		try {
			return await load(bytes, { only: [name], engine: "interpreter", kernelBtf: kernel });
		} catch (thrown) {
			return thrown instanceof Error ? thrown.message.split("\n")[0] : String(thrown);
		}
	};
	for (const id of objectsIn(folder)) {
		const theirFile = join(CACHE, "baseline", id);
		if (!id.includes(only) || !existsSync(theirFile)) continue;
		const [ours, theirs] = [join(folder, id), theirFile].map((file) => new Uint8Array(readFileSync(file)));
		for (const { image } of openObject(readObject(theirs), { kernelBtf: kernel }).programs) {
			if (image.type === 0) {
				totals["of an unknown type"]++;
				continue;
			}
			const [their, our] = [await open(theirs, image.name), await open(ours, image.name)];
			if (typeof their === "string") totals["refused from clang's object"]++;
			else if (typeof our === "string") {
				totals["refused from ours alone"]++;
				console.log(`${id} ${image.name}: ours is refused: ${our}`);
			} else {
				const { takes } = their.programs[image.name];
				const inputs = takes.includes("packet") ? packets : takes.includes("args") ? calls : contexts;
				const [a, b] = [their, our].map((object) => outcome(object, image.name, inputs));
				const at = a.findIndex((line, i) => line !== b[i]);
				totals[at < 0 ? "same" : "different"]++;
				if (at >= 0) console.log(`${id} ${image.name}:\n  clang ${a[at].slice(0, 300)}\n  ours  ${b[at]?.slice(0, 300) ?? "nothing"}`);
			}
			for (const object of [their, our]) if (typeof object !== "string") object.close();
		}
	}
	console.log(Object.entries(totals).map(([what, n]) => `${n} ${what}`).join(", "));
	return totals.different === 0 ? 0 : 1;
}

function objectsIn(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".o") && !file.endsWith(".licensed.o")).sort();
}

/** A line for each run, global and map. */
function outcome(object: LoadedObject, name: string, inputs: readonly RunInput[]): string[] {
	const { globals, maps, machine } = object;
	const lines = inputs.map((input) => {
		try {
			const { retval, packet: bytes, redirect } = object.programs[name].run(input);
			return `returns ${retval}, packet ${Buffer.from(bytes ?? []).toString("hex")}, goes ${JSON.stringify(redirect)}`;
		} catch (thrown) {
			if (!(thrown instanceof ProgramFault)) throw thrown;
			// The place of an access through a null pointer depends on the order of accesses.
			return `fails: ${thrown.message.includes("null pointer") ? "a null pointer" : thrown.message.replace(/^\S+: /, "").replace(/ \(instruction.*/, "")}`;
		}
	});
	const bytes = (at: number, size: number): string => Buffer.from(machine.memory.u8.slice(at, at + size)).toString("hex");
	// Static variables of functions have numbers of the compiler's own.
	for (const global of Object.keys(globals).filter((one) => !one.includes(".")).sort()) lines.push(`${global} = ${JSON.stringify(globals[global], (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value))}`);
	for (const [name, { map }] of Object.entries(maps).sort(([a], [b]) => (a < b ? -1 : 1))) {
		const { def } = map;
		if (name.includes(".") || !LISTED.has(def.type)) continue;
		const entries: string[] = [];
		for (const [key, value] of map.entries()) {
			if (entries.length === MOST_ENTRIES) break;
			entries.push(`${bytes(key, def.keySize)}: ${bytes(value, def.valueSize)}`);
		}
		lines.push(`map ${name}: ${entries.sort().join(" ")}`);
	}
	return lines;
}
