/**
 * Map values and allocated objects of random layouts (field-layouts.ts): programs take such a value from a map of each type that may hold it, and read, write, compute with, give on and use its bytes, the right ones and those beside.
 *
 * A BTF has one layout; what kernels refuse to make a map of is counted as not measurable.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Hook, SLEEPABLE, hook, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { neededMaps } from "../needed-maps.ts";
import { writer } from "../writer.ts";
import type { RecordedMap } from "../../support/case-image.ts";
import { type Campaign, type Setting, caseOf, pick } from "./campaign.ts";
import { type Layout, makeLayout, NOT_EVERYWHERE } from "./field-layouts.ts";
import { FieldProgram } from "./field-programs.ts";


const SHARED_BY = 60;
const NO_PREALLOC = 1;

export const fields: Campaign = {
	summary: "values and objects of random layouts, with locks, timers, kptrs, lists and trees in members and arrays",
	ask(setting) {
		const { tracepoints } = targetHooks(setting.kernel);
		const traced = tracepoints.find(({ name }) => name === "tp_btf/sched_switch") ?? tracepoints[0];
		const hooks = [hook(3), hook(3), hook(6), hook(31, 0, SLEEPABLE), hook(31, 0, SLEEPABLE), traced, hook(8), hook(2, 48, SLEEPABLE), hook(1)];
		return { questions: questions(setting, hooks) };
	},
};

function* questions({ random, scratch, kernel }: Setting, hooks: readonly Hook[]): Generator<Question> {
	mkdirSync(join(scratch, "btf"), { recursive: true });
	let layout: Layout | null = null;
	for (let n = 0; ; n++) {
		if (layout === null || n % SHARED_BY === 0) layout = makeLayout(`fields${n / SHARED_BY}.btf`, scratch, random);
		// Tracing programs and socket filters may not have most of this; neither may most maps.
		const special = layout.places.some(({ kind }) => NOT_EVERYWHERE.has(kind));
		const at = pick(special && random(12) ? hooks.filter(({ type }) => ![1, 2, 26].includes(type)) : hooks, random);
		const w = writer();
		const type = pick(special && random(8) ? [2, 2, 2, 1, 1] : [2, 2, 1, 9, 6, 5, 11, 29, 32], random);
		const what = new FieldProgram(w, layout, type, random, kernel).write();
		const maps: readonly RecordedMap[] = [mapOf(layout, type), mapOf(layout, 2)];
		const made = w.finish();
		yield { one: { ...caseOf(`${n}`, at, w), btf: layout.file, ...neededMaps(made.insns ?? "", maps) }, what: `${at.name} map ${type} {${layout.places.map(({ kind, off }) => `${off} ${kind}`).join(", ")}} ${what}` };
	}
}

function mapOf({ file, size, ids }: Layout, type: number): RecordedMap {
	const storage = type === 29 || type === 32;
	return { type, key_size: type === 11 ? 8 : 4, value_size: size, max_entries: storage ? 0 : type === 2 || type === 6 ? 1 : 4, map_flags: storage || type === 11 ? NO_PREALLOC : 0, btf: file, btf_key_type_id: ids.int, btf_value_type_id: ids.value };
}
