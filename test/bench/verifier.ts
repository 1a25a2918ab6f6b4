/**
 * How fast the verifier walks, beside the kernel's own on the same objects in the same minutes.
 *
 * In: objects (default: the dearest of the corpus' cache). Out: per program the instructions walked, both times, their ratio; then the sums. Ours is
 * CPU time and the best of a few; the kernel's (`bpfload`, which loads each program and unloads it) is the wall time that the kernel reports, the best too.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { readObject } from "../../runtime/load.ts";
import { openObject } from "../../runtime/loader/open.ts";
import { kernelBtf } from "../../runtime/node/environment.ts";
import { kernelTypes, verify } from "../../runtime/verifier/index.ts";
import { best } from "./clock.ts";

const CACHE = process.env.CORPUS_DIR ?? join(homedir(), ".cache/bpf-corpus");
const DEAREST = ["strobemeta_nounroll1", "strobemeta_subprogs", "test_cls_redirect", "pyperf50", "pyperf_subprogs", "loop1", "loop6", "linked_list", "netif_receive_skb", "iters_task_vma", "bpf_iter_task_stack"];
const ROUNDS = 2;

export async function verifier(files: readonly string[]): Promise<void> {
	const objects = files.length > 0 ? files : DEAREST.map((name) => join(CACHE, "baseline/selftests-bpf/progs", `${name}.c.o`)).filter(existsSync);
	if (objects.length === 0) return console.log("verifier: skipped, the corpus has no objects here");
	const btf = kernelBtf();
	const kernel = btf === null ? null : kernelTypes(btf);
	const sum = { walked: 0, ours: 0, shared: 0, theirs: 0 };
	console.log("program                                             walked    ours ms   M insn/s  kernel ms   ratio");
	for (const file of objects) {
		const opened = openObject(readObject(new Uint8Array(readFileSync(file))), btf === null ? {} : { kernelBtf: btf });
		const theirs = kernelTimes(file);
		for (const { image, errors } of opened.programs) {
			if (errors.length > 0) continue;
			let walked = 0;
			const ours = await best(ROUNDS, () => {
				walked = verify({ ...image, maps: opened.maps }, { kernel }).stats.insnsProcessed;
			});
			sum.walked += walked;
			sum.ours += ours;
			const time = theirs.get(image.name);
			if (time !== undefined) {
				sum.shared += ours;
				sum.theirs += time;
			}
			if (walked >= 1000) row(`${basename(file, ".c.o")} ${image.name}`, walked, ours, ours, time);
		}
	}
	row("sum (ratio: of programs that the kernel walked too)", sum.walked, sum.ours, sum.shared, sum.theirs);
}

function row(name: string, walked: number, ours: number, shared: number, theirs: number | undefined): void {
	console.log(`${name.padEnd(50)} ${String(walked).padStart(7)} ${ours.toFixed(1).padStart(10)} ${(walked / ours / 1000).toFixed(3).padStart(10)} ${(theirs?.toFixed(1) ?? "-").padStart(10)} ${theirs ? (shared / theirs).toFixed(2).padStart(7) : "      -"}`);
}

/** By program, in milliseconds; empty without the loader or the rights. */
function kernelTimes(file: string): Map<string, number> {
	const times = new Map<string, number>();
	const loader = join(CACHE, "bin/bpfload");
	if (!existsSync(loader)) return times;
	for (let i = 0; i < ROUNDS; i++) {
		const { stdout } = spawnSync(loader, [file], { encoding: "utf8", timeout: 60_000 });
		for (const line of stdout.split("\n")) {
			if (!line.startsWith("{")) continue;
			const { prog, accepted, verify_usec: usec } = JSON.parse(line) as { prog: string; accepted?: boolean; verify_usec?: number };
			if (accepted === true && usec !== undefined) times.set(prog, Math.min(times.get(prog) ?? Number.POSITIVE_INFINITY, usec / 1000));
		}
	}
	return times;
}
