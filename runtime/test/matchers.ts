/**
 * Matchers for vitest and jest over the outcome of a run: `expect.extend(matchers)`, then
 *
 *     expect(programs.filter.run({ packet })).toDrop();
 *
 * "Drop" and "pass" are what the program's type calls so: XDP's 2 lets a packet pass, TC's 2 drops it.
 */
import type { ProgramTypeName } from "../../assembler/spec/program-types.ts";
import { programTypeById } from "../../assembler/spec/program-types.ts";
import type { RunOutput } from "../programs/run.ts";

interface MatcherResult {
	readonly pass: boolean;
	message(): string;
}

/** What becomes of the packet, by the number that a program of the type returns; the first of several is the one that messages name. */
type Verdicts = Readonly<
	Partial<Record<"abort" | "drop" | "pass" | "transmit" | "redirect", readonly [name: string, ...values: number[]]>>
>;

const TC: Verdicts = { drop: ["TC_ACT_SHOT", 2], pass: ["TC_ACT_OK", 0, 3, -1], redirect: ["TC_ACT_REDIRECT", 7] };
const LWT: Verdicts = { drop: ["BPF_DROP", 2], pass: ["BPF_OK", 0], redirect: ["BPF_REDIRECT", 7] };
const VERDICT: Verdicts = { drop: ["SK_DROP", 0], pass: ["SK_PASS", 1] };

const verdicts: Readonly<Partial<Record<ProgramTypeName, Verdicts>>> = {
	XDP: { abort: ["XDP_ABORTED", 0], drop: ["XDP_DROP", 1], pass: ["XDP_PASS", 2], transmit: ["XDP_TX", 3], redirect: ["XDP_REDIRECT", 4] },
	SCHED_CLS: TC,
	SCHED_ACT: TC,
	LWT_IN: LWT,
	LWT_OUT: LWT,
	LWT_XMIT: LWT,
	CGROUP_SKB: { drop: ["0", 0], pass: ["1", 1, 3] },
	SK_SKB: VERDICT,
	SK_MSG: VERDICT,
	SK_LOOKUP: VERDICT,
	SK_REUSEPORT: VERDICT,
	NETFILTER: { drop: ["NF_DROP", 0], pass: ["NF_ACCEPT", 1] },
};

/** @throws TypeError where the program's type has no such verdict: neither answer would mean anything */
function outcome(received: RunOutput, kind: keyof Verdicts): MatcherResult {
	const row = typeof received.type === "number" ? programTypeById(received.type) : undefined;
	const wanted = row === undefined ? undefined : verdicts[row.name as ProgramTypeName]?.[kind];
	if (wanted === undefined)
		throw new TypeError(
			`a program of type ${row?.name.toLowerCase() ?? received.type} has no verdict "${kind}": expect(…).toHaveRetval(…)`,
		);
	const [name, ...values] = wanted;
	return returns(received, values, name === String(values[0]) ? name : `${name} (${values[0]})`);
}

function verdict(kind: keyof Verdicts): (received: RunOutput) => MatcherResult {
	return (received) => outcome(received, kind);
}

function returns(received: RunOutput, values: readonly number[], name: string): MatcherResult {
	const pass = values.includes(received.retval);
	return {
		pass,
		message: () => `expected the program ${pass ? "not " : ""}to return ${name}; it returned ${received.retval}${nameOf(received)}`,
	};
}

/** What the number that came back means. */
function nameOf(received: RunOutput): string {
	const row = typeof received.type === "number" ? programTypeById(received.type) : undefined;
	const known = Object.values(row === undefined ? {} : (verdicts[row.name as ProgramTypeName] ?? {})).find(
		([, ...values]) => values[0] === received.retval,
	);
	return known === undefined || known[0] === String(received.retval) ? "" : ` (${known[0]})`;
}

/** For `expect.extend`; what they are given is the output of `run`. */
export const matchers = {
	toAbort: verdict("abort"),
	toDrop: verdict("drop"),
	toPass: verdict("pass"),
	toTransmit: verdict("transmit"),
	toRedirect: (received: RunOutput, index?: number): MatcherResult => {
		const went = outcome(received, "redirect").pass;
		const place = received.redirect?.index;
		return {
			pass: went && (index === undefined || place === index),
			message: () =>
				`expected a redirection${index === undefined ? "" : ` to ${index}`}; the program returned ${received.retval}${place === undefined ? "" : `, to ${place}`}`,
		};
	},
	toHaveRetval: (received: RunOutput, value: number): MatcherResult => returns(received, [value], String(value)),
	/** The packet after the run, byte by byte. */
	toLeavePacket: (received: RunOutput, wanted: Uint8Array): MatcherResult => {
		const got = received.packet ?? new Uint8Array(0);
		const at = wanted.findIndex((byte, i) => got[i] !== byte);
		const same = got.length === wanted.length && at < 0;
		return {
			pass: same,
			message: () =>
				same
					? "expected another packet"
					: at < 0
						? `expected ${wanted.length} bytes, got ${got.length}`
						: `expected byte ${at} to be 0x${wanted[at].toString(16)}, got ${got[at] === undefined ? "the end" : `0x${got[at].toString(16)}`}`,
		};
	},
};

/** For `declare module "vitest"`. */
export interface PacketMatchers<R = unknown> {
	toAbort(): R;
	toDrop(): R;
	toPass(): R;
	toTransmit(): R;
	toRedirect(index?: number): R;
	toHaveRetval(value: number): R;
	toLeavePacket(wanted: Uint8Array): R;
}
