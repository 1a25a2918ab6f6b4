/**
 * Programs of the corpus as clang compiled them, put together with others of their object (splice.ts) and changed (mutate.ts). What the kernel accepts becomes a
 * parent of more; of what it refuses (most of it tests that are to fail) every fourth program is made. `--only`: objects whose name has the word. The folder of the corpus measurement is $CORPUS_OUT, or `out` of its cache.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeBtf } from "../../../assembler/btf/write.ts";
import type { Btf } from "../../../assembler/btf/types.ts";
import { encode } from "../../../assembler/encode.ts";
import type { MapDef, ProgramImage } from "../../../runtime/image.ts";
import { kernelBtf, kernelConfig } from "../../../runtime/node/environment.ts";
import { CACHE, measuredObjects, openMeasured } from "../../support/measured.ts";
import type { RecordedCase, RecordedMap } from "../../support/case-image.ts";
import type { Question } from "../judge.ts";
import { loadableBtf } from "../loadable-btf.ts";
import { type Pool, mutateCase, poolOf } from "../mutate.ts";
import { neededMaps } from "../needed-maps.ts";
import { SPLICES, type Splice } from "../splice.ts";
import { type Campaign, type Setting, pick } from "./campaign.ts";

/** Longer programs, and those whose walk is longer, are left out: one of them takes the time of hundreds. */
const LONGEST = 400;
const LONGEST_WALK = 4000;
/** Accepted children kept as parents of an object. */
const CHILDREN = 40;
const SPLICE_NAMES = Object.keys(SPLICES) as Splice[];

/** The programs of one object. */
interface Family {
	readonly programs: readonly RecordedCase[];
	readonly refused: readonly RecordedCase[];
	/** Also what was accepted of them since. */
	readonly parents: RecordedCase[];
	readonly pool: Pool;
}

export const objects: Campaign = {
	summary: "programs of the corpus spliced with each other and changed",
	ask({ random, only, scratch }: Setting) {
		const out = process.env.CORPUS_OUT ?? join(CACHE, "out");
		const btf = kernelBtf();
		if (btf === null || !existsSync(join(out, "programs.jsonl"))) {
			console.log(`skipped: nothing measured in ${out}`);
			return null;
		}
		const kconfig = kernelConfig();
		const btfs = new Map<Btf, string>();
		mkdirSync(join(scratch, "btf"), { recursive: true });
		const fileOf = (types: Btf): string => {
			let name = btfs.get(types);
			if (name === undefined) {
				const bytes = writeBtf(loadableBtf(types)).btf;
				name = `${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}.btf`;
				writeFileSync(join(scratch, "btf", name), bytes);
				btfs.set(types, name);
			}
			return name;
		};
		const measured = measuredObjects(out, "clang").filter(({ id, records }) => (only === null || id.includes(only)) && records.some(({ verifier_ran: ran }) => ran === true));
		if (measured.length === 0) return { questions: [] };
		const families: (Family | null | undefined)[] = measured.map(() => undefined);
		const family = (index: number): Family | null => {
			const known = families[index];
			if (known !== undefined) return known;
			const object = measured[index];
			const opened = openMeasured(object, btf, kconfig);
			const recordedOf = (accepted: boolean): readonly RecordedCase[] => object.records.filter((record) => record.accepted === accepted && record.verifier_ran === true && (record.processed ?? 0) <= LONGEST_WALK).flatMap((record) => {
				const image = opened.program(record);
				return typeof image === "string" || image.insns.length > LONGEST ? [] : [recorded(`${object.id}/${image.name}`, image, fileOf)];
			});
			const [programs, refused] = [recordedOf(true), recordedOf(false)];
			const made = programs.length + refused.length === 0 ? null : { programs, refused, parents: [...programs], pool: poolOf([...programs, ...refused]) };
			families[index] = made;
			return made;
		};
		return { questions: questions(measured.map((_, i) => () => family(i)), random) };
	},
};

function* questions(families: readonly (() => Family | null)[], random: Setting["random"]): Generator<Question> {
	for (let n = 0, misses = 0; misses < 10_000; n++) {
		const found = pick(families, random)();
		if (found === null) {
			misses++;
			continue;
		}
		const { parents, refused } = found;
		let one = pick(refused.length > 0 && (parents.length === 0 || random(4) === 0) ? refused : parents, random);
		const changes: string[] = [];
		if (random(3) !== 0) {
			const name = pick(SPLICE_NAMES, random);
			const donor = pick(found.programs.length > 0 ? found.programs : refused, random);
			const made = SPLICES[name](one, donor, random);
			if (made !== null && (made.insns ?? "").length <= 16 * 3 * LONGEST) {
				one = made;
				changes.push(`${name} ${donor.name}`);
			}
		}
		if (changes.length === 0 || random(3) === 0) {
			const made = mutateCase(one, random, found.pool);
			if (made === null) continue;
			one = made.one;
			changes.push(made.change);
		}
		const child = one;
		yield {
			one: { ...child, ...neededMaps(child.insns ?? "", child.maps ?? []), id: `${n}/${child.id.replace(/^\d+\//, "")}` }, what: `[${changes.join("; ")}]`,
			heard: (accepted) => {
				if (accepted && found.parents.length < found.programs.length + CHILDREN) found.parents.push(child);
			},
		};
	}
}

function recorded(id: string, image: ProgramImage, fileOf: (btf: Btf) => string): RecordedCase {
	const insns = Buffer.from(encode(image.insns));
	const named = (list: ProgramImage["kfuncs"]) => list.map(({ insn, name, btfId }) => ({ insn, name, btf_id: btfId }));
	return {
		id, suite: "corpus", name: image.name, prog_type: image.type as number, expected_attach_type: image.expectedAttachType, prog_flags: image.flags, license: "GPL", insns: insns.toString("hex"),
		maps: image.maps.map((map) => recordedMap(map, fileOf)), kfuncs: named(image.kfuncs), ksyms: named(image.ksyms), func_info: image.funcInfo, kernel: {},
		...(image.btf === null ? {} : { btf: fileOf(image.btf) }), ...(image.attach === null ? {} : { attach: { btf_id: image.attach.btfId, name: image.attach.name } }),
	};
}

function recordedMap(map: MapDef, fileOf: (btf: Btf) => string): RecordedMap {
	return {
		type: map.type, key_size: map.keySize, value_size: map.valueSize, max_entries: map.maxEntries, map_flags: map.flags, map_extra: String(map.extra), frozen: map.frozen,
		...(map.btf === null || (map.keyTypeId === 0 && map.valueTypeId === 0) ? {} : { btf: fileOf(map.btf), btf_key_type_id: map.keyTypeId, btf_value_type_id: map.valueTypeId }),
		...(map.initial === null ? {} : { init: Buffer.from(map.initial).toString("hex") }), ...(map.inner === null ? {} : { inner: recordedMap(map.inner, fileOf) }),
	};
}
