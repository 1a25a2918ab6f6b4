/** What a campaign is, and how questions that are rows of a table are drawn from it. */
import type { TypeSource } from "../../../runtime/verifier/btf.ts";
import type { RecordedCase } from "../../support/case-image.ts";
import { type Hook, returnable } from "../hooks.ts";
import type { Question } from "../judge.ts";
import type { Label, Writer } from "../writer.ts";

export type Random = (limit: number) => number;

export interface Setting {
	readonly seed: number;
	readonly count: number;
	readonly only: string | null;
	readonly kernel: TypeSource;
	readonly random: Random;
	/** A folder for BTF that the programs have, in btf/; it goes away. */
	readonly scratch: string;
}

export interface Campaign {
	readonly summary: string;
	/** Null, and a line on the console, when data that it needs is not there. */
	ask(setting: Setting): Asked | null;
}

export interface Asked {
	readonly questions: Iterable<Question>;
	/** Questions in the whole table; absent: endless. */
	readonly of?: number;
	/** Where the BTF of its cases lies; the scratch folder when absent. */
	readonly folder?: string;
}

export const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)];

/** A program for the hook, as a case. */
export function caseOf(id: string, hook: Hook, w: Writer, more: Partial<RecordedCase> = {}): RecordedCase {
	return {
		id, suite: "campaign", name: id, prog_type: hook.type, expected_attach_type: hook.attach, prog_flags: hook.flags, license: "GPL",
		...(hook.target === undefined ? {} : { attach: { btf_id: hook.target.id, name: hook.target.name } }), ...w.finish(), ...more, kernel: {},
	};
}

const LOOKUP = 1;

/** A call that takes no such value as r0 is: its refusal names r0's type. */
export function nameType(w: Writer): void {
	w.mov(1, 0);
	w.call(LOOKUP);
}

/** The end of a program: the way that left for `bad` also goes out of the RCU section that it is in, if any. */
export function ending(w: Writer, at: Hook, bad: Label, unlock: number | null): void {
	const end = w.label();
	w.jump(0, 0, 0, end);
	w.place(bad);
	if (unlock !== null) w.kfunc(unlock, "bpf_rcu_read_unlock");
	w.place(end);
	w.set(0, returnable(at));
	w.exit();
}

/** Numbers below `total` in an order of the seed's, each once. */
export function* drawn(total: number, random: Random): Generator<number> {
	if (total === 0) return;
	const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
	let step = 1 + random(total);
	while (gcd(step, total) !== 1) step++;
	for (let i = 0, at = random(total); i < total; i++, at = (at + step) % total) yield at;
}
