import type { Const, Inst, IrFunction, IrModule, Ty, Value } from "../../compiler/ir/types.ts";
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

export function evalFunction(
	module: IrModule,
	fn: IrFunction,
	args: readonly bigint[],
	world: EvalWorld,
): bigint | null {
	const values = new Map<Inst, bigint>();
	const view = new DataView(world.memory.buffer);
	const savedStack = world.stack;
	const of = (value: Value): bigint =>
		value.op === "const"
			? value.value
			: value.op === "undef"
				? 0n
				: (values.get(value) ?? fail(`%${value.id} has no value`));
	const address = (value: Value): number => {
		const at = Number(of(value));
		if (at < 8 || at > world.memory.length - 8) fail(`address ${at} is outside of memory`);
		return at;
	};
	const read = (at: number, size: number, signed: boolean, ty: Ty): bigint => {
		let value = 0n;
		for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
		return wrap(ty, signed ? BigInt.asIntN(size * 8, value) : value);
	};
	const write = (at: number, size: number, value: bigint): void => {
		for (let i = 0; i < size; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
	};
	fn.params.forEach((param, i) => values.set(param, wrap(param.ty!, args[i] ?? 0n)));

	let block = fn.blocks[0];
	let from = block;
	for (;;) {
		const phis = block.insts.filter((inst) => inst.op === "phi");
		const taken = phis.map((phi) => of(phi.args[phi.blocks!.indexOf(from)]));
		phis.forEach((phi, i) => values.set(phi, taken[i]));
		let next = null;
		for (const inst of block.insts) {
			if (inst.op === "phi") continue;
			if (world.fuel-- <= 0) throw new OutOfFuel();
			const attr = inst.attr;
			switch (inst.op) {
				case "param":
				case "fence":
				case "lifetime":
					break;
				case "alloca":
					world.stack = Math.ceil(world.stack / attr!.align!) * attr!.align!;
					values.set(inst, BigInt(world.stack));
					world.stack += attr!.size!;
					break;
				case "global":
					values.set(
						inst,
						BigInt(world.globals.get(attr!.global!.name) ?? fail(`no global ${attr!.global!.name}`)) +
							BigInt(attr!.offset ?? 0),
					);
					break;
				case "load":
				case "loadacq":
					values.set(inst, read(address(inst.args[0]), attr!.size!, attr!.signed === true, inst.ty!));
					break;
				case "store":
				case "storerel":
					write(address(inst.args[0]), attr!.size!, of(inst.args[1]));
					break;
				case "memset":
					world.memory.fill(
						Number(of(inst.args[1]) & 0xffn),
						address(inst.args[0]),
						address(inst.args[0]) + attr!.size!,
					);
					break;
				case "memcpy":
				case "memmove":
					world.memory.copyWithin(address(inst.args[0]), address(inst.args[1]), address(inst.args[1]) + attr!.size!);
					break;
				case "atomic": {
					const at = address(inst.args[0]);
					const size = attr!.size!;
					const old = read(at, size, false, "i64");
					const operand = of(inst.args[1]);
					const made = {
						add: old + operand,
						sub: old - operand,
						and: old & operand,
						or: old | operand,
						xor: old ^ operand,
						xchg: operand,
					}[attr!.rmw!];
					write(at, size, made);
					if (inst.ty !== null) values.set(inst, wrap(inst.ty, old));
					break;
				}
				case "cmpxchg": {
					const at = address(inst.args[0]);
					const size = attr!.size!;
					const old = BigInt.asUintN(size * 8, read(at, size, false, "i64"));
					if (BigInt.asUintN(size * 8, of(inst.args[1])) === old) write(at, size, of(inst.args[2]));
					values.set(inst, wrap(inst.ty!, old));
					break;
				}
				case "coreoffset":
					values.set(inst, of(inst.args[0]) + attr!.core!.value);
					break;
				case "coreinfo":
					values.set(inst, wrap(inst.ty!, attr!.core!.value));
					break;
				case "call": {
					const callee = attr!.callee!;
					const passed = inst.args.map(of);
					let result: bigint | null;
					if (callee.kind === "helper") result = world.helper(callee.id, passed);
					else if (callee.kind === "function") {
						const target = module.functions.find((other) => other.name === callee.symbol.name);
						result = evalFunction(module, target ?? fail(`no function ${callee.symbol.name}`), passed, world);
					} else fail("indirect call");
					if (inst.ty !== null) values.set(inst, wrap(inst.ty, result ?? 0n));
					break;
				}
				case "jump":
					next = inst.blocks![0];
					break;
				case "branch":
					next = of(inst.args[0]) !== 0n ? inst.blocks![0] : inst.blocks![1];
					break;
				case "switch": {
					const at = attr!.cases!.indexOf(of(inst.args[0]));
					next = inst.blocks![at + 1];
					break;
				}
				case "ret":
					world.stack = savedStack;
					return inst.args.length === 0 ? null : of(inst.args[0]);
				default: {
					const consts: Const[] = inst.args.map((arg) => constant(arg.ty!, of(arg)));
					values.set(inst, (foldOp(inst.op, inst.ty, consts, attr) ?? fail(`cannot evaluate ${inst.op}`)).value);
				}
			}
		}
		from = block;
		block = next ?? fail(`block ${block.name} does not end`);
	}
}

function fail(what: string): never {
	throw new Error(`IR evaluation: ${what}`);
}
