/** Every byte of every context: read, sign-extended, written and changed atomically; and what a value that was read is good for. */
import { HOOKS, NOT_BUILT, type Hook, returnable, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, drawn } from "./campaign.ts";

/** Offsets beside the contexts: negative ones, the ends of the widest ones (tracepoints, system calls), the greatest. */
const EDGES = [-32768, -4096, -64, 4088, 4095, 4096, 8183, 8184, 8188, 8191, 8192, 8200, 32760, 32764, 32767];
const LAST = 288;
const OFFSETS = [...Array.from({ length: LAST + 16 }, (_, i) => i - 16), ...EDGES];
const FORMS: readonly (readonly [opcode: number, name: string])[] = [
	...([[0x10, 1], [0x08, 2], [0x00, 4], [0x18, 8]] as const).flatMap(([bits, bytes]) => [[0x61 | bits, `read ${bytes}`], [0x63 | bits, `write ${bytes}`], [0x62 | bits, `write constant ${bytes}`]] as const),
	[0x91, "read s8"], [0x89, "read s16"], [0x81, "read s32"], [0xc3, "add 4"], [0xdb, "add 8"],
];
/** What is done with what was read. */
const USES = ["nothing", "nothing", "read", "checked read", "arithmetic", "packet end"] as const;

export const contexts: Campaign = {
	summary: "every byte of every context, read and written",
	ask({ kernel, random, only }: Setting) {
		for (const { type, why } of NOT_BUILT) console.log(`left out: program type ${type} (${why})`);
		const { iterators, members, tracepoints } = targetHooks(kernel);
		const hooks = [...HOOKS, tracepoints[0], ...iterators.slice(0, 1), ...members.slice(0, 1)].filter((h) => only === null || h.name.includes(only));
		const of = hooks.length * OFFSETS.length * FORMS.length;
		return { of, questions: questions(hooks, of, random) };
	},
};

function* questions(hooks: readonly Hook[], of: number, random: Random): Generator<Question> {
	for (const row of drawn(of, random)) {
		const hook = hooks[row % hooks.length];
		const [opcode, name] = FORMS[Math.floor(row / hooks.length) % FORMS.length];
		const off = OFFSETS[Math.floor(row / hooks.length / FORMS.length)];
		const w = writer();
		const out = w.label();
		w.mov(6, 1);
		w.set(2, 0);
		const reads = (opcode & 7) === 1;
		let use = "";
		if (reads) {
			w.emit(opcode, 2, 6, off, 0);
			use = USES[random(USES.length)];
			if (use === "checked read") w.jump(0x10, 2, 0, out);
			if (use === "read" || use === "checked read") w.load(4, 3, 2, 0);
			if (use === "arithmetic") w.alu(0x00, 2, 4);
			if (use === "packet end") {
				w.load(4, 3, 6, off + 4);
				w.mov(4, 2);
				w.alu(0x00, 4, 8);
				w.jumpReg(0x20, 4, 3, out);
				w.load(8, 3, 2, 0);
			}
		} else w.emit(opcode, 6, (opcode & 7) === 2 ? 0 : 2, off, 0);
		w.place(out);
		w.set(0, returnable(hook));
		w.exit();
		yield { one: caseOf(`${row}`, hook, w), what: `${hook.name} ${name} at ${off}${use === "" ? "" : `, then ${use}`}` };
	}
}
