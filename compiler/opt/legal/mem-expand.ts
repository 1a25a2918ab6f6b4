import type { Attr, Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { OptContext, Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst } from "../../ir/values.ts";
import { type Alignment, alignmentOf, naturalOf, togetherOf } from "../analysis/aligned.ts";
import { unchanging } from "../analysis/constant-objects.ts";
import { baseOf, rootOf } from "../analysis/slots.ts";
import { asksWhetherEqual, compareMemory, loopOver } from "./mem-loops.ts";
import { alignObject, littleEndian, partsOf, pattern, spread } from "./parts.ts";

/**
 * memcpy, memmove, memset and memcmp → loads and stores as wide as the alignment allows, or a counted loop when there
 * would be too many. eBPF has no library to call; clang gives up where this makes a loop.
 */
const MAX_ACCESSES = 128;
const MAX_COMPARED = 512;

export const expandMemory: Pass = {
	name: "expand-memory",
	run(fn, context) {
		let changed = false;
		for (let at = 0; at < fn.blocks.length; at++) {
			const block = fn.blocks[at];
			const index = block.insts.findIndex(
				(inst) => inst.op === "memcpy" || inst.op === "memmove" || inst.op === "memset" || inst.op === "memcmp",
			);
			if (index < 0) continue;
			changed = true;
			expandOne(fn, block, index, context);
			at--;
		}
		return changed;
	},
};

function areApart(a: Value, b: Value): boolean {
	const [x, y] = [rootOf(a).root, rootOf(b).root];
	const isObject = (root: Value): root is Inst => isInst(root) && (root.op === "alloca" || root.op === "global");
	if (!isObject(x) || !isObject(y) || x === y) return false;
	return x.op === "alloca" || y.op === "alloca" || x.attr!.global !== y.attr!.global;
}

/** Bytes from one address to the other; null: not known. */
function distance(from: Value, to: Value): number | null {
	const [a, b] = [baseOf(from), baseOf(to)];
	return a.base === b.base ? b.offset - a.offset : null;
}

function expandOne(fn: IrFunction, block: Block, index: number, context: OptContext): void {
	const inst = block.insts[index];
	const length = inst.args[2];
	const size = inst.attr!.size ?? (length !== undefined && isConst(length) ? Number(length.value) : undefined);
	if (size === undefined) {
		const why = `${inst.op} of a size that is known only at run time: eBPF has no ${inst.op} to call; bound the size with a constant, or write the loop`;
		return refuse(fn, block, index, context, why);
	}
	alignObject(inst.args[0]);
	if (inst.op !== "memset") alignObject(inst.args[1]);
	// Of two that are compared the known one is the second.
	if (inst.op === "memcmp" && contentOf(inst.args[0], size, context) !== null && asksWhetherEqual(fn, inst)) {
		inst.args.reverse();
		inst.attr = { ...inst.attr, targetAlign: inst.attr!.sourceAlign, sourceAlign: inst.attr!.targetAlign };
	}
	const content = inst.op === "memset" ? null : contentOf(inst.args[1], size, context);
	const aligned = alignmentsOf(inst, content !== null);
	const parts = partsOf(size, aligned.words);
	if (inst.op === "memcmp") {
		if (parts.length > MAX_COMPARED)
			return refuse(fn, block, index, context, `memcmp of ${size} bytes is too long to be written out; compare in a loop`);
		return compareMemory(fn, block, index, parts, content);
	}
	// Moving between two objects is copying.
	if (inst.op === "memmove" && areApart(inst.args[0], inst.args[1])) inst.op = "memcpy";
	const isLong = parts.length > MAX_ACCESSES;
	if (isLong && inst.op !== "memmove") {
		const { align, phase } = content === null ? aligned.words : aligned.both;
		if (phase !== 0) return splitAt(fn, block, index, align - phase, size);
		return loopOver(fn, block, index, size, align);
	}
	const words = new Words(fn, inst, parts);
	if (content !== null && !isLong) words.write(content);
	else if (inst.op === "memset") words.fill();
	else words.copy(size, aligned);
	// Loads come before the store that they feed: they were written in that order.
	block.insts.splice(index, 1, ...words.out);
}

/** What stands in front of the first whole word apart, so that the loop goes in whole ones. Both roots are known then: nothing need be claimed. */
function splitAt(fn: IrFunction, block: Block, index: number, head: number, size: number): void {
	const inst = block.insts[index];
	const made: Inst[] = [];
	const advance = (address: Value): Value => {
		made.push(newInst(fn, "ptradd", "ptr", [address, constant("i64", head)], undefined, inst.loc));
		return made.at(-1)!;
	};
	const [target, source] = inst.args;
	const rest = [advance(target), inst.op === "memset" ? source : advance(source)];
	const attr: Attr = inst.attr!.volatile ? { align: 1, volatile: true } : { align: 1 };
	made.push(newInst(fn, inst.op, null, rest, { ...attr, size: size - head }, inst.loc));
	block.insts.splice(index, 1, newInst(fn, inst.op, null, [target, source], { ...attr, size: head }, inst.loc), ...made);
}

/** With an error: nothing is done, and what it would have found is "equal". */
function refuse(fn: IrFunction, block: Block, index: number, context: OptContext, message: string): void {
	const inst = block.insts[index];
	context.diagnostics.report({ code: "E0610", severity: "error", message, span: inst.loc });
	block.insts.splice(index, 1);
	if (inst.ty !== null) replaceUses(fn, inst, constant("i32", 0));
}

interface Alignments {
	readonly target: Alignment;
	/** Of both sides. */
	readonly both: Alignment;
	/** Of the words that are read and written. */
	readonly words: Alignment;
}

function alignmentsOf(inst: Inst, isKnown: boolean): Alignments {
	const claimed = inst.attr!.align ?? 1;
	const target = alignmentOf(inst.args[0], inst.attr!.targetAlign ?? claimed);
	if (inst.op === "memset") return { target, both: target, words: target };
	const source = alignmentOf(inst.args[1], inst.attr!.sourceAlign ?? claimed);
	const both = togetherOf(target, source);
	if (isKnown) return { target, both, words: target };
	// A context is read in words of its own, wherever they go to: what the program says of both sides counts, not how the slot is aligned in the end.
	const isContext = rootOf(inst.args[1]).root.op === "param";
	return { target, both, words: isContext ? { align: Math.min(claimed, source.align), phase: 0 } : both };
}

type Part = ReturnType<typeof partsOf>[number];

/** A block operation as loads and stores of the parts. */
class Words {
	readonly out: Inst[] = [];
	readonly #fn: IrFunction;
	readonly #inst: Inst;
	readonly #parts: readonly Part[];
	readonly #volatile: Attr;

	constructor(fn: IrFunction, inst: Inst, parts: readonly Part[]) {
		this.#fn = fn;
		this.#inst = inst;
		this.#parts = parts;
		this.#volatile = inst.attr!.volatile ? { volatile: true } : {};
	}

	/** What is known to be copied. */
	write(content: Uint8Array): void {
		for (const part of this.#parts) {
			const { offset, width } = part;
			this.#store(part, () => constant(typeOf(width), littleEndian(content.subarray(offset, offset + width))));
		}
	}

	fill(): void {
		const [, byte] = this.#inst.args;
		const wide = isConst(byte) ? null : spread(byte, (op, ty, args, attr) => this.#emit(op, ty, args, attr));
		for (const part of this.#parts) {
			const ty = typeOf(part.width);
			const value =
				wide === null
					? constant(ty, pattern((byte as { value: bigint }).value, part.width))
					: part.width === 8
						? wide
						: this.#emit("trunc", "i32", [wide]);
			this.#store(part, () => value);
		}
	}

	copy(size: number, aligned: Alignments): void {
		const [target, source] = this.#inst.args;
		// A context is written in words.
		if (
			[2, 4, 8].includes(size) &&
			naturalOf(aligned.target) >= size &&
			naturalOf(aligned.words) < size &&
			rootOf(target).root.op === "param"
		) {
			const word = this.#emit("load", typeOf(size), [source], { size, align: naturalOf(aligned.words), ...this.#volatile });
			this.#emit("store", null, [target, word], { size, ...this.#volatile });
			return;
		}
		// By a known distance it is moved from the end that the rest does not overlap: no byte waits in a register.
		const by = this.#inst.op === "memcpy" ? 0 : distance(source, target);
		if (by === null) {
			const values = this.#parts.map((part) => this.#load(part));
			this.#parts.forEach((part, i) => this.#store(part, () => values[i]));
		} else for (const part of by > 0 ? this.#parts.toReversed() : this.#parts) this.#store(part, () => this.#load(part));
	}

	/** The address is made before the value. */
	#store({ offset, width }: Part, value: () => Value): void {
		const address = this.#at(this.#inst.args[0], offset);
		this.#emit("store", null, [address, value()], { size: width, ...this.#volatile });
	}

	#load({ offset, width }: Part): Inst {
		return this.#emit("load", typeOf(width), [this.#at(this.#inst.args[1], offset)], { size: width, ...this.#volatile });
	}

	#at(address: Value, offset: number): Value {
		if (offset === 0) return address;
		return isConst(address)
			? constant("ptr", address.value + BigInt(offset))
			: this.#emit("ptradd", "ptr", [address, constant("i64", offset)]);
	}

	#emit(op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr): Inst {
		const made = newInst(this.#fn, op, ty, args, attr, this.#inst.loc);
		this.out.push(made);
		return made;
	}
}

const typeOf = (width: number): "i64" | "i32" => (width === 8 ? "i64" : "i32");

/**
 * The bytes that are copied from an object that nothing changes, as far as they are in the object file. What follows
 * the object's end is not defined; it reads as zero, as from clang, because the kernel refuses a load from there.
 */
function contentOf(source: Value, size: number, context: OptContext): Uint8Array | null {
	const { root, offset } = rootOf(source);
	if (!isInst(root) || root.op !== "global" || offset === null) return null;
	const global = root.attr!.global!;
	if ("kind" in global || !unchanging(context).has(global)) return null;
	const from = offset + (root.attr!.offset ?? 0);
	if (from < 0 || global.relocs.some((reloc) => reloc.offset < from + size && reloc.offset + 8 > from)) return null;
	const content = new Uint8Array(size);
	content.set(global.bytes?.subarray(from, from + size) ?? []);
	return content;
}

function replaceUses(fn: IrFunction, inst: Inst, value: Value): void {
	for (const block of fn.blocks) for (const user of block.insts) user.args = user.args.map((arg) => (arg === inst ? value : arg));
}
