import type { Block, Inst, IrFunction, Ty, Value } from "./types.ts";
import { dominators, predecessors } from "./cfg.ts";
import { row } from "./ops.ts";
import { printInst } from "./print.ts";
import { isInst, isTerminator, successors } from "./values.ts";

/**
 * What a function must look like between passes: a list of complaints, empty when all is well.
 * Blocks end in their one terminator, phis come first and have one value per predecessor, a value's definition
 * dominates its uses, operands and attributes are those of the table `ops.ts`.
 */
export function checkIr(fn: IrFunction): string[] {
	const faults: string[] = [];
	const complain = (inst: Inst | null, what: string): void => {
		faults.push(`${fn.name}: ${what}${inst === null ? "" : `: ${printInst(inst)}`}`);
	};
	if (fn.blocks.length === 0) return [`${fn.name}: no blocks`];
	const known = new Set(fn.blocks);
	for (const block of fn.blocks) {
		for (const next of successors(block)) if (!known.has(next)) complain(null, `edge to a block outside, ${next.name}.${next.id}`);
	}
	if (faults.length > 0) return faults;
	const preds = predecessors(fn);
	if (preds.get(fn.blocks[0])!.length > 0) complain(null, "the entry block has predecessors");

	const home = new Map<Inst, { block: Block; index: number }>();
	const ids = new Set<number>();
	for (const param of fn.params) ids.add(param.id);
	for (const block of fn.blocks) {
		if (ids.has(block.id)) complain(null, `number ${block.id} is used twice`);
		ids.add(block.id);
		block.insts.forEach((inst, index) => {
			if (home.has(inst)) complain(inst, "stands in two places");
			home.set(inst, { block, index });
			if (ids.has(inst.id)) complain(inst, `number ${inst.id} is used twice`);
			ids.add(inst.id);
			if (inst.id >= fn.nextId) complain(inst, "number beyond nextId");
		});
	}
	const dom = dominators(fn);
	for (const block of fn.blocks) {
		const last = block.insts.length - 1;
		if (last < 0 || !isTerminator(block.insts[last])) complain(null, `block ${block.name}.${block.id} does not end`);
		let phis = true;
		block.insts.forEach((inst, index) => {
			if (inst.op === "phi" && !phis) complain(inst, "phi after another instruction");
			if (inst.op !== "phi") phis = false;
			if (isTerminator(inst) && index !== last) complain(inst, "terminator in the middle");
			checkShape(fn, inst, complain);
			if (inst.op === "phi") {
				const want = preds.get(block)!;
				const have = inst.blocks ?? [];
				if (have.length !== inst.args.length) complain(inst, "phi with blocks and values of different number");
				if (have.length !== want.length || !want.every((pred) => have.includes(pred))) {
					complain(inst, `phi does not have the predecessors of its block (${want.map((pred) => `${pred.name}.${pred.id}`).join(", ")})`);
				}
			}
			if (!dom.idom.has(block)) return;
			inst.args.forEach((arg, i) => {
				if (!isInst(arg) || arg.op === "param") return;
				const def = home.get(arg);
				if (def === undefined) return complain(inst, `operand %${arg.id} is nowhere`);
				const use = inst.op === "phi" ? { block: inst.blocks![i], index: Number.POSITIVE_INFINITY } : { block, index };
				if (!dom.idom.has(use.block)) return;
				const fine = def.block === use.block ? def.index < use.index : dom.idom.has(def.block) && dom.dominates(def.block, use.block);
				if (!fine) complain(inst, `%${arg.id} does not dominate this use`);
			});
		});
	}
	return faults;
}

const LETTER: Record<Ty, string> = { i32: "w", i64: "l", ptr: "p" };

function checkShape(fn: IrFunction, inst: Inst, complain: (inst: Inst, what: string) => void): void {
	const { args, result, attrs } = row(inst.op);
	if (!result.includes(inst.ty === null ? "-" : LETTER[inst.ty])) complain(inst, `no result of type ${inst.ty ?? "void"}`);
	for (const name of attrs) {
		if (name.endsWith("!") && inst.attr?.[name.slice(0, -1) as keyof NonNullable<Inst["attr"]>] === undefined)
			complain(inst, `lacks ${name.slice(0, -1)}`);
	}
	if (inst.op === "phi") {
		for (const arg of inst.args) if (arg.ty !== inst.ty) complain(inst, "phi of another type");
	} else if (args !== "*") {
		const optional = args.endsWith("?");
		const letters = optional ? args.slice(0, -1) : args;
		if (inst.args.length > letters.length || inst.args.length < letters.length - (optional ? 1 : 0)) {
			complain(inst, `${inst.args.length} operands for "${args}"`);
			return;
		}
		inst.args.forEach((arg, i) => {
			if (!fits(letters[i], arg, inst, inst.args[i - 1])) complain(inst, `operand ${i + 1} is ${arg.ty}`);
		});
	}
	const targets = inst.blocks?.length ?? 0;
	const want = { jump: 1, branch: 2, switch: 1 + (inst.attr?.cases?.length ?? 0) }[inst.op as "jump"];
	if (want !== undefined && want !== targets) complain(inst, `${targets} targets instead of ${want}`);
	if (inst.op === "branch" && inst.blocks![0] === inst.blocks![1]) complain(inst, "both targets are the same");
	if (inst.op === "ret" && (inst.args[0]?.ty ?? null) !== fn.result) complain(inst, `the function returns ${fn.result ?? "void"}`);
	if (inst.op === "load" && inst.ty !== null) checkSize(inst, inst.ty, complain);
	if (inst.op === "store") checkSize(inst, inst.args[1].ty!, complain);
}

function fits(letter: string, arg: Value, inst: Inst, before: Value | undefined): boolean {
	switch (letter) {
		case "v":
			return arg.ty !== null;
		case "x":
			return inst.op === "storerel" || arg.ty === inst.ty;
		case "i":
			return arg.ty === "i32" || arg.ty === "i64";
		case "s":
			return arg.ty === before?.ty;
		default:
			return arg.ty !== null && LETTER[arg.ty] === letter;
	}
}

function checkSize(inst: Inst, ty: Ty, complain: (inst: Inst, what: string) => void): void {
	const size = inst.attr?.size ?? 0;
	const sizes = ty === "i32" ? [1, 2, 4] : ty === "ptr" ? [8] : [1, 2, 4, 8];
	// A context holds 32-bit pointers: `load ptr size=4` never appears, it is a load i64 and an inttoptr.
	if (!sizes.includes(size)) complain(inst, `size ${size} for ${ty}`);
}
