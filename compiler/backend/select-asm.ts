import { foldOp } from "../ir/fold.ts";
import type { Const, Inst, Value } from "../ir/types.ts";
import { constant, isConst, isInst } from "../ir/values.ts";
import { type AsmOperand, copy, minst, NONE, type Reg, type SymbolRef } from "./machine.ts";
import { address } from "./select-memory.ts";
import type { Selector } from "./selector.ts";

/**
 * Inline assembly: each operand becomes a register, an immediate, a symbol or memory, as its constraint allows.
 *
 * | constraint | operand |
 * |---|---|
 * | r w p | a register; a constant goes into one (p: an address) |
 * | i n I | a constant; with `i` also a symbol |
 * | ri, g | a constant if it is one, else a register |
 * | m | memory |
 * | 0–9 | the register of that output |
 */
export function selectAsm(s: Selector, inst: Inst): void {
	const { loc } = inst;
	const flavor = inst.attr!.asm!;
	const clobbers = registersNamed(flavor.clobbers);
	if (clobbers.length > 0) s.flush();
	const operands: AsmOperand[] = [];
	const after: { to: Inst; from: Reg }[] = [];
	const results: Inst[] = [inst, ...s.asmOuts(inst)];
	let arg = 0;
	let nthResult = 0;

	for (const output of flavor.outputs) {
		const base = { name: output.name, imm: null, symbol: null, matches: null } as const;
		if (output.memory) {
			const { base: reg, off, slot } = address(s, inst.args[arg++]);
			operands.push({ ...base, role: "in", reg, narrow: false, memory: { slot, off } });
			continue;
		}
		const index = nthResult++;
		const value = index === 0 ? inst : results.find((result) => result.op === "asmout" && result.attr!.index === index);
		const fixed = output.register === undefined ? NONE : registerNumber(output.register);
		const reg = fixed !== NONE ? fixed : value !== undefined ? s.result(value) : s.fresh();
		if (fixed !== NONE && value !== undefined && s.isWanted(value)) after.push({ to: value, from: fixed });
		if (output.inout) moveIn(s, reg, inst.args[arg++], inst);
		operands.push({
			...base,
			role: output.inout ? "inout" : output.earlyClobber ? "early" : "out",
			reg,
			narrow: output.constraint.includes("w") && s.cpu.alu32,
			memory: null,
		});
	}
	for (const input of flavor.inputs) {
		const value = inst.args[arg++];
		const base = {
			name: input.name,
			role: "in",
			narrow: input.constraint.includes("w") && s.cpu.alu32,
			matches: null,
		} as const;
		if (input.matches !== undefined) {
			const output = operands[input.matches];
			if (output !== undefined && output.role !== "in") {
				moveIn(s, output.reg, value, inst);
				output.role = "inout";
			}
			operands.push({ ...base, reg: NONE, imm: null, symbol: null, memory: null, matches: input.matches });
			continue;
		}
		if (input.memory) {
			const { base: reg, off, slot } = address(s, value);
			operands.push({ ...base, reg, imm: null, symbol: null, memory: { slot, off } });
			continue;
		}
		const fixed = input.register === undefined ? NONE : registerNumber(input.register);
		const constant = fixed === NONE && /[inIg]/.test(input.constraint) ? constantOf(s, value) : null;
		if (constant !== null) {
			operands.push({ ...base, reg: NONE, memory: null, ...constant });
			continue;
		}
		if (!/[rwgp]/.test(input.constraint)) s.error("E0706", `constraint "${input.constraint}" of inline assembly needs a constant`, loc);
		if (fixed !== NONE) s.moveTo(fixed, value, loc);
		const reg = fixed !== NONE ? fixed : value.ty === "i32" && !base.narrow ? s.clean(value, loc) : s.reg(value);
		operands.push({ ...base, reg, imm: null, symbol: null, memory: null });
	}
	// Only after all operands are made may a fixed register be filled: making one could use it.
	const blocks = inst.op === "asmgoto" ? inst.blocks!.map((target) => s.edge(target, loc)) : [];
	s.emit(minst("asm", loc, { asm: { flavor, operands, clobbers }, blocks }));
	if (blocks.length === 0) for (const { to, from } of after) s.emit(copy(s.result(to), from, loc));
}

function moveIn(s: Selector, to: Reg, value: Value, inst: Inst): void {
	if (value.ty === "i32" && !isConst(s.strip(value)) && s.widths.bits(value) > 32) s.emit(copy(to, s.clean(value, inst.loc), inst.loc));
	else s.moveTo(to, value, inst.loc);
}

function constantOf(s: Selector, value: Value): { imm: bigint | null; symbol: SymbolRef | null } | null {
	const known = fold(s, value);
	if (known !== null) return { imm: known, symbol: null };
	let from = s.strip(value);
	let addend = 0;
	while (isInst(from) && from.op === "ptradd") {
		const step = s.imm(from.args[1]);
		if (step === null) return null;
		addend += step;
		from = s.strip(from.args[0]);
	}
	if (isInst(from) && from.op === "global")
		return { imm: null, symbol: { symbol: from.attr!.global!, addend: addend + (from.attr!.offset ?? 0) } };
	return null;
}

/** What a constant expression gives, with field offsets as compiled: an immediate of assembly cannot be relocated. */
function fold(s: Selector, value: Value): bigint | null {
	const from = s.strip(value);
	if (isConst(from)) return from.value;
	if (!isInst(from) || from.ty === null) return null;
	if (from.op === "coreinfo") return from.attr!.core!.value;
	const args: Const[] = [];
	for (const arg of from.args) {
		const known = fold(s, arg);
		if (known === null || arg.ty === null) return null;
		args.push(constant(arg.ty, known));
	}
	if (from.op === "coreoffset") return args[0].value + from.attr!.core!.value;
	return foldOp(from.op, from.ty, args, from.attr)?.value ?? null;
}

function registerNumber(name: string): Reg {
	const match = /^%?[rw](\d+)$/.exec(name);
	return match !== null && Number(match[1]) <= 10 ? Number(match[1]) : NONE;
}

const registersNamed = (names: readonly string[]): Reg[] => [
	...new Set(names.map(registerNumber).filter((reg) => reg !== NONE && reg !== 10)),
];
