import type { Inst, IrGlobal } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { SlotUse } from "../analysis/slots.ts";
import type { Analyses } from "../analysis/analyses.ts";
import { unnamedObject } from "../../ir/unnamed.ts";
import { isConst, newInst, replaceAll } from "../../ir/values.ts";
import { UCHAR } from "../../types/basic.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { addUnchanging } from "../analysis/constant-objects.ts";

/**
 * A local array or record that only its initialiser writes, with constants, is an object of .rodata: it takes none of the 512 bytes of stack,
 * nothing is stored, and what is read at a known place is a number. As clang does, up to 64 bytes stay on the stack, where a program needs no
 * map for them.
 */
export const constSlots: Pass = {
	name: "const-slots",
	run(fn, context) {
		if (!fn.blocks.some((block) => block.insts.some(isLarge))) return false;
		const known = analysesOf(fn, context);
		const made = new Map<Inst, Inst>();
		const gone = new Set<Inst>();
		for (const use of known.slots) {
			if (!isLarge(use.alloca)) continue;
			const writes = initialiser(use, known);
			if (writes === null) continue;
			const global = addUnchanging(context, objectOf(use.alloca, bytesOf(use, writes), context.module.globals));
			made.set(use.alloca, newInst(fn, "global", "ptr", [], { global }, use.alloca.loc));
			for (const inst of writes) gone.add(inst);
			for (const { inst } of use.accesses) if (inst.op === "lifetime") gone.add(inst);
		}
		if (made.size === 0) return false;
		for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !gone.has(inst)).map((inst) => made.get(inst) ?? inst);
		replaceAll(fn, made);
		return true;
	},
};

const SMALL = 64;

const isLarge = (inst: Inst): boolean => inst.op === "alloca" && inst.attr!.size! > SMALL;

/** The slot's writes, in their order, when all are of constants and stand in one block, before everything that reads; else null. */
function initialiser(use: SlotUse, { home, dominators }: Analyses): Set<Inst> | null {
	if (use.leaks) return null;
	const writes = new Set<Inst>();
	const reads: Inst[] = [...use.indexed];
	for (const { inst, operand } of use.accesses) {
		if (inst.op === "lifetime") continue;
		if (inst.op === "load" || inst.op === "memcmp" || (operand === 1 && inst.op !== "store")) reads.push(inst);
		else if (isConst(inst.args[1]) && (inst.op === "store" || inst.op === "memset")) writes.add(inst);
		else return null;
	}
	if ([...writes, ...reads].some((inst) => inst.attr?.volatile) || use.indexed.some((inst) => inst.op !== "load")) return null;
	const blocks = new Set([...writes].map((inst) => home.get(inst)!));
	if (blocks.size !== 1) return null;
	const [block] = blocks;
	const readers = new Set(reads);
	let left = writes.size;
	const ordered = new Set<Inst>();
	for (const inst of block.insts) {
		if (writes.has(inst)) {
			ordered.add(inst);
			left--;
		} else if (left > 0 && readers.has(inst)) return null;
	}
	return reads.every((inst) => !dominators.idom.has(home.get(inst)!) || dominators.dominates(block, home.get(inst)!)) ? ordered : null;
}

function bytesOf({ alloca, accesses }: SlotUse, writes: ReadonlySet<Inst>): Uint8Array {
	const bytes = new Uint8Array(alloca.attr!.size!);
	const places = new Map(accesses.map(({ inst, offset }) => [inst, offset]));
	for (const inst of writes) {
		const at = places.get(inst)!;
		const value = isConst(inst.args[1]) ? inst.args[1].value : 0n;
		for (let i = 0; i < inst.attr!.size!; i++) bytes[at + i] = Number((inst.op === "memset" ? value : value >> BigInt(8 * i)) & 255n);
	}
	return bytes;
}

/** One object for all slots of the same bytes. */
function objectOf(alloca: Inst, bytes: Uint8Array, globals: IrGlobal[]): IrGlobal {
	const align = Math.max(alloca.attr!.align ?? 1, 1);
	const mine = globals.filter((global) => global.name.startsWith(PREFIX));
	const found = mine.find(
		(global) => global.align >= align && global.size === bytes.length && global.bytes!.every((byte, i) => byte === bytes[i]),
	);
	if (found !== undefined) return found;
	const name = `${PREFIX}${mine.length === 0 ? "" : `.${mine.length}`}`;
	const made = unnamedObject(name, ".rodata", UCHAR, align, bytes);
	globals.push(made);
	return made;
}

const PREFIX = ".L__const";
