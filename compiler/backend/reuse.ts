import {
	copy,
	forDefs,
	type FrameSlot,
	isCopy,
	type MBlock,
	type MFunction,
	type MInst,
	NONE,
	predecessors,
	type Reg,
	successors,
} from "./machine.ts";
import { SPILL } from "./stack.ts";

/**
 * After registers are given: what a register is about to receive may be in it already, or in another one.
 *
 * Local value numbering (Cocke and Schwartz, 1970) over machine registers and spill slots: each holds a number, constants and
 * addresses have one each. A block with one predecessor goes on with what that knew, and with what the jump between them says
 * (`if r1 == 6` makes r1 the constant 6 on one side).
 */
export function reuseValues(fn: MFunction): void {
	const numbers = new Numbers();
	const preds = predecessors(fn);
	const done = new Map<MBlock, State>();
	const visit = (first: MBlock): void => {
		const work: MBlock[] = [first];
		while (work.length > 0) {
			const block = work.pop()!;
			const from = preds.get(block)!;
			const before = from.length === 1 && from[0] !== block ? done.get(from[0]) : undefined;
			const state = before === undefined ? new State() : before.copy();
			if (before !== undefined) learn(from[0], block, state, numbers);
			block.insts = block.insts.flatMap((inst) => step(inst, state, numbers));
			done.set(block, state);
			for (const next of new Set(successors(block))) if (preds.get(next)!.length === 1 && !done.has(next)) work.push(next);
		}
	};
	// Heads of extended blocks first; what they own follows from them.
	fn.blocks.forEach((block, i) => {
		if (i === 0 || preds.get(block)!.length !== 1) visit(block);
	});
}

class Numbers {
	private readonly keys = new Map<string, number>();
	private readonly ids = new Map<object, number>();
	private next = 0;

	fresh(): number {
		return this.next++;
	}

	of(key: string): number {
		let number = this.keys.get(key);
		if (number === undefined) this.keys.set(key, (number = this.next++));
		return number;
	}

	id(object: object): number {
		let id = this.ids.get(object);
		if (id === undefined) this.ids.set(object, (id = this.ids.size));
		return id;
	}

	constant(value: bigint): number {
		return this.of(`const ${value}`);
	}

	/** What an instruction makes out of nothing. */
	made(inst: MInst): number | null {
		if (inst.core !== null) return null;
		if (inst.kind === "alu" && inst.op === "mov" && inst.src === NONE)
			return this.constant(inst.width === 64 ? BigInt(inst.imm) : BigInt(inst.imm >>> 0));
		if (inst.kind === "wide")
			return typeof inst.wide === "bigint"
				? this.constant(inst.wide)
				: this.of(`symbol ${this.id(inst.wide!.symbol)} ${inst.wide!.addend}`);
		if (inst.kind === "address") return this.of(`slot ${this.id(inst.slot!)} ${inst.off}`);
		return null;
	}
}

class State {
	readonly registers: (number | undefined)[];
	readonly slots: Map<FrameSlot, number>;

	constructor(registers: (number | undefined)[] = [], slots = new Map<FrameSlot, number>()) {
		this.registers = registers;
		this.slots = slots;
	}

	copy(): State {
		return new State(this.registers.slice(), new Map(this.slots));
	}

	/** A register with the value. */
	holder(number: number): Reg {
		return this.registers.indexOf(number);
	}
}

/** What the way from one block to the next says of a register. */
function learn(from: MBlock, to: MBlock, state: State, numbers: Numbers): void {
	const jump = from.insts[from.insts.length - 1];
	// Equal to 0 may be a pointer, which to the kernel's verifier is not the number 0 if it thinks that the pointer cannot be null.
	if (jump.kind !== "jump" || jump.imm === 0 || jump.width !== 64 || jump.src !== NONE || jump.blocks[0] === jump.blocks[1]) return;
	const equal = jump.op === "jeq" ? jump.blocks[0] : jump.op === "jne" ? jump.blocks[1] : null;
	if (equal === to) state.registers[jump.dst] = numbers.constant(BigInt(jump.imm));
}

function step(inst: MInst, state: State, numbers: Numbers): MInst[] {
	const { registers, slots } = state;
	if (isCopy(inst)) {
		const value = (registers[inst.src] ??= numbers.fresh());
		if (registers[inst.dst] === value) return [];
		registers[inst.dst] = value;
		return [inst];
	}
	const spill = inst.slot !== null && inst.slot.variable === SPILL ? inst.slot : null;
	if (spill !== null && inst.kind === "store") {
		const value = (registers[inst.src] ??= numbers.fresh());
		if (slots.get(spill) === value) return [];
		slots.set(spill, value);
		return [inst];
	}
	const loaded = spill !== null && inst.kind === "load";
	let value = loaded ? slots.get(spill) : numbers.made(inst);
	if (loaded && value === undefined) {
		value = numbers.fresh();
		slots.set(spill, value);
	}
	if (value !== null && value !== undefined) {
		if (registers[inst.dst] === value) return [];
		const holder = state.holder(value);
		registers[inst.dst] = value;
		// One slot of code is as good as another; two are worse.
		if (holder >= 0 && (loaded || inst.kind !== "alu")) return [copy(inst.dst, holder, inst.loc)];
		return [inst];
	}
	forDefs(inst, (reg) => {
		registers[reg] = numbers.fresh();
	});
	return [inst];
}
