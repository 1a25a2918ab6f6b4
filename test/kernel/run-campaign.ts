/** The campaigns by name, and one run of one of them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BtfView } from "../../assembler/btf/view.ts";
import { kernelTypes } from "../../runtime/verifier/btf.ts";
import { generator } from "../support/random-program.ts";
import type { Campaign } from "./campaigns/campaign.ts";
import { arithmetic } from "./campaigns/arithmetic.ts";
import { contexts } from "./campaigns/contexts.ts";
import { encodings } from "./campaigns/encodings.ts";
import { fields } from "./campaigns/fields.ts";
import { frames } from "./campaigns/frames.ts";
import { helperArguments } from "./campaigns/helper-arguments.ts";
import { helpers } from "./campaigns/helpers.ts";
import { kfuncArguments } from "./campaigns/kfunc-arguments.ts";
import { kfuncs } from "./campaigns/kfuncs.ts";
import { kernelObjectsMixed, mixed } from "./campaigns/mixed.ts";
import { mapsCampaign } from "./campaigns/maps.ts";
import { mutants } from "./campaigns/mutants.ts";
import { objects } from "./campaigns/objects.ts";
import { packets } from "./campaigns/packets.ts";
import { returns } from "./campaigns/returns.ts";
import { signatures } from "./campaigns/signatures.ts";
import { structs } from "./campaigns/structs.ts";
import { targets } from "./campaigns/targets.ts";
import { type Judgement, type Totals, judge } from "./judge.ts";
import { openOracle } from "./oracle.ts";

export const CAMPAIGNS = {
	contexts, returns, encodings, frames, signatures, fields, helpers, "helper-arguments": helperArguments, kfuncs, "kfunc-arguments": kfuncArguments, targets, structs, arithmetic, packets, mixed, "kernel-objects": kernelObjectsMixed, maps: mapsCampaign, mutants, objects,
} as const satisfies Readonly<Record<string, Campaign>>;
export type CampaignName = keyof typeof CAMPAIGNS;

export interface Run {
	readonly seed: number;
	/** Programs at most. */
	readonly count: number;
	readonly only: string | null;
	readonly judgement: Judgement;
}

/** Null, and a line on the console, when there is no kernel to ask or the campaign's data is missing. `of`: questions in the whole table; null: endless. */
export async function runCampaign(name: CampaignName, { seed, count, only, judgement }: Run): Promise<{ readonly totals: Totals; readonly of: number | null } | null> {
	const oracle = await openOracle(count);
	if (oracle === null) return null;
	const scratch = mkdtempSync(join(tmpdir(), "campaign-"));
	try {
		const kernel = kernelTypes(new BtfView(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux"))));
		const made = CAMPAIGNS[name].ask({ seed, count, only, kernel, random: generator(seed * 7919 + 17), scratch });
		if (made === null) return null;
		return { totals: await judge(`${name}/${seed}`, limited(made.questions, count), made.folder ?? scratch, oracle, kernel, judgement), of: made.of ?? null };
	} finally {
		await oracle.close();
		rmSync(scratch, { recursive: true });
	}
}

function* limited<T>(list: Iterable<T>, count: number): Generator<T> {
	let left = count;
	for (const one of list) {
		if (left-- <= 0) return;
		yield one;
	}
}
