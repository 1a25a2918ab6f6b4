import type { Attr, Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { OptContext, Pass } from "../pass.ts";
import { constant, isConst, isInst, newBlock, newInst, phisOf, successors, usersOf } from "../../ir/values.ts";
import { foldOp } from "../../ir/fold.ts";
import { unchanging } from "../analysis/constant-objects.ts";
import { rootOf } from "../analysis/slots.ts";
import { alignmentOf, partsOf } from "./parts.ts";

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

/** A slot that is copied in bytes for want of alignment gets it. */
function alignSlot(address: Value): void {
	const { root } = rootOf(address);
	if (isInst(root) && root.op === "alloca" && root.attr!.size! >= 4 && root.attr!.align! < 8)
		root.attr = { ...root.attr, align: root.attr!.size! >= 8 ? 8 : 4 };
}

function areApart(a: Value, b: Value): boolean {
	const [x, y] = [rootOf(a).root, rootOf(b).root];
	const isObject = (root: Value): root is Inst => isInst(root) && (root.op === "alloca" || root.op === "global");
	if (!isObject(x) || !isObject(y) || x === y) return false;
	return x.op === "alloca" || y.op === "alloca" || x.attr!.global !== y.attr!.global;
}

function expandOne(fn: IrFunction, block: Block, index: number, context: OptContext): void {
	const inst = block.insts[index];
	const length = inst.args[2];
	const size = inst.attr!.size ?? (length !== undefined && isConst(length) ? Number(length.value) : undefined);
	const out: Inst[] = [];
	const emit = (op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, ty, args, attr, inst.loc);
		out.push(made);
		return made;
	};
	if (size === undefined) {
		context.diagnostics.report({
			code: "E0610",
			severity: "error",
			message: `${inst.op} of a size that is known only at run time: eBPF has no ${inst.op} to call; bound the size with a constant, or write the loop`,
			span: inst.loc,
		});
		block.insts.splice(index, 1);
		if (inst.ty !== null) replaceUses(fn, inst, constant("i32", 0));
		return;
	}
	alignSlot(inst.args[0]);
	if (inst.op !== "memset") alignSlot(inst.args[1]);
	// Of two that are compared the known one is the second.
	if (inst.op === "memcmp" && contentOf(inst.args[0], size, context) !== null && asksWhetherEqual(fn, inst)) {
		inst.args.reverse();
		inst.attr = { ...inst.attr, targetAlign: inst.attr!.sourceAlign, sourceAlign: inst.attr!.targetAlign };
	}
	const claimed = inst.attr!.align ?? 1;
	const targetAlign = alignmentOf(inst.args[0], inst.attr!.targetAlign ?? claimed);
	const sourceAlign = inst.op === "memset" ? 8 : alignmentOf(inst.args[1], inst.attr!.sourceAlign ?? claimed);
	const content = inst.op === "memset" ? null : contentOf(inst.args[1], size, context);
	// A context is read in words of its own, wherever they go to: what the program says of both sides counts, not how the slot is aligned in the end.
	const fromContext = inst.op !== "memset" && rootOf(inst.args[1]).root.op === "param";
	const align =
		content !== null || inst.op === "memset"
			? targetAlign
			: fromContext
				? Math.min(claimed, sourceAlign)
				: Math.min(targetAlign, sourceAlign);
	const parts = partsOf(size, align);
	const at = (address: Value, offset: number): Value =>
		offset === 0
			? address
			: isConst(address)
				? constant("ptr", address.value + BigInt(offset))
				: emit("ptradd", "ptr", [address, constant("i64", offset)]);
	const volatile = inst.attr!.volatile ? { volatile: true } : {};
	if (inst.op === "memcmp") {
		if (parts.length > MAX_COMPARED) {
			context.diagnostics.report({
				code: "E0610",
				severity: "error",
				message: `memcmp of ${size} bytes is too long to be written out; compare in a loop`,
				span: inst.loc,
			});
			block.insts.splice(index, 1);
			replaceUses(fn, inst, constant("i32", 0));
			return;
		}
		compareMemory(fn, block, index, parts, content);
		return;
	}
	// Moving between two objects is copying.
	if (inst.op === "memmove" && areApart(inst.args[0], inst.args[1])) inst.op = "memcpy";
	if (content !== null && parts.length <= MAX_ACCESSES) {
		for (const { offset, width } of parts)
			emit(
				"store",
				null,
				[at(inst.args[0], offset), constant(width === 8 ? "i64" : "i32", littleEndian(content.subarray(offset, offset + width)))],
				{ size: width, ...volatile },
			);
		block.insts.splice(index, 1, ...out);
		return;
	}
	if (parts.length > MAX_ACCESSES && inst.op !== "memmove") {
		loopOver(fn, block, index, size, content === null ? align : Math.min(targetAlign, sourceAlign));
		return;
	}
	if (inst.op === "memset") {
		const [target, byte] = inst.args;
		const wide = isConst(byte) ? null : spread(byte, emit);
		for (const { offset, width } of parts) {
			const ty = width === 8 ? "i64" : "i32";
			const value =
				wide === null ? constant(ty, pattern((byte as { value: bigint }).value, width)) : width === 8 ? wide : emit("trunc", "i32", [wide]);
			emit("store", null, [at(target, offset), value], { size: width, ...volatile });
		}
	} else {
		const [target, source] = inst.args;
		const read = (offset: number, width: number): Inst =>
			emit("load", width === 8 ? "i64" : "i32", [at(source, offset)], { size: width, ...volatile });
		// A context is written in words.
		if ([2, 4, 8].includes(size) && targetAlign >= size && align < size && rootOf(target).root.op === "param") {
			const ty = size === 8 ? "i64" : "i32";
			emit("store", null, [target, emit("load", ty, [source], { size, align, ...volatile })], { size, ...volatile });
		} else if (inst.op === "memmove") {
			const values = parts.map(({ offset, width }) => read(offset, width));
			parts.forEach(({ offset, width }, i) => emit("store", null, [at(target, offset), values[i]], { size: width, ...volatile }));
		} else
			for (const { offset, width } of parts) emit("store", null, [at(target, offset), read(offset, width)], { size: width, ...volatile });
	}
	// Loads come before the store that they feed: `emit` wrote them in that order.
	block.insts.splice(index, 1, ...out);
}

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

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

const pattern = (byte: bigint, width: number): bigint => {
	let value = 0n;
	for (let i = 0; i < width; i++) value = (value << 8n) | (byte & 0xffn);
	return value;
};

function spread(byte: Value, emit: (op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr) => Inst): Value {
	const low = emit("and", "i32", [byte, constant("i32", 0xff)]);
	return emit("mul", "i64", [emit("zext", "i64", [low]), constant("i64", 0x0101010101010101n)]);
}

/** Splits the block before `index`; the rest begins with what followed the instruction, which is dropped. */
function splitAt(fn: IrFunction, block: Block, index: number): Block {
	const rest = newBlock(fn, `${block.name.replace(/\.rest$/, "")}.rest`);
	rest.insts = block.insts.splice(index).slice(1);
	if (block.unroll !== undefined) {
		rest.unroll = block.unroll;
		delete block.unroll;
	}
	for (const next of new Set(successors(rest)))
		for (const phi of phisOf(next)) phi.blocks = phi.blocks!.map((from) => (from === block ? rest : from));
	return rest;
}

/** for (i = 0; i < size; i += width) — with what is left over done after it. */
function loopOver(fn: IrFunction, block: Block, index: number, size: number, align: number): void {
	const inst = block.insts[index];
	const width = Math.min(8, align);
	const whole = size - (size % width);
	const rest = splitAt(fn, block, index);
	const body = newBlock(fn, "memory.loop");
	const add = (target: Block, op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr, blocks?: Block[]): Inst => {
		const made = newInst(fn, op, ty, args, attr, inst.loc, blocks);
		target.insts.push(made);
		return made;
	};
	const [target, source] = inst.args;
	add(block, "jump", null, [], undefined, [body]);
	const i = add(body, "phi", "i64", [constant("i64", 0)], undefined, [block]);
	const to = add(body, "ptradd", "ptr", [target, i]);
	const ty = width === 8 ? "i64" : "i32";
	if (inst.op === "memset") {
		let value: Value = constant(ty, isConst(source) ? pattern(source.value, width) : 0);
		if (!isConst(source)) {
			const wide = spread(source, (op, type, args, attr) => add(body, op, type, args, attr));
			value = width === 8 ? wide : add(body, "trunc", "i32", [wide]);
		}
		add(body, "store", null, [to, value], { size: width });
	} else add(body, "store", null, [to, add(body, "load", ty, [add(body, "ptradd", "ptr", [source, i])], { size: width })], { size: width });
	// The load above was pushed before its store was: arguments are built first.
	const next = add(body, "add", "i64", [i, constant("i64", width)]);
	i.args.push(next);
	i.blocks!.push(body);
	add(body, "branch", null, [add(body, "icmp", "i32", [next, constant("i64", whole)], { pred: "ult" })], undefined, [body, rest]);
	if (size > whole) {
		const tail = newInst(
			fn,
			inst.op,
			null,
			[
				newInst(fn, "ptradd", "ptr", [target, constant("i64", whole)]),
				inst.op === "memset" ? source : newInst(fn, "ptradd", "ptr", [source, constant("i64", whole)]),
			],
			{ size: size - whole, align: 1 },
			inst.loc,
		);
		rest.insts.unshift(...tail.args.filter((arg, n): arg is Inst => isInst(arg) && (n === 0 || inst.op !== "memset")), tail);
	}
	fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, body, rest);
}

const asksWhetherEqual = (fn: IrFunction, inst: Inst): boolean =>
	(usersOf(fn).get(inst) ?? []).every(
		(use) =>
			(use.op === "icmp" && (use.attr!.pred === "eq" || use.attr!.pred === "ne") && isConst(use.args[1]) && use.args[1].value === 0n) ||
			use.op === "branch",
	);

/**
 * Word by word, leaving at the first difference. When only "equal or not" is asked the result is 0 or 1; else the
 * differing words are compared in byte order.
 */
function compareMemory(
	fn: IrFunction,
	block: Block,
	index: number,
	parts: { offset: number; width: number }[],
	content: Uint8Array | null,
): void {
	const inst = block.insts[index];
	const equality = asksWhetherEqual(fn, inst);
	const rest = splitAt(fn, block, index);
	const blocks: Block[] = [];
	const results: Value[] = [];
	const sources: Block[] = [];
	const [left, right] = inst.args;
	let current = block;
	const add = (op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr, targets?: Block[]): Inst => {
		const made = newInst(fn, op, ty, args, attr, inst.loc, targets);
		current.insts.push(made);
		return made;
	};
	for (const { offset, width } of parts) {
		const ty = width === 8 ? "i64" : "i32";
		const at = (address: Value): Value => (offset === 0 ? address : add("ptradd", "ptr", [address, constant("i64", offset)]));
		const a = add("load", ty, [at(left)], { size: width });
		const b =
			content === null
				? add("load", ty, [at(right)], { size: width })
				: constant(ty, littleEndian(content.subarray(offset, offset + width)));
		const same = newBlock(fn, "memcmp.next");
		const differs = newBlock(fn, "memcmp.differs");
		add("branch", null, [add("icmp", "i32", [a, b], { pred: "ne" })], undefined, [differs, same]);
		current = differs;
		if (equality) results.push(constant("i32", 1));
		else {
			const order = (value: Value): Value =>
				width === 1
					? value
					: isConst(value)
						? (foldOp("bswap", ty, [value], { bits: (width * 8) as 16 }) as Value)
						: add("bswap", ty, [value], { bits: (width * 8) as 16 });
			const less = add("icmp", "i32", [order(a), order(b)], { pred: "ult" });
			results.push(add("or", "i32", [add("neg", "i32", [less]), constant("i32", 1)]));
		}
		add("jump", null, [], undefined, [rest]);
		sources.push(differs);
		blocks.push(differs, same);
		current = same;
	}
	results.push(constant("i32", 0));
	sources.push(current);
	add("jump", null, [], undefined, [rest]);
	Object.assign(inst, { op: "phi", args: results, blocks: sources, attr: undefined });
	rest.insts.unshift(inst);
	fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, ...blocks, rest);
}

function replaceUses(fn: IrFunction, inst: Inst, value: Value): void {
	for (const block of fn.blocks) for (const user of block.insts) user.args = user.args.map((arg) => (arg === inst ? value : arg));
}
