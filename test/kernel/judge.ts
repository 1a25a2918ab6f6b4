/**
 * The one judge of all campaigns: asks the running kernel and our verifier about each program, counts, and shows what differs.
 *
 *     program ─┬─▶ kernel ──┐
 *              └─▶ verify ──┴─▶ the same · a known fault of the kernel · FALSE-ACCEPT · false-reject · other reason
 *
 * Not measurable, and counted apart: what the kernel refuses with EPERM before it looks at the program, maps that it does not make, and programs that it
 * refuses without a word after its verifier.
 */
import { copyFileSync, mkdirSync, writeFileSync, appendFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TypeSource } from "../../runtime/verifier/btf.ts";
import { kernelAddresses } from "../../runtime/node/environment.ts";
import { verify } from "../../runtime/verifier/verify.ts";
import { type RecordedCase, caseImage } from "../support/case-image.ts";
import { comparable } from "../support/logged-programs.ts";
import type { ProgramImage } from "../../runtime/image.ts";
import { knownFault } from "./known-faults.ts";
import { type Answer, LONGEST_LOG, type Oracle } from "./oracle.ts";

export interface Question {
	readonly one: RecordedCase;
	/** What is asked, for people. */
	readonly what: string;
	/** Rejections that this campaign asks about: one of the two saying so and not the other is a difference too. */
	readonly reason?: RegExp;
	/** Told of the kernel's verdict. */
	readonly heard?: (accepted: boolean) => void;
}

export interface Judgement {
	readonly seconds: number;
	/** Where disagreements are kept as cases; their BTF goes to btf/ beside it. */
	readonly out?: string;
	/** Compares messages of rejections, and the number of instructions that were walked. */
	readonly deep?: boolean;
	/** Loads by who has CAP_BPF alone: no CAP_PERFMON, so that pointers must not leak and speculation counts. */
	readonly capBpf?: boolean;
	/** BPF_F_* that each program is loaded with besides its own: 1 strict alignment, 8 a state at every instruction, 128 ranges that contradict each other refused. */
	readonly flags?: number;
	/** Compares the whole logs of this level: 1, the path to the rejection; 2, all paths, with what is known in each state. */
	readonly logLevel?: number;
	readonly print: (line: string) => void;
}

export interface Totals {
	compared: number;
	accepted: number;
	falseAccept: number;
	falseReject: number;
	otherReason: number;
	unsupported: number;
	internal: number;
	notMeasurable: number;
	/** Of `deep`. */
	otherMessage: number;
	otherWork: number;
	/** Of `logLevel`. */
	sameLog: number;
	otherLog: number;
	/** By name of the fault. */
	known: Record<string, number>;
	/** How often the kernel gave which reason, numbers left out: what a campaign asks about in truth. */
	readonly reasons: Map<string, number>;
	/** No question was left when it ended. */
	finished: boolean;
}

/** Programs on their way to the kernel while ours are walked. */
const IN_FLIGHT = 64;
const INTERNAL = "V0998";
const EPERM = 1;

export async function judge(campaign: string, questions: Iterable<Question>, folder: string, oracle: Oracle, kernel: TypeSource, options: Judgement): Promise<Totals> {
	const totals: Totals = {
		compared: 0, accepted: 0, falseAccept: 0, falseReject: 0, otherReason: 0, unsupported: 0, internal: 0, notMeasurable: 0, otherMessage: 0, otherWork: 0, sameLog: 0, otherLog: 0, known: {}, reasons: new Map(), finished: true,
	};
	const end = Date.now() + options.seconds * 1000;
	const seen = new Set<string>();
	if (options.out !== undefined) {
		mkdirSync(join(dirname(options.out), "btf"), { recursive: true });
		writeFileSync(options.out, "");
	}
	const hasAddress = kernelAddresses();
	const addresses = hasAddress === undefined ? {} : { hasAddress };
	let waiting: { readonly question: Question; readonly answer: Promise<Answer> }[] = [];
	for (const asked of questions) {
		if (Date.now() > end) {
			totals.finished = false;
			break;
		}
		const question = options.flags ? { ...asked, one: { ...asked.one, prog_flags: (asked.one.prog_flags ?? 0) | options.flags } } : asked;
		const { one } = question;
		const key = JSON.stringify([one.insns, one.prog_type, one.expected_attach_type, one.prog_flags, one.attach, one.maps, one.btf, one.func_info]);
		if (seen.has(key)) continue;
		seen.add(key);
		waiting.push({ question, answer: oracle.load(one, folder, { capBpf: options.capBpf === true, logLevel: options.logLevel ?? 0 }) });
		if (waiting.length >= IN_FLIGHT) await settle();
	}
	await settle();
	return totals;

	async function settle(): Promise<void> {
		// Ours are walked while the kernel's answers arrive.
		const pairs = waiting.map(({ question, answer }) => ({ question, answer, ours: verify(namelessMaps(caseImage({ ...question.one, license: "GPL" }, folder)), { kernel, capBpfOnly: options.capBpf === true, logLevel: options.logLevel ?? 0, ...addresses }) }));
		waiting = [];
		for (const { question, answer, ours } of pairs) {
			const said = await answer;
			compare(question, said, ours);
			question.heard?.(said.ok === true);
		}
	}

	function compare({ one, what, reason }: Question, answer: Answer, ours: ReturnType<typeof verify>): void {
		const said = ours.verdict === "accept" ? "" : ours.rejection.message;
		const internal = ours.verdict !== "accept" && ours.rejection.code === INTERNAL;
		// Without a message the last line is one of the passes before the walk, or none.
		const log = (answer.log ?? "").replace(/^func#\d+ @\d+$/, "").replace(/processed \d+ insns .*/, "");
		if (internal) totals.internal++;
		if (answer.ok === undefined || answer.mapErrno !== undefined || (!answer.ok && log === "" && (answer.errno === EPERM || (answer.proc ?? 0) > 0))) {
			totals.notMeasurable++;
			if (answer.crash || answer.timeout) options.print(`${answer.crash ? "crash" : "timeout"} ${what}`);
			if (internal) options.print(`internal ${what} | ours: ${said}`);
			return;
		}
		totals.compared++;
		if (answer.ok) totals.accepted++;
		else {
			const kind = log.replace(/-?\b(0x)?[0-9a-f]*[0-9][0-9a-f]*\b/g, "N").slice(0, 100);
			totals.reasons.set(kind, (totals.reasons.get(kind) ?? 0) + 1);
		}
		const accepts = ours.verdict === "accept";
		const agree = accepts === answer.ok && !internal;
		if (agree) {
			const parted = reason !== undefined && reason.test(said) !== reason.test(log);
			if (parted) totals.otherReason++;
			const message = options.deep === true && !answer.ok && log !== "" && !sameMessage(said, log);
			const work = options.deep === true && answer.ok && answer.proc !== undefined && answer.proc !== ours.stats.insnsProcessed;
			if (message) totals.otherMessage++;
			if (work) totals.otherWork++;
			const line = !answer.ok && log === "" ? undefined : logDifference(ours.log, answer.fulllog);
			if (line === null) totals.sameLog++;
			else if (line !== undefined) totals.otherLog++;
			if (parted || message || work) show(parted ? "other-reason" : message ? "other-message" : `other-work ${answer.proc} ${ours.stats.insnsProcessed}`);
			else if (typeof line === "string") show(`other-log ${line}`);
			return;
		}
		const fault = ours.verdict === "accept" ? null : knownFault(ours.rejection, one);
		if (fault !== null) {
			totals.known[fault] = (totals.known[fault] ?? 0) + 1;
			return;
		}
		if (ours.verdict === "unsupported" && !internal) totals.unsupported++;
		else if (accepts) totals.falseAccept++;
		else if (!internal) totals.falseReject++;
		show(internal ? "internal" : ours.verdict === "unsupported" ? "unsupported" : accepts ? "FALSE-ACCEPT" : "false-reject");

		function show(kind: string): void {
			options.print(`${kind} ${campaign}/${one.id} ${what} | kernel: ${answer.ok ? "accepts" : log || `errno ${answer.errno}`} (${answer.proc ?? 0}) | ours: ${said || "accepts"}`);
			if (options.out === undefined) return;
			const verdict = answer.ok ? "accept" : "reject";
			appendFileSync(options.out, `${JSON.stringify({ ...one, id: `${campaign}/${one.id}`, what, verdict, kernel: { verdict, log_last: log, processed: answer.proc } })}\n`);
			for (const name of new Set([one.btf, ...(one.maps ?? []).flatMap((map) => [map.btf, map.inner?.btf])])) {
				if (name !== undefined) copyFileSync(join(folder, "btf", name), join(dirname(options.out), "btf", name));
			}
		}
	}
}

/**
 * The oracle gives the last line of the log: of endless loops that is a state, of two-line messages the second; maps have no names there, and other descriptors.
 */
function sameMessage(ours: string, kernels: string): boolean {
	if (kernels.startsWith("old state: ") && ours.startsWith("infinite loop")) return true;
	const plain = (text: string): string => (placeless(text).trim().split("\n").at(-1) ?? "").replace(/\s+/g, " ").replace(/map '.*?'/g, "map ''").replace(/verification time.*/, "").slice(0, 100);
	return plain(ours) === plain(kernels);
}

/** The oracle's maps have no names. */
function namelessMaps(image: ProgramImage): ProgramImage {
	return { ...image, maps: image.maps.map((map) => ({ ...map, name: "", ...(map.inner ? { inner: { ...map.inner, name: "" } } : {}) })) };
}

/** A function without a program is found once calls were rewritten, at a place that only the kernel counts. Some of its messages end without their line. */
const placeless = (text: string): string => text.replace(/(No program to jit at insn) \d+/, "$1").replace(/^fd -?\d+ is/m, "fd is").replace(/(?<=.)processed (?=\d+ insns)/, "\nprocessed ");

/** The first line in which the logs part; null: none. Undefined: nothing to compare, since a log that the buffer does not hold is asked for again, without paths. */
function logDifference(ours: string, kernels: string | undefined): string | null | undefined {
	if (kernels === undefined || kernels.length >= LONGEST_LOG || /^verification time /m.test(kernels)) return undefined;
	const [a, b] = [ours, kernels].map((log) => placeless(comparable(log)).split("\n"));
	const at = a.findIndex((line, i) => line !== b[i]);
	if (at < 0 && a.length === b.length) return null;
	const line = at < 0 ? a.length : at;
	return `line ${line + 1}, kernel: ${b[line] ?? "(end)"} ours: ${a[line] ?? "(end)"}`;
}

/** "12 compared, 3 accepted, …" */
export function summary(totals: Totals, { deep = false, logLevel = 0 }: Pick<Judgement, "deep" | "logLevel"> = {}): string {
	const { compared, accepted, falseAccept, falseReject, otherReason, unsupported, internal, notMeasurable, otherMessage, otherWork, sameLog, otherLog, known } = totals;
	const faults = Object.entries(known).map(([name, n]) => `${n} ${name}`);
	return [
		`${compared} compared`, `${accepted} accepted`, `${falseAccept} false accepts`, `${falseReject} false rejects`, `${otherReason} other reasons`, `${unsupported} unsupported`, `${internal} internal`,
		`${notMeasurable} not measurable`, ...(deep ? [`${otherMessage} other messages`, `${otherWork} other work`] : []), ...(logLevel > 0 ? [`${sameLog} same logs`, `${otherLog} other logs`] : []),
		`known faults of the kernel: ${faults.length === 0 ? "none met" : faults.join(", ")}`,
	].join(", ");
}
