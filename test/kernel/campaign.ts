/**
 * The verifier against the running kernel on programs that nobody has seen: mutants of recorded cases, loaded (never run or attached) through
 * the oracle. Ids of kernel types are carried over to the running kernel by name.
 *
 *     npx tsx test/kernel/campaign.ts --cases=modern --seed=1 --mutants=4 --out=/tmp/disagreements.jsonl
 *
 * Prints how many were compared and each disagreement; `--out` keeps those as cases that `npm run cases -- verify` reads.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { BtfView } from "../../assembler/btf/view.ts";
import { type TypeSource, kernelTypes } from "../../runtime/verifier/btf.ts";
import { verify } from "../../runtime/verifier/verify.ts";
import { type RecordedCase, caseImage } from "../support/case-image.ts";
import { generator } from "../support/random-program.ts";
import { shared } from "../support/shared.ts";
import { type Pool, mutateCase, poolOf } from "./mutants.ts";

const { values } = parseArgs({
	options: {
		cases: { type: "string", default: "modern" }, seed: { type: "string", default: "1" }, mutants: { type: "string", default: "2" }, only: { type: "string" },
		out: { type: "string" }, seconds: { type: "string", default: "100" }, "max-loads": { type: "string", default: "200000" }, from: { type: "string", default: "0" },
	},
});

interface Answer { readonly ok?: boolean; readonly errno?: number; readonly log?: string; readonly proc?: number; readonly mapErrors?: readonly unknown[] }
interface OracleModule {
	probe(): Promise<string | null>;
	openOracle(options: { maxLoads: number }): Promise<{ loadCase(one: RecordedCase, folder: string): Promise<Answer>; close(): Promise<void> }>;
}

const file = shared(`verify/${values.cases}.jsonl`);
const oracleFile = shared("oracle/oracle.mjs");
if (file !== null && oracleFile !== null) {
	const { probe, openOracle } = (await import(oracleFile)) as OracleModule;
	const why = await probe();
	if (why !== null) console.log(`skipped: ${why}`);
	else await campaign(file, await openOracle({ maxLoads: Number(values["max-loads"]) }));
}

async function campaign(cases: string, oracle: Awaited<ReturnType<OracleModule["openOracle"]>>): Promise<void> {
	const folder = dirname(cases);
	const running = new BtfView(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));
	const recorded = new BtfView(new Uint8Array(gunzipSync(readFileSync(join(folder, "btf", "vmlinux.btf.gz")))));
	const kernel = kernelTypes(running);
	const carry = carrier(kernelTypes(recorded), kernel);
	const parents = readFileSync(cases, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as RecordedCase)
		.filter((one) => one.verdict && one.insns !== undefined && one.insns.length <= 16 * 400 && (values.only === undefined || one.id.includes(values.only)))
		.map((one) => carry(one)).filter((one) => one !== null);
	const pool: Pool = poolOf(parents);
	const random = generator(Number(values.seed) * 7919 + 17);
	const seen = new Set<string>();
	const end = Date.now() + Number(values.seconds) * 1000;
	const counts = { compared: 0, accepted: 0, falseAccept: 0, falseReject: 0, unsupported: 0, internal: 0, none: 0 };
	if (values.out !== undefined) writeFileSync(values.out, "");
	let last = 0;
	for (const [index, parent] of parents.entries()) {
		if (index < Number(values.from)) continue;
		if (Date.now() > end) break;
		last = index;
		for (let n = 0; n < Number(values.mutants); n++) {
			const made = mutateCase(parent, random, pool);
			if (made === null) continue;
			const { one, change } = made;
			const key = JSON.stringify([one.insns, one.prog_type, one.expected_attach_type, one.prog_flags, one.attach, one.maps, one.license, one.func_info]);
			if (seen.has(key)) continue;
			seen.add(key);
			const answer = await oracle.loadCase(one, folder);
			// Some attach targets are refused with EPERM and without a word, before the program is looked at.
			if (answer.ok === undefined || answer.mapErrors !== undefined || (answer.errno === 1 && !answer.log)) {
				counts.none++;
				continue;
			}
			const ours = verify(caseImage(one, folder), { kernel });
			counts.compared++;
			if (answer.ok) counts.accepted++;
			const internal = ours.verdict !== "accept" && ours.rejection.code === "V0998";
			if (ours.verdict === "unsupported" && !internal) counts.unsupported++;
			if (internal) counts.internal++;
			if ((ours.verdict === "accept") === answer.ok && !internal) continue;
			if (ours.verdict === "accept") counts.falseAccept++;
			else counts.falseReject++;
			const message = ours.verdict === "accept" ? "" : ours.rejection.message.slice(0, 300);
			console.log(`${answer.ok ? "false-reject" : "FALSE-ACCEPT"} ${parent.id} #${n} [${change}] kernel: ${answer.log ?? ""} (${answer.proc}) | ours: ${message}`);
			if (values.out !== undefined) appendFileSync(values.out, `${JSON.stringify({ ...one, id: `campaign/${values.seed}/${parent.id}/${n}`, change, verdict: answer.ok ? "accept" : "reject", kernel: { verdict: answer.ok ? "accept" : "reject", log_last: answer.log } })}\n`);
		}
	}
	await oracle.close();
	console.log(`${values.cases}, seed ${values.seed}, parents ${values.from} to ${last}: ${Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(", ")}`);
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
			const value = (map as { readonly btf_vmlinux_value_type_id?: number }).btf_vmlinux_value_type_id ?? 0;
			return value === 0 ? map : { ...map, btf_vmlinux_value_type_id: carried(value) };
		});
		if (!whole) return null;
		return { ...one, insns: insns.toString("hex"), ...(kfuncs ? { kfuncs } : {}), ...(ksyms ? { ksyms } : {}), ...(one.attach ? { attach: { ...one.attach, btf_id: attachId } } : {}), ...(maps ? { maps } : {}) };
	};
}
