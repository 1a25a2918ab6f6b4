/** Mutants of recorded cases (mutate.ts). Ids of kernel types are carried over to the running kernel by name. `--only`: cases whose id has the word. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BtfView } from "../../../assembler/btf/view.ts";
import { type TypeSource, kernelTypes } from "../../../runtime/verifier/btf.ts";
import type { RecordedCase } from "../../support/case-image.ts";
import { shared } from "../../support/shared.ts";
import type { Question } from "../judge.ts";
import { type Pool, mutateCase, poolOf } from "../mutate.ts";
import { type Campaign, type Random, type Setting, pick } from "./campaign.ts";

const SUITES = ["classic", "modern"];
/** Larger programs are left out: one of them takes the time of hundreds. */
const LONGEST = 400;

export const mutants: Campaign = {
	summary: "recorded cases with one or two mistakes put in",
	ask({ kernel, random, only }: Setting) {
		const files = SUITES.map((suite) => shared(`verify/${suite}.jsonl`));
		const [first] = files;
		if (first === null || files.includes(null)) return null;
		const folder = dirname(first);
		const recorded = new BtfView(new Uint8Array(gunzipSync(readFileSync(join(folder, "btf", "vmlinux.btf.gz")))));
		const carry = carrier(kernelTypes(recorded), kernel);
		const parents = files.flatMap((file) => readFileSync(file!, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as RecordedCase))
			.filter((one) => one.verdict && one.insns !== undefined && one.insns.length <= 16 * LONGEST && (only === null || one.id.includes(only)))
			.map((one) => carry(one)).filter((one) => one !== null);
		return { folder, questions: questions(parents, poolOf(parents), random) };
	},
};

function* questions(parents: readonly RecordedCase[], pool: Pool, random: Random): Generator<Question> {
	for (let n = 0; parents.length > 0; n++) {
		const parent = pick(parents, random);
		const made = mutateCase(parent, random, pool);
		if (made !== null) yield { one: { ...made.one, id: `${n}/${parent.id}` }, what: `[${made.change}]` };
	}
}

/** A recorded case with the running kernel's type ids; null when a type is not there. */
function carrier(from: TypeSource, to: TypeSource): (one: RecordedCase) => RecordedCase | null {
	const carried = (id: number): number => {
		if (id <= 0 || id >= from.count) return id;
		const type = from.type(id);
		if (!("name" in type) || type.name === "") return -1;
		return to.find(type.name, type.kind);
	};
	return (one) => {
		const insns = Buffer.from(one.insns ?? "", "hex");
		let whole = true;
		const list = (entries: RecordedCase["kfuncs"]) => entries?.map((entry) => {
			const old = entry.btf_id ?? 0;
			const id = old === 0 ? 0 : carried(old);
			if (id < 0) whole = false;
			else if (insns.readInt32LE(entry.insn * 8 + 4) === old) insns.writeInt32LE(id, entry.insn * 8 + 4);
			return { ...entry, btf_id: id };
		});
		const kfuncs = list(one.kfuncs);
		const ksyms = list(one.ksyms);
		const attachId = one.attach?.btf_id === undefined ? 0 : carried(one.attach.btf_id);
		if (attachId < 0) whole = false;
		const maps = one.maps?.map((map) => {
			const value = map.btf_vmlinux_value_type_id ?? 0;
			return value === 0 ? map : { ...map, btf_vmlinux_value_type_id: carried(value) };
		});
		if (!whole) return null;
		return { ...one, insns: insns.toString("hex"), ...(kfuncs ? { kfuncs } : {}), ...(ksyms ? { ksyms } : {}), ...(one.attach ? { attach: { ...one.attach, btf_id: attachId } } : {}), ...(maps ? { maps } : {}) };
	};
}
