import {
	ALU_OPS,
	type AluOp,
	ATOMIC_OPS,
	type AtomicOp,
	CALL_CODE,
	CALL_SOURCES,
	CLASS,
	END_CODE,
	EXIT_CODE,
	JA_CODE,
	JMP_OPS,
	type JmpOp,
	ldImm64,
	LOAD_ACQUIRE,
	MODE,
	SIZE,
	SOURCE_REG,
	STORE_RELEASE,
} from "../../assembler/spec/isa.ts";
import { R_BPF_64_32, R_BPF_64_64 } from "../../assembler/spec/elf.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { parseInsns } from "../../assembler/text/parse.ts";
import { bug, type DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { IrCore, Loc } from "../ir/types.ts";
import type { Cpu } from "./cpu.ts";
import { expandTemplate, gotoLabel } from "./inline-asm.ts";
import { FRAME, JUMP_REACH, type MBlock, type MFunction, type MInst, NONE, type SymbolRef } from "./machine.ts";

/**
 * Machine instructions with registers to instruction slots: what is left symbolic are addresses (`relocs`), which the object
 * file names, and CO-RE ids. Jumps get their distances here; those beyond 16 bits become `gotol` (v4) or an error.
 */
export interface Code {
	readonly insns: Insn[];
	/** By slot; a place only where it changes. */
	readonly locs: { readonly slot: number; readonly loc: Loc | null }[];
	readonly relocs: {
		readonly slot: number;
		readonly type: number;
		readonly target: SymbolRef | { readonly name: string; readonly addend: number };
	}[];
	readonly cores: { readonly slot: number; readonly core: IrCore }[];
	/** Slots that jumps go to, for labels in assembly text. */
	readonly labels: ReadonlySet<number>;
}

export interface EncodeContext {
	readonly cpu: Cpu;
	readonly diagnostics: DiagnosticSink;
	readonly nameOf: (symbol: SymbolRef) => string;
	/** Counts asm statements of the unit, for `%=`. */
	readonly unique: { next: number };
}

interface Item {
	readonly insns: Insn[];
	readonly inst: MInst | null;
	/** Jumps within: slot of the item → block, in `off` or `imm`. */
	readonly jumps: { readonly slot: number; readonly to: MBlock; readonly wide: boolean }[];
	readonly relocs: {
		readonly slot: number;
		readonly type: number;
		readonly target: Code["relocs"][number]["target"];
	}[];
}

const LITTLE = { 1: SIZE.b, 2: SIZE.h, 4: SIZE.w, 8: SIZE.dw } as const;

export function encodeFunction(fn: MFunction, context: EncodeContext): Code {
	/** Blocks whose last jump needs the long form. */
	const far = new Set<MInst>();
	for (;;) {
		const items: Item[] = [];
		const starts = new Map<MBlock, number>();
		let slot = 0;
		fn.blocks.forEach((block, i) => {
			starts.set(block, slot);
			for (const inst of block.insts) {
				const item = encodeInst(inst, fn.blocks[i + 1] ?? null, context, far.has(inst));
				items.push(item);
				slot += item.insns.length;
			}
		});
		const code = link(items, starts, far, context);
		if (code !== null) return code;
	}
}

/** null: some jumps turned out to be too long, which are in `far` now. */
function link(items: readonly Item[], starts: ReadonlyMap<MBlock, number>, far: Set<MInst>, context: EncodeContext): Code | null {
	const insns: Insn[] = [];
	const locs: Code["locs"][number][] = [];
	const relocs: Code["relocs"][number][] = [];
	const cores: Code["cores"][number][] = [];
	const labels = new Set<number>();
	const known = far.size;
	for (const item of items) {
		const base = insns.length;
		const out = item.insns.slice();
		if (item.inst !== null && out.length > 0) locs.push({ slot: base, loc: item.inst.loc });
		for (const { slot, to, wide } of item.jumps) {
			const target = starts.get(to) ?? bug("a jump goes to a block that is not there");
			labels.add(target);
			const distance = target - (base + slot + 1);
			if (wide) out[slot] = { ...out[slot], imm: distance };
			else {
				if (distance < -JUMP_REACH - 1 || distance > JUMP_REACH) {
					if (!context.cpu.gotol || item.inst!.kind === "asm" || far.has(item.inst!)) {
						context.diagnostics.report({
							code: "E0708",
							severity: "error",
							message: `branch target out of range (${JUMP_REACH} instructions; -mcpu=v4 has longer jumps)`,
							span: item.inst!.loc,
						});
						return { insns: [], locs: [], relocs: [], cores: [], labels };
					}
					far.add(item.inst!);
				}
				out[slot] = { ...out[slot], off: distance };
			}
		}
		for (const { slot, type, target } of item.relocs) relocs.push({ slot: base + slot, type, target });
		if (item.inst?.core) cores.push({ slot: base, core: item.inst.core });
		for (const insn of out) insns.push(insn);
	}
	return far.size > known ? null : { insns, locs, relocs, cores, labels };
}

const insn = (opcode: number, dst: number, src: number, off: number, imm: number): Insn => ({
	opcode,
	dst,
	src,
	off,
	imm,
});
const reg = (r: number): number => (r === NONE ? 0 : r);
const ja = (): Insn => insn(CLASS.jmp | JA_CODE, 0, 0, 0, 0);
const gotol = (): Insn => insn(CLASS.jmp32 | JA_CODE, 0, 0, 0, 0);

const itemOf = (inst: MInst, insns: Insn[], rest: Partial<Item> = {}): Item => ({ insns, inst, jumps: [], relocs: [], ...rest });

function encodeJump(inst: MInst, next: MBlock | null, isFar: boolean): Item {
	const row = JMP_OPS[inst.op as JmpOp];
	const cls = inst.width === 64 ? CLASS.jmp : CLASS.jmp32;
	const test = insn(cls | row.code | (inst.src === NONE ? 0 : SOURCE_REG), inst.dst, reg(inst.src), 0, inst.imm);
	const [yes, no] = inst.blocks;
	if (isFar) {
		// if (c) goto +1; gotol no; gotol yes — the test skips the first long jump.
		return itemOf(inst, [{ ...test, off: 1 }, gotol(), gotol()], {
			jumps: [
				{ slot: 1, to: no, wide: true },
				{ slot: 2, to: yes, wide: true },
			],
		});
	}
	if (no === next) return itemOf(inst, [test], { jumps: [{ slot: 0, to: yes, wide: false }] });
	return itemOf(inst, [test, ja()], {
		jumps: [
			{ slot: 0, to: yes, wide: false },
			{ slot: 1, to: no, wide: false },
		],
	});
}

function encodeInst(inst: MInst, next: MBlock | null, context: EncodeContext, isFar: boolean): Item {
	const item = (insns: Insn[], rest?: Partial<Item>): Item => itemOf(inst, insns, rest);
	const off = inst.off + (inst.slot?.offset ?? 0);
	switch (inst.kind) {
		case "alu": {
			const row = ALU_OPS[inst.op as AluOp];
			const cls = inst.width === 64 ? CLASS.alu64 : CLASS.alu;
			const source = inst.src === NONE ? 0 : SOURCE_REG;
			return item([insn(cls | row.code | source, inst.dst, reg(inst.src), row.off, inst.imm)]);
		}
		case "movsx":
			return item([insn((inst.width === 64 ? CLASS.alu64 : CLASS.alu) | ALU_OPS.mov.code | SOURCE_REG, inst.dst, inst.src, inst.bits, 0)]);
		case "swap":
			return item([
				insn((inst.op === "bswap" ? CLASS.alu64 : CLASS.alu) | END_CODE | (inst.op === "be" ? SOURCE_REG : 0), inst.dst, 0, 0, inst.bits),
			]);
		case "cast":
			return item([insn(CLASS.alu64 | ALU_OPS.mov.code | SOURCE_REG, inst.dst, inst.src, 1, inst.imm)]);
		case "load":
			return item([insn(CLASS.ldx | (inst.signed ? MODE.memsx : MODE.mem) | LITTLE[inst.bytes], inst.dst, inst.src, off, 0)]);
		case "store":
			return inst.src === NONE
				? item([insn(CLASS.st | MODE.mem | LITTLE[inst.bytes], inst.dst, 0, off, inst.imm)])
				: item([insn(CLASS.stx | MODE.mem | LITTLE[inst.bytes], inst.dst, inst.src, off, 0)]);
		case "atomic":
			return item([insn(CLASS.stx | MODE.atomic | LITTLE[inst.bytes], inst.dst, inst.src, off, ATOMIC_OPS[inst.op as AtomicOp].imm)]);
		case "load_acquire":
			return item([insn(CLASS.stx | MODE.atomic | LITTLE[inst.bytes], inst.dst, inst.src, off, LOAD_ACQUIRE)]);
		case "store_release":
			return item([insn(CLASS.stx | MODE.atomic | LITTLE[inst.bytes], inst.dst, inst.src, off, STORE_RELEASE)]);
		case "wide": {
			const value = inst.wide!;
			if (typeof value === "bigint")
				return item(ldImm64(inst.dst, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))));
			return item(ldImm64(inst.dst, 0, 0, 0), { relocs: [{ slot: 0, type: R_BPF_64_64, target: value }] });
		}
		case "address":
			return item([
				insn(CLASS.alu64 | ALU_OPS.mov.code | SOURCE_REG, inst.dst, FRAME, 0, 0),
				...(off === 0 ? [] : [insn(CLASS.alu64 | ALU_OPS.add.code, inst.dst, 0, 0, off)]),
			]);
		case "packet": {
			const mode = inst.src === NONE ? MODE.abs : MODE.ind;
			return item([insn(CLASS.ld | mode | LITTLE[inst.bytes], 0, reg(inst.src), 0, inst.imm)]);
		}
		case "call": {
			const callee = inst.callee!;
			if (callee.kind === "helper") return item([insn(CLASS.jmp | CALL_CODE, 0, CALL_SOURCES.helper, 0, callee.id)]);
			// The object file decides whether the distance is known or a relocation's business.
			return item([insn(CLASS.jmp | CALL_CODE, 0, CALL_SOURCES.local, 0, -1)], {
				relocs: [{ slot: 0, type: R_BPF_64_32, target: { symbol: callee.symbol, addend: 0 } }],
			});
		}
		case "jump":
			return encodeJump(inst, next, isFar);
		case "goto":
			if (inst.blocks[0] === next) return item([]);
			return item([isFar ? gotol() : ja()], { jumps: [{ slot: 0, to: inst.blocks[0], wide: isFar }] });
		case "exit":
			return item([insn(CLASS.jmp | EXIT_CODE, 0, 0, 0, 0)]);
		case "stop":
			return item([]);
		case "asm":
			return encodeAsm(inst, next, context);
		default:
			return inst.kind satisfies never;
	}
}

function encodeAsm(inst: MInst, next: MBlock | null, context: EncodeContext): Item {
	const fail = (message: string): void => context.diagnostics.report({ code: "E0709", severity: "error", message, span: inst.loc });
	const { text, error } = expandTemplate(inst, context.nameOf, context.unique.next++);
	const targets = inst.blocks.slice(1);
	const parsed = parseInsns(text, { labels: new Set(targets.map((_, i) => gotoLabel(i))) });
	// What a wrong operand leaves in the text is no instruction either.
	if (error !== null) fail(error);
	for (const fault of error === null ? parsed.errors.slice(0, 1) : [])
		fail(`inline assembly: ${fault.message}, in "${text.split("\n")[fault.line - 1]?.trim() ?? ""}"`);
	const jumps: Item["jumps"][number][] = [];
	const relocs: Item["relocs"][number][] = [];
	for (const ref of parsed.refs) {
		const target = targets.findIndex((_, i) => gotoLabel(i) === ref.symbol);
		if (target >= 0) jumps.push({ slot: ref.slot, to: targets[target], wide: ref.kind === "imm_jump" });
		else if (ref.kind === "imm64") relocs.push({ slot: ref.slot, type: R_BPF_64_64, target: { name: ref.symbol, addend: ref.addend } });
		else if (ref.kind === "call") relocs.push({ slot: ref.slot, type: R_BPF_64_32, target: { name: ref.symbol, addend: 0 } });
		else fail(`inline assembly: symbol "${ref.symbol}" cannot be a 32-bit constant`);
	}
	const insns = parsed.insns.slice();
	const through = inst.blocks[0];
	if (through !== undefined && through !== next) {
		jumps.push({ slot: insns.length, to: through, wide: false });
		insns.push(ja());
	}
	return { insns, inst, jumps, relocs };
}
