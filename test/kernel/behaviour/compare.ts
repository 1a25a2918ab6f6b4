/**
 * One made program in the kernel's BPF_PROG_TEST_RUN and in our runtime, over the same packets: return values, packets, the results in `.bss`, the context's fields. Both
 * keep their maps from packet to packet.
 */
import { compileAndLoad, VerifierRejection } from "../../../index.ts";
import type { RunInput, RunOutput } from "../../../index.ts";
import type { Kernel } from "../../support/kernel.ts";
import { contexts } from "../../../runtime/programs/contexts.ts";
import type { EngineName } from "../../../runtime/load.ts";
import { ArrayMap } from "../../../runtime/maps/array.ts";
import type { Made } from "./program.ts";

export interface Outcome {
	readonly kind: "same" | "different" | "refused" | "not measurable";
	/** What differs, or who refused it with which words. */
	readonly words: readonly string[];
	/** Runs that the kernel could not answer. */
	readonly unanswered: number;
}

/** The loopback device's, which the kernel's test runs are given; there is no other device in a fresh network namespace. */
const LOOPBACK_MTU = 65536;
/** The packet became longer than the oracle's buffer. */
const ENOSPC = 28;
const FIELDS = ["mark", "priority", "cb", "tstamp"] as const;

type Run = NonNullable<Awaited<ReturnType<Kernel["run"]>>["runs"]>[number];

export async function compare(made: Made, kernel: Kernel, engine: EngineName): Promise<Outcome> {
	let object: Awaited<ReturnType<typeof compileAndLoad>>;
	try {
		object = await compileAndLoad(made.source, { engine, environment: { mtu: (index) => (index <= 1 ? LOOPBACK_MTU : null) } });
	} catch (thrown) {
		// The campaigns of verdicts ask about these.
		if (!(thrown instanceof VerifierRejection)) throw thrown;
		return { kind: "refused", words: [`ours: ${thrown.rejection.message}`], unanswered: 0 };
	}
	try {
		const { image } = object.programs.f;
		const context = made.args !== null ? wordsOf(made.args) : made.context === null ? null : bytesOf(made.context);
		const answer = await kernel.run(image, made.packets, context ?? undefined);
		if (answer.ok !== true || answer.runs === undefined) return { kind: answer.ok === true ? "not measurable" : "refused", words: [`kernel: ${JSON.stringify(answer).slice(0, 300)}`], unanswered: 0 };
		const slot = image.maps.findIndex(({ name }) => name.endsWith(".bss"));
		const bss = object.machine.maps.find((map) => map.def.name.endsWith(".bss"));
		if (!(bss instanceof ArrayMap)) throw new Error("bug: the program has no .bss");
		const words: string[] = [];
		let unanswered = 0;
		const inputs: readonly RunInput[] = made.args !== null ? [{ args: made.args }] : made.packets.map((packet) => ({ packet, ...(made.context === null ? {} : { context: made.context }) }));
		for (const [i, input] of inputs.entries()) {
			const run = answer.runs[i];
			const ours = object.programs.f.run(input);
			if (run.ret === undefined || (run.errno ?? 0) !== 0) {
				if (run.errno !== ENOSPC) words.push(`run ${i}: the kernel answers ${JSON.stringify(run).slice(0, 100)}`);
				unanswered++;
				continue;
			}
			const results = Buffer.from(object.machine.memory.u8.slice(bss.base, bss.base + bss.def.valueSize));
			words.push(...differences(made, run, ours, Buffer.from(run.maps?.[slot]?.[0]?.[1] ?? "", "hex"), results).map((text) => `run ${i}: ${text}`));
		}
		return { kind: words.length === 0 ? "same" : "different", words, unanswered };
	} finally {
		object.close();
	}
}

function differences(made: Made, run: Run, ours: RunOutput, theirs: Buffer, results: Buffer): string[] {
	const words: string[] = [];
	if (run.ret! >>> 0 !== ours.retval >>> 0) words.push(`returns ${run.ret! >>> 0} in the kernel, ${ours.retval >>> 0} here`);
	for (let at = 0; at + 8 <= theirs.length; at += 8) {
		const [kernel, here] = [theirs.readBigInt64LE(at), results.readBigInt64LE(at)];
		if (kernel !== here) words.push(`word ${at / 8} of .bss is ${kernel} in the kernel, ${here} here`);
	}
	// An XDP program's test run gives its metadata back in front of the packet.
	const packet = made.args !== null ? "" : Buffer.concat(made.hook === "xdp" ? [ours.meta ?? new Uint8Array(0), ours.packet ?? new Uint8Array(0)] : [ours.packet ?? new Uint8Array(0)]).toString("hex");
	if ((run.out ?? "") !== packet) words.push(`packet\n    kernel ${run.out ?? ""}\n    here   ${packet}`);
	if (made.context !== null && run.ctx !== undefined) {
		const context = Buffer.from(run.ctx, "hex");
		for (const name of FIELDS) {
			const [offset, size, count = 1] = contexts.__sk_buff.fields[name] as readonly [number, number, number?];
			const [kernel, here] = [context, Buffer.from(ours.context)].map((bytes) => bytes.subarray(offset, offset + size * count).toString("hex"));
			if (kernel !== here) words.push(`ctx->${name} is ${kernel} in the kernel, ${here} here`);
		}
	}
	return words;
}

const wordsOf = (words: readonly bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(words).buffer);

function bytesOf({ mark, priority, cb, tstamp }: NonNullable<Made["context"]>): Uint8Array {
	const bytes = new Uint8Array(contexts.__sk_buff.size);
	const view = new DataView(bytes.buffer);
	const { fields } = contexts.__sk_buff;
	view.setUint32(fields.mark[0], mark, true);
	view.setUint32(fields.priority[0], priority, true);
	for (const [i, word] of cb.entries()) view.setUint32(fields.cb[0] + 4 * i, word, true);
	view.setBigUint64(fields.tstamp[0], tstamp, true);
	return bytes;
}
