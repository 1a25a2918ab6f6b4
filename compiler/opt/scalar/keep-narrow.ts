import type { Dominators, Loop } from "../../ir/cfg.ts";
import type { Block, Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { loops } from "../../ir/cfg.ts";
import { isConst, isInst, replaceAll, successors } from "../../ir/values.ts";
import { type Analyses, analysesOf } from "../analysis/analyses.ts";

/**
 *     if (tcp && !(flags & HEADER)) …          narrow = flags & HEADER;
 *     …                                   →    if (tcp && !narrow) …
 *     if (!(flags & HEADER)) …                 … if (!narrow) …
 *
 * A value of which only some bits are asked from here on, on more than one way, is cut to them before the ways part: so it is cut once, and the
 * whole value need not be kept. The kernel's verifier compares what is kept when ways meet again; of bits that nobody asks any more it would
 * take each set for a state of its own. (LLVM: GVNHoist, SimplifyCFG's speculation.)
 *
 * Not where something else still asks the whole value: then two would be kept. Nor into a loop.
 */
export const keepNarrow: Pass = {
	name: "keep-narrow",
	run(fn, context) {
		const groups = new Map<string, Inst[]>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				const key = keyOf(inst);
				if (key === null) continue;
				const group = groups.get(key);
				if (group === undefined) groups.set(key, [inst]);
				else group.push(inst);
			}
		}
		const found = [...groups.values()].filter(({ length }) => length > 1 && length <= MOST);
		if (found.length === 0) return false;
		const analyses = analysesOf(fn, context);
		const inLoops = loops(fn, analyses.dominators, analyses.predecessors);
		const into = new Map<Inst, Inst>();
		for (const group of found) {
			const meeting = meetingPoint(group, analyses, inLoops);
			if (meeting === null) continue;
			const [first, ...rest] = group.filter((inst) => analyses.dominators.dominates(meeting, analyses.home.get(inst)!));
			const home = analyses.home.get(first)!;
			home.insts.splice(home.insts.indexOf(first), 1);
			meeting.insts.splice(meeting.insts.length - 1, 0, first);
			for (const other of rest) into.set(other, first);
		}
		replaceAll(fn, into);
		return into.size > 0;
	},
};

/** More of one kind is not looked at: each two of them are. */
const MOST = 8;

/** Equal for what cuts the same value to the same bits; null: it does not cut. What is an extension or a part of another value may be kept for that one. */
function keyOf({ op, args }: Inst): string | null {
	if (op !== "and" && op !== "lshr") return null;
	const [whole, bits] = args;
	if (!isInst(whole) || !isConst(bits) || whole.op === "trunc" || whole.op === "zext" || whole.op === "sext") return null;
	return `${op} ${whole.id} ${bits.value}`;
}

/** The block, as far up as may be, from whose end on nothing but two or more of the group ask the whole value. */
function meetingPoint(group: readonly Inst[], { home, users, dominators: dom }: Analyses, inLoops: readonly Loop[]): Block | null {
	const whole = group[0].args[0] as Inst;
	const origin = home.get(whole)!;
	const blocks = group.map((inst) => home.get(inst)!);
	const meetings = new Set<Block>();
	for (const a of blocks)
		for (const b of blocks) if (!dom.dominates(a, b) && !dom.dominates(b, a)) meetings.add(commonDominator(a, b, dom));
	for (const block of dom.order) {
		if (!meetings.has(block) || !dom.dominates(origin, block)) continue;
		const members = new Set(group.filter((inst) => dom.dominates(block, home.get(inst)!)));
		const after = reachedFrom(block, origin);
		const isAsked = users.get(whole)!.some((user) => !members.has(user) && placesOf(user, whole, home).some((place) => after.has(place)));
		if (isAsked || inLoops.some((loop) => loop.blocks.has(block) && [...members].some((inst) => !loop.blocks.has(home.get(inst)!))))
			continue;
		return block;
	}
	return null;
}

function commonDominator(a: Block, b: Block, dom: Dominators): Block {
	let above = a;
	while (!dom.dominates(above, b)) above = dom.idom.get(above)!;
	return above;
}

/** What may run after a block, up to where the value is made anew. */
function reachedFrom(block: Block, origin: Block): Set<Block> {
	const reached = new Set<Block>();
	const work = [...successors(block)];
	while (work.length > 0) {
		const next = work.pop()!;
		if (reached.has(next) || next === origin) continue;
		reached.add(next);
		work.push(...successors(next));
	}
	return reached;
}

/** Where a user asks for a value: a phi at the end of where it comes from. */
const placesOf = (user: Inst, value: Inst, home: ReadonlyMap<Inst, Block>): Block[] =>
	user.op === "phi" ? user.blocks!.filter((_, i) => user.args[i] === value) : [home.get(user)!];
