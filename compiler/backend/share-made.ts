import { immediateDominators } from "../ir/cfg.ts";
import { copy, forDefs, isVirtual, type MBlock, type MFunction, type MInst, NONE, predecessors, type Reg, successors } from "./machine.ts";

/**
 * Constants and addresses that selection made anew wherever they are wanted are made once and kept, where that is shorter: an address is two
 * instructions or a double one, a copy of it is one. In comes code over virtual registers, before allocation; what is kept over calls needs one of
 * r6–r9, and when those are taken the allocator makes the value again (`spill.ts`), so that nothing is lost by trying.
 *
 * A value is kept from the first place that makes it to those that this place dominates. The kernel's verifier knows as much of a copy as of the
 * original.
 */
export function shareMade(fn: MFunction): void {
	if (fn.nextReg > MOST_REGISTERS) return;
	const groups = findGroups(fn);
	const renamed = new Map<Reg, Reg>();
	const before = new Map<MInst, MInst>();
	const dropped = new Set<MInst>();
	for (const { first, others } of groups) {
		const near = others.filter(({ isNear }) => isNear);
		const members = worth(first, others) ? others : worth(first, near) ? near : [];
		if (members.length === 0) continue;
		let kept = first.dst;
		if (!isVirtual(kept)) {
			kept = fn.nextReg++;
			before.set(first, { ...first, dst: kept });
			Object.assign(first, copy(first.dst, kept, first.loc));
		}
		for (const { inst } of members) {
			if (isVirtual(inst.dst)) {
				renamed.set(inst.dst, kept);
				dropped.add(inst);
			} else Object.assign(inst, copy(inst.dst, kept, inst.loc));
		}
	}
	if (before.size === 0 && renamed.size === 0 && dropped.size === 0) return;
	for (const block of fn.blocks) {
		block.insts = block.insts.flatMap((inst) => {
			if (dropped.has(inst)) return [];
			const made = before.get(inst);
			return made === undefined ? [inst] : [made, inst];
		});
		for (const inst of block.insts) rename(inst, renamed);
	}
}

/** Huge functions have no register to spare. */
const MOST_REGISTERS = 20_000;

interface Member {
	readonly inst: MInst;
	/** No call and no join in between: any register will do. */
	readonly isNear: boolean;
}

interface Group {
	readonly first: MInst;
	readonly others: Member[];
}

function rename(inst: MInst, renamed: ReadonlyMap<Reg, Reg>): void {
	const to = (reg: Reg): Reg => renamed.get(reg) ?? reg;
	inst.dst = to(inst.dst);
	inst.src = to(inst.src);
	if (inst.asm !== null) for (const operand of inst.asm.operands) operand.reg = to(operand.reg);
}

/** Slots of code saved by making the value once. */
function worth(first: MInst, others: readonly Member[]): boolean {
	const size = sizeOf(first);
	let saved = isVirtual(first.dst) ? 0 : -1;
	for (const { inst } of others) saved += isVirtual(inst.dst) ? size : size - 1;
	return saved > 0;
}

const sizeOf = (inst: MInst): number => (inst.kind === "alu" ? 1 : 2);

function findGroups(fn: MFunction): Group[] {
	const preds = predecessors(fn);
	const single = writtenOnce(fn);
	const keys = new Keys();
	const groups: Group[] = [];
	interface Known {
		readonly group: Group;
		/** Stretch of code without calls and joins. */
		readonly stretch: number;
	}
	let stretches = 0;
	const children = dominatorTree(fn, preds);
	const work: { block: MBlock; known: ReadonlyMap<string, Known>; stretch: number }[] = [
		{ block: fn.blocks[0], known: new Map(), stretch: stretches++ },
	];
	while (work.length > 0) {
		const top = work.pop()!;
		const known = new Map(top.known);
		let { stretch } = top;
		for (const inst of top.block.insts) {
			if (inst.kind === "call" || inst.kind === "asm" || inst.kind === "packet") stretch = stretches++;
			const key = keys.of(inst);
			if (key === null || (isVirtual(inst.dst) ? !single.has(inst.dst) : inst.kind === "alu")) continue;
			const found = known.get(key);
			if (found !== undefined) {
				found.group.others.push({ inst, isNear: found.stretch === stretch });
				continue;
			}
			const group: Group = { first: inst, others: [] };
			groups.push(group);
			known.set(key, { group, stretch });
		}
		for (const child of children.get(top.block) ?? []) {
			const from = preds.get(child)!;
			const goesOn = from.length === 1 && from[0] === top.block;
			work.push({ block: child, known, stretch: goesOn ? stretch : stretches++ });
		}
	}
	return groups;
}

/** What an instruction makes out of nothing, as text; null when it is no such instruction. */
class Keys {
	private readonly ids = new Map<object, number>();

	of(inst: MInst): string | null {
		if (inst.core !== null || inst.spillCode) return null;
		if (inst.kind === "alu" && inst.op === "mov" && inst.src === NONE) return `${inst.width === 64 ? inst.imm : inst.imm >>> 0}`;
		if (inst.kind === "wide")
			return typeof inst.wide === "bigint" ? `wide ${inst.wide}` : `symbol ${this.id(inst.wide!.symbol)} ${inst.wide!.addend}`;
		if (inst.kind === "address") return `slot ${this.id(inst.slot!)} ${inst.off}`;
		return null;
	}

	private id(object: object): number {
		let id = this.ids.get(object);
		if (id === undefined) this.ids.set(object, (id = this.ids.size));
		return id;
	}
}

function writtenOnce(fn: MFunction): Set<Reg> {
	const once = new Set<Reg>();
	const seen = new Set<Reg>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			forDefs(inst, (reg) => {
				if (seen.has(reg)) once.delete(reg);
				else once.add(reg);
				seen.add(reg);
			});
		}
	}
	return once;
}

/** What each block dominates at once. */
function dominatorTree(fn: MFunction, preds: ReadonlyMap<MBlock, readonly MBlock[]>): Map<MBlock, MBlock[]> {
	const order: MBlock[] = [];
	const seen = new Set<MBlock>([fn.blocks[0]]);
	const stack: { block: MBlock; next: number }[] = [{ block: fn.blocks[0], next: 0 }];
	while (stack.length > 0) {
		const top = stack[stack.length - 1];
		const targets = successors(top.block);
		if (top.next < targets.length) {
			const target = targets[top.next++];
			if (seen.has(target)) continue;
			seen.add(target);
			stack.push({ block: target, next: 0 });
		} else {
			order.push(top.block);
			stack.pop();
		}
	}
	order.reverse();
	const index = new Map(order.map((block, i) => [block, i]));
	const idom = immediateDominators(order.map((block) => preds.get(block)!.flatMap((pred) => index.get(pred) ?? [])));
	const children = new Map<MBlock, MBlock[]>();
	for (let i = 1; i < order.length; i++) {
		const parent = order[idom[i]];
		const list = children.get(parent);
		if (list === undefined) children.set(parent, [order[i]]);
		else list.push(order[i]);
	}
	return children;
}
