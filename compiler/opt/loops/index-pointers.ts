import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Loop } from "../../ir/cfg.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { Pass } from "../pass.ts";
import { loops } from "../../ir/cfg.ts";
import { constant, isInst, newInst, phisOf, replaceAll } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { betweenDistances } from "../scalar/distances.ts";
import { baseOf } from "../analysis/slots.ts";

/**
 *     for (c = name; c < name + 32; c++)                       for (i = 0; i < 32; i++)
 *         if (*c == '\n') *c = ' ';                    →           if (name[i] == '\n') name[i] = ' ';
 *
 * A pointer that a loop moves away from where it began, and that is asked how far it came, becomes its beginning and a number. Of two
 * pointers to the stack or to a map's value the verifier knows no distance and no order: the loop would have no end for it. Of the number it knows all.
 *
 * What is asked: the difference to the beginning, and comparisons with a constant distance from it. Pointers that only go along stay as they are.
 */
export const indexPointers: Pass = {
	name: "index-pointers",
	run(fn, context) {
		let analyses: Analyses | null = null;
		const done = new Set<Inst>();
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			for (const question of block.insts) {
				const asked = askedOf(question);
				if (asked === null || done.has(asked.phi)) continue;
				analyses ??= analysesOf(fn, context);
				const web = webOf(asked.phi, asked.start);
				// A pointer is told from one beginning only.
				if (
					web === null ||
					[...web].some((phi) => done.has(phi)) ||
					!isMoved(web, analyses, loops(fn, analyses.dominators, analyses.predecessors))
				)
					continue;
				for (const phi of web) done.add(phi);
				answer(fn, web, asked.start, analyses, map);
			}
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

interface Question {
	readonly phi: Inst;
	/** Where the distance is measured from. */
	readonly start: Value;
}

/** `c - start` or `c < start + n`, where c is a phi or a constant distance from one. */
function askedOf({ op, args }: Inst): Question | null {
	if (op !== "sub" && op !== "icmp") return null;
	const [left, right] = args.map(pointerOf);
	if (left === null || right === null || (op === "icmp" && args[0].ty !== "ptr")) return null;
	for (const [one, other] of [
		[left, right],
		[right, left],
	]) {
		const [a, b] = [fromStart(one), fromStart(other)];
		if (isInst(a) && a.op === "phi" && isInst(b) && a !== b && a.args.some((arg) => fromStart(arg) === b)) return { phi: a, start: b };
	}
	return null;
}

const pointerOf = (value: Value): Value | null =>
	value.ty === "ptr" ? value : isInst(value) && value.op === "ptrtoint" && value.args[0].ty === "ptr" ? value.args[0] : null;

/** Without the constants that were added. */
const fromStart = (value: Value): Value => baseOf(value).base;

/** The phis that a pointer goes through, all of which lie at constant steps from each other and from the start; null: something else comes in. */
function webOf(first: Inst, start: Value): Set<Inst> | null {
	const web = new Set([first]);
	for (const phi of web) {
		for (const arg of phi.args) {
			const from = fromStart(arg);
			if (from === start) continue;
			if (!isInst(from) || from.op !== "phi" || from.ty !== "ptr" || web.size > MOST) return null;
			web.add(from);
		}
	}
	return web;
}

const MOST = 8;

/** Whether one of them goes round a loop, in which a step is made. */
function isMoved(web: ReadonlySet<Inst>, { home }: Analyses, all: readonly Loop[]): boolean {
	const isStepIn =
		(loop: Loop) =>
		(phi: Inst): boolean =>
			phi.args.some((arg, i) => loop.blocks.has(phi.blocks![i]) && fromStart(arg) !== arg);
	return all.some((loop) => [...web].some((phi) => home.get(phi) === loop.header) && [...web].some(isStepIn(loop)));
}

function answer(fn: IrFunction, web: ReadonlySet<Inst>, start: Value, { home }: Analyses, map: Map<Inst, Value>): void {
	const indexes = new Map<Value, Inst>();
	for (const phi of web) indexes.set(phi, newInst(fn, "phi", "i64", [], undefined, phi.loc, [...phi.blocks!]));
	/** How far from the start a value is, made before the end of a block. */
	const distance = (value: Value, block: Block): Value => {
		const { base, offset } = baseOf(value);
		const index = indexes.get(base);
		if (index === undefined) return constant("i64", offset);
		if (offset === 0) return index;
		const sum = newInst(fn, "add", "i64", [index, constant("i64", offset)], undefined, isInst(value) ? value.loc : null);
		block.insts.splice(block.insts.length - 1, 0, sum);
		return sum;
	};
	for (const [phi, index] of indexes as Map<Inst, Inst>) {
		index.args = phi.args.map((arg, i) => distance(arg, phi.blocks![i]));
		const block = home.get(phi)!;
		const place = newInst(fn, "ptradd", "ptr", [start, index], undefined, phi.loc);
		block.insts.splice(block.insts.indexOf(phi), 1, index);
		block.insts.splice(phisOf(block).length, 0, place);
		map.set(phi, place);
	}
	// The questions, while the phis still stand in their operands.
	for (const block of fn.blocks) {
		for (const inst of [...block.insts]) {
			if (inst.op !== "sub" && inst.op !== "icmp") continue;
			const operands = inst.args.map(pointerOf);
			if (
				operands.some((operand) => operand === null || (fromStart(operand) !== start && !indexes.has(fromStart(operand)))) ||
				!operands.some((operand) => indexes.has(fromStart(operand!)))
			)
				continue;
			const before: Inst[] = [];
			const told = operands.map((operand) => {
				const scratch: Block = { id: -1, name: "", insts: [inst] };
				const value = distance(operand!, scratch);
				before.push(...scratch.insts.slice(0, -1));
				return value;
			});
			block.insts.splice(block.insts.indexOf(inst), 0, ...before);
			inst.args = told;
			// Within an object addresses do not wrap, so that distances have signs.
			if (inst.op === "icmp") inst.attr = { ...inst.attr, pred: betweenDistances(inst.attr!.pred!) };
		}
	}
}
