import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Range } from "../analysis/alias.ts";
import type { OptContext, Pass } from "../pass.ts";
import { helperById } from "../../../assembler/spec/helpers.ts";
import { predecessors } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { type Analyses, analysesOf, forget } from "../analysis/analyses.ts";
import { constant, isInst, newBlock, newInst, phisOf, removePhiEdge, sameValue, terminator } from "../../ir/values.ts";
import { baseOf, isInData } from "../analysis/slots.ts";
import { COMPUTES, sameKind, sameMade } from "./alike.ts";

/**
 * What several blocks do last before they go to the same place, or return, is done once, on the way there: `err = 3; goto out;` in ten places
 * is ten numbers and one store. One operand may differ, if it is a number, and becomes a phi. Addresses must be the same ones, since the kernel's verifier allows an instruction
 * one kind of pointer, or lie in this object's data: `if (c) hits++; else misses++;` is two addresses and one addition (LLVM: SinkCommonCodeFromPredecessors).
 * What is probed may be anywhere: `bpf_core_field_exists(…) ? BPF_CORE_READ(old, …) : BPF_CORE_READ(new, …)` are two addresses and one call.
 */
export const sink: Pass = {
	name: "sink",
	run(fn, context) {
		let changed = storeOnce(fn, context);
		changed = returnAtOnce(fn) || changed;
		if (changed) forget(context);
		for (let budget = 50; budget > 0; budget--) {
			if (!sweep(fn, context)) break;
			forget(context);
			changed = true;
		}
		return changed;
	},
};

/** The same for calls of functions, with the same arguments, before these are copied to where they are called. */
export const sinkCalls: Pass = {
	name: "sink-calls",
	run: (fn, context) => sweep(fn, context, true),
};

/**
 * `*p = a; if (c) *p = b;` is stored behind the branch, once (LLVM: InstCombine's mergeStoreIntoSuccessor): nothing on the way reads what the
 * first store wrote.
 */
function storeOnce(fn: IrFunction, context: OptContext): boolean {
	const { predecessors: preds, alias } = analysesOf(fn, context);
	let changed = false;
	for (const target of fn.blocks) {
		const [one, other, ...more] = preds.get(target)!;
		if (other === undefined || more.length > 0) continue;
		const [from, side] = terminator(one).op === "branch" ? [one, other] : [other, one];
		if (
			terminator(from).op !== "branch" ||
			terminator(side).op !== "jump" ||
			preds.get(side)!.length !== 1 ||
			preds.get(side)![0] !== from ||
			side === target ||
			from.unroll !== undefined ||
			side.unroll !== undefined
		)
			continue;
		const second = side.insts[side.insts.length - 2];
		if (second?.op !== "store" || second.attr!.volatile) continue;
		const place = alias.place({ address: second.args[0], size: second.attr!.size!, effective: second.attr!.effective });
		const isQuiet = (inst: Inst): boolean =>
			inst.op === "load"
				? !inst.attr!.volatile &&
					!alias.mayOverlap(place, alias.place({ address: inst.args[0], size: inst.attr!.size!, effective: inst.attr!.effective }))
				: inst.op === "phi" || row(inst.op).does === "pure";
		if (!side.insts.slice(0, -2).every(isQuiet)) continue;
		const first = from.insts
			.slice(0, -1)
			.reverse()
			.find((inst) => !isQuiet(inst));
		if (first?.op !== "store" || !sameKind(first, second) || !sameMade(first.args[0], second.args[0]) || first.attr!.volatile) continue;
		const values = [first.args[1], second.args[1]];
		const stored = newInst(fn, "store", null, [first.args[0], values[0]], second.attr, second.loc);
		const made: Inst[] = [stored];
		if (!sameValue(values[0], values[1])) {
			made.unshift(newInst(fn, "phi", values[0].ty, values, undefined, second.loc, [from, side]));
			stored.args[1] = made[0];
		}
		from.insts.splice(from.insts.indexOf(first), 1);
		side.insts.splice(side.insts.length - 2, 1);
		const phis = phisOf(target).length;
		target.insts.splice(phis, 0, ...made);
		changed = true;
	}
	return changed;
}

/** A block that jumps to where something is only returned returns it: what it does last may be what another one does that returns. */
function returnAtOnce(fn: IrFunction): boolean {
	let changed = false;
	const left = new Set(fn.blocks);
	for (const [block, before] of predecessors(fn)) {
		const ret = terminator(block);
		const phis = phisOf(block);
		if (ret.op !== "ret" || phis.length > 1 || block.insts.length > phis.length + 1) continue;
		for (const pred of before) {
			const end = terminator(pred);
			if (end.op !== "jump" || pred === block) continue;
			const value = ret.args.map((arg) => (arg === phis[0] ? phis[0].args[phis[0].blocks!.indexOf(pred)] : arg));
			pred.insts[pred.insts.length - 1] = newInst(fn, "ret", null, value, undefined, ret.loc);
			removePhiEdge(block, pred);
			changed = true;
		}
		if (block !== fn.blocks[0] && before.every((pred) => terminator(pred).op === "ret")) left.delete(block);
	}
	fn.blocks = fn.blocks.filter((block) => left.has(block));
	return changed;
}

/** Once over all blocks. What was moved on the way is seen by the next sweep: until then there are only too many uses known. */
function sweep(fn: IrFunction, context: OptContext, callsAlike = false): boolean {
	const preds = predecessors(fn);
	let known: Analyses | null = null;
	let changed = false;
	const returning = fn.blocks.filter((block) => terminator(block).op === "ret");
	for (const target of [...fn.blocks, null]) {
		const leaving =
			target === null
				? returning
				: preds.get(target)!.filter((pred) => pred.unroll === undefined && terminator(pred).op === "jump" && pred !== target);
		if (leaving.length < 2) continue;
		const left = new Set(leaving);
		const lasts = new Map<Block, readonly Last[]>();
		const lastsOf = (block: Block): readonly Last[] => {
			let list = lasts.get(block);
			if (list === undefined) lasts.set(block, (list = movable(block, target, (known ??= analysesOf(fn, context)))));
			return list;
		};
		const common = (first: Block): boolean => {
			for (const { inst: model, fed } of lastsOf(first)) {
				if (callsAlike && model.attr?.callee?.kind !== "function") return false;
				let differs: Difference = ALIKE;
				const members = new Map([[first, model]]);
				for (const other of left) {
					for (const { inst, fed: otherFed } of lastsOf(other)) {
						if (!sameKind(model, inst) || otherFed !== fed) continue;
						const both = difference(model, inst, differs);
						if (both === null || (callsAlike && (both.value ?? both.place) !== null)) continue;
						differs = both;
						members.set(other, inst);
						break;
					}
				}
				if (members.size < 2) continue;
				merge(fn, members, target, differs);
				return true;
			}
			return false;
		};
		for (const first of leaving) {
			if (!left.delete(first)) continue;
			if (!common(first)) continue;
			changed = true;
			break;
		}
	}
	return changed;
}

/** An instruction that may be moved to where its block leads, and the phi there that its value is for, or that it is returned; null: it has no value. */
interface Last {
	readonly inst: Inst;
	readonly fed: Inst | "result" | null;
}

/** What only brings a number to a phi of the target stays behind what stands before it: a field that is known on one way and read on another. */
const MOST_PASSED = 4;

/** What may be moved out of the block's end, the last first. */
function movable(block: Block, target: Block | null, known: Analyses): Last[] {
	const found: Last[] = [];
	const passed: Inst[] = [];
	for (let i = block.insts.length - 2; i >= 0 && passed.length <= MOST_PASSED; i--) {
		const inst = block.insts[i];
		// Addresses are made again where they are needed.
		if (inst.op === "ptradd" || inst.op === "global") continue;
		if (!mayMove(inst)) break;
		const fed = feeds(inst, block, target, known.users);
		if (fed === undefined) break;
		if (
			!COMPUTES.has(inst.op) &&
			passed.some((load) => load.op === "load" && (inst.op === "call" || known.alias.mayAlias(rangeOf(inst), rangeOf(load))))
		)
			break;
		found.push({ inst, fed });
		if (fed === null || inst.attr?.volatile) break;
		passed.push(inst);
	}
	return found;
}

const rangeOf = ({ args, attr }: Inst): Range => ({ address: args[0], size: attr!.size!, effective: attr!.effective });

/** Stores, calls, and what only computes the number that a phi of the target, or what was moved before, asks for. */
const mayMove = (inst: Inst): boolean =>
	inst.op === "store" || inst.op === "atomic" || COMPUTES.has(inst.op) || (inst.op === "call" && inst.attr!.callee!.kind !== "indirect");

/** The phi of the target that the value is for, or that it is what is returned; null when it is for nobody; undefined when it is for others, too. */
function feeds(
	inst: Inst,
	block: Block,
	target: Block | null,
	users: ReadonlyMap<Inst, readonly Inst[]>,
): Inst | "result" | null | undefined {
	const list = users.get(inst) ?? [];
	if (list.length === 0) return COMPUTES.has(inst.op) ? undefined : null;
	const [phi] = list;
	if (target === null) return list.length === 1 && phi === terminator(block) ? "result" : undefined;
	const isFed = list.length === 1 && phi.op === "phi" && target.insts.includes(phi) && phi.args[phi.blocks!.indexOf(block)] === inst;
	return isFed ? phi : undefined;
}

/** The operands in which what is to be one instruction differs: a number, or an address that nobody looks at, and the object of this object file's data that it is about. */
interface Difference {
	readonly value: number | null;
	readonly place: number | null;
}

const ALIKE: Difference = { value: null, place: null };

/** `before`, and what `b` adds to it; null: too much. */
function difference(a: Inst, b: Inst, before: Difference): Difference | null {
	let { value, place } = before;
	for (let i = 0; i < a.args.length; i++) {
		if (sameMade(a.args[i], b.args[i])) continue;
		const isAddress = a.args[i].ty === "ptr";
		if (isAddress && areInTwoObjects(a.args[i], b.args[i])) {
			if (place !== null && place !== i) return null;
			place = i;
		} else {
			if ((value !== null && value !== i) || (isAddress && !isProbed(a, i))) return null;
			value = i;
		}
	}
	return { value, place };
}

/** The same place in two objects. Of one object the address is in a register as likely as not, for other accesses. */
function areInTwoObjects(a: Value, b: Value): boolean {
	if (!isInData(a) || !isInData(b)) return false;
	const [one, other] = [baseOf(a), baseOf(b)];
	const [first, second] = [(one.base as Inst).attr!, (other.base as Inst).attr!];
	return first.global !== second.global && one.offset === other.offset && (first.offset ?? 0) === (second.offset ?? 0);
}

/** An address that a helper reads at and the verifier does not look at. */
function isProbed({ op, attr }: Inst, operand: number): boolean {
	const callee = op === "call" ? attr!.callee! : null;
	return callee?.kind === "helper" && (helperById(callee.id)?.params.split(",")[operand]?.endsWith("*unsafe_ptr") ?? false);
}

/** Target null: the members return. */
function merge(fn: IrFunction, moving: ReadonlyMap<Block, Inst>, target: Block | null, differs: Difference): void {
	const members = [...moving.keys()];
	const lasts = [...moving.values()];
	const [model] = lasts;
	const joined = newBlock(fn, `${target?.name ?? "return"}.common`);
	const join = (ty: Inst["ty"], values: readonly Value[], loc: Inst["loc"]): Value => {
		if (values.every((value) => sameValue(value, values[0]))) return values[0];
		const phi = newInst(fn, "phi", ty, [...values], undefined, loc, [...members]);
		joined.insts.unshift(phi);
		return phi;
	};
	/** Addresses are made again where the others' do not reach. */
	const remake = (value: Value, all: readonly Value[]): Value => {
		if (all.every((other) => sameValue(other, value)) || !isInst(value)) return value;
		const args = value.args.map((arg, i) =>
			remake(
				arg,
				all.map((other) => (other as Inst).args[i]),
			),
		);
		const made = newInst(fn, value.op, value.ty, args, value.attr, value.loc);
		joined.insts.push(made);
		return made;
	};
	/** The objects' addresses meet, so that all accesses to one of several objects ask for one of them. */
	const within = (all: readonly Value[], loc: Inst["loc"]): Value => {
		const places = all.map(baseOf);
		const base = join(
			"ptr",
			places.map((place) => place.base),
			loc,
		);
		const { offset } = places[0];
		if (offset === 0) return base;
		const made = newInst(fn, "ptradd", "ptr", [base, constant("i64", offset)], undefined, loc);
		joined.insts.push(made);
		return made;
	};
	const args = model.args.map((arg, i) => {
		const all = lasts.map((inst) => inst.args[i]);
		if (i === differs.place) return within(all, model.loc);
		return i === differs.value ? join(arg.ty, all, model.loc) : remake(arg, all);
	});
	const moved = newInst(fn, model.op, model.ty, args, model.attr, model.loc);
	joined.insts.push(moved);
	const ends = members.map(terminator);
	const results = ends[0].args.map((result, i) =>
		result === model
			? moved
			: join(
					result.ty,
					ends.map((end) => end.args[i]),
					ends[0].loc,
				),
	);
	for (const phi of target === null ? [] : phisOf(target)) {
		const brought = members.map((block) => phi.args[phi.blocks!.indexOf(block)]);
		const value = brought[0] === model ? moved : join(phi.ty, brought, phi.loc);
		const kept = phi.blocks!.map((block, i) => ({ block, value: phi.args[i] })).filter(({ block }) => !members.includes(block));
		phi.args = [...kept.map((edge) => edge.value), value];
		phi.blocks = [...kept.map((edge) => edge.block), joined];
	}
	joined.insts.push(
		target === null
			? newInst(fn, "ret", null, results, undefined, ends[0].loc)
			: newInst(fn, "jump", null, [], undefined, ends[0].loc, [target]),
	);
	for (const block of members) {
		const end = block.insts.pop()!;
		block.insts.splice(block.insts.indexOf(moving.get(block)!), 1);
		block.insts.push(newInst(fn, "jump", null, [], undefined, end.loc, [joined]));
	}
	fn.blocks.splice(target === null ? fn.blocks.length : fn.blocks.indexOf(target), 0, joined);
}
