import type { Block, Const, Inst, IrFunction, IrModule, Ty, Value } from "../../compiler/ir/types.ts";
import { foldOp } from "../../compiler/ir/fold.ts";
import { constant, wrap } from "../../compiler/ir/values.ts";

/**
 * Runs IR directly, for tests that compare what a pass or the back end makes of a function with what the function says.
 * Memory is one byte array; addresses are indexes into it. Undefined values are 0.
 */
export interface EvalWorld {
	readonly memory: Uint8Array;
	/** Where allocas go: grows upwards. */
	stack: number;
	/** Address of each global, by name. */
	readonly globals: ReadonlyMap<string, number>;
	helper(id: number, args: readonly bigint[]): bigint;
	/** Instructions left before the run is given up. */
	fuel: number;
}

export class OutOfFuel extends Error {}

export function evalFunction(module: IrModule, fn: IrFunction, args: readonly bigint[], world: EvalWorld): bigint | null {
	return new Evaluation(module, world).run(fn, args);
}

/** One call of a function. */
class Evaluation {
	readonly #module: IrModule;
	readonly #world: EvalWorld;
	readonly #view: DataView;
	readonly #values = new Map<Inst, bigint>();

	constructor(module: IrModule, world: EvalWorld) {
		this.#module = module;
		this.#world = world;
		this.#view = new DataView(world.memory.buffer);
	}

	run(fn: IrFunction, args: readonly bigint[]): bigint | null {
		const savedStack = this.#world.stack;
		fn.params.forEach((param, i) => this.#values.set(param, wrap(param.ty!, args[i] ?? 0n)));
		let from = fn.blocks[0];
		for (let block = from; ; ) {
			const end = this.#block(block, from);
			if (end.op === "ret") {
				this.#world.stack = savedStack;
				return end.args.length === 0 ? null : this.#of(end.args[0]);
			}
			from = block;
			block = this.#next(end);
		}
	}

	/** Gives the instruction that ends it. */
	#block(block: Block, from: Block): Inst {
		const phis = block.insts.filter((inst) => inst.op === "phi");
		const taken = phis.map((phi) => this.#of(phi.args[phi.blocks!.indexOf(from)]));
		phis.forEach((phi, i) => this.#values.set(phi, taken[i]));
		for (const inst of block.insts) {
			if (inst.op === "phi") continue;
			if (this.#world.fuel-- <= 0) throw new OutOfFuel();
			if (inst.op === "jump" || inst.op === "branch" || inst.op === "switch" || inst.op === "ret") return inst;
			this.#step(inst);
		}
		return fail(`block ${block.name} does not end`);
	}

	#next(end: Inst): Block {
		if (end.op === "jump") return end.blocks![0];
		if (end.op === "branch") return end.blocks![this.#of(end.args[0]) !== 0n ? 0 : 1];
		return end.blocks![end.attr!.cases!.indexOf(this.#of(end.args[0])) + 1];
	}

	#step(inst: Inst): void {
		const { attr, args } = inst;
		const world = this.#world;
		const set = (value: bigint): unknown => this.#values.set(inst, value);
		switch (inst.op) {
			case "param":
			case "fence":
			case "lifetime":
				return;
			case "alloca":
				world.stack = Math.ceil(world.stack / attr!.align!) * attr!.align!;
				set(BigInt(world.stack));
				world.stack += attr!.size!;
				return;
			case "global": {
				const at = world.globals.get(attr!.global!.name) ?? fail(`no global ${attr!.global!.name}`);
				set(BigInt(at) + BigInt(attr!.offset ?? 0));
				return;
			}
			case "load":
			case "loadacq":
				set(this.#read(this.#address(args[0]), attr!.size!, attr!.signed === true, inst.ty!));
				return;
			case "store":
			case "storerel":
				return this.#write(this.#address(args[0]), attr!.size!, this.#of(args[1]));
			case "memset":
				world.memory.fill(Number(this.#of(args[1]) & 0xffn), this.#address(args[0]), this.#address(args[0]) + attr!.size!);
				return;
			case "memcpy":
			case "memmove":
				world.memory.copyWithin(this.#address(args[0]), this.#address(args[1]), this.#address(args[1]) + attr!.size!);
				return;
			case "atomic":
				return this.#atomic(inst);
			case "cmpxchg":
				return this.#compareExchange(inst);
			case "coreoffset":
				set(this.#of(args[0]) + attr!.core!.value);
				return;
			case "coreinfo":
				set(wrap(inst.ty!, attr!.core!.value));
				return;
			case "call": {
				const result = this.#call(inst);
				if (inst.ty !== null) set(wrap(inst.ty, result ?? 0n));
				return;
			}
			default: {
				const consts: Const[] = args.map((arg) => constant(arg.ty!, this.#of(arg)));
				set((foldOp(inst.op, inst.ty, consts, attr) ?? fail(`cannot evaluate ${inst.op}`)).value);
			}
		}
	}

	#atomic(inst: Inst): void {
		const at = this.#address(inst.args[0]);
		const size = inst.attr!.size!;
		const old = this.#read(at, size, false, "i64");
		const operand = this.#of(inst.args[1]);
		const made = { add: old + operand, sub: old - operand, and: old & operand, or: old | operand, xor: old ^ operand, xchg: operand };
		this.#write(at, size, made[inst.attr!.rmw!]);
		if (inst.ty !== null) this.#values.set(inst, wrap(inst.ty, old));
	}

	#compareExchange(inst: Inst): void {
		const at = this.#address(inst.args[0]);
		const size = inst.attr!.size!;
		const old = BigInt.asUintN(size * 8, this.#read(at, size, false, "i64"));
		if (BigInt.asUintN(size * 8, this.#of(inst.args[1])) === old) this.#write(at, size, this.#of(inst.args[2]));
		this.#values.set(inst, wrap(inst.ty!, old));
	}

	#call(inst: Inst): bigint | null {
		const callee = inst.attr!.callee!;
		const passed = inst.args.map((arg) => this.#of(arg));
		if (callee.kind === "helper") return this.#world.helper(callee.id, passed);
		if (callee.kind !== "function") return fail("indirect call");
		const target = this.#module.functions.find((other) => other.name === callee.symbol.name);
		return evalFunction(this.#module, target ?? fail(`no function ${callee.symbol.name}`), passed, this.#world);
	}

	#of(value: Value): bigint {
		if (value.op === "const") return value.value;
		return value.op === "undef" ? 0n : (this.#values.get(value) ?? fail(`%${value.id} has no value`));
	}

	#address(value: Value): number {
		const at = Number(this.#of(value));
		if (at < 8 || at > this.#world.memory.length - 8) fail(`address ${at} is outside of memory`);
		return at;
	}

	#read(at: number, size: number, signed: boolean, ty: Ty): bigint {
		let value = 0n;
		for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#view.getUint8(at + i));
		return wrap(ty, signed ? BigInt.asIntN(size * 8, value) : value);
	}

	#write(at: number, size: number, value: bigint): void {
		for (let i = 0; i < size; i++) this.#view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
	}
}

function fail(what: string): never {
	throw new Error(`IR evaluation: ${what}`);
}
