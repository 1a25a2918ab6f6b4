import type { Attr, Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import { constant, isConst, isInst, newBlock, newInst, splitAround, usersOf } from "../../ir/values.ts";
import { foldOp } from "../../ir/fold.ts";
import { littleEndian, pattern, spread } from "./parts.ts";

/** Operations on memory that take blocks of their own: long ones as a counted loop, comparisons that leave at the first difference. */
/** for (i = 0; i < size; i += width) — with what is left over done after it. */
export function loopOver(fn: IrFunction, block: Block, index: number, size: number, align: number): void {
	const inst = block.insts[index];
	const width = Math.min(8, align);
	const whole = size - (size % width);
	const rest = splitAround(fn, block, index, ".rest");
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

export const asksWhetherEqual = (fn: IrFunction, inst: Inst): boolean =>
	(usersOf(fn).get(inst) ?? []).every(
		(use) =>
			(use.op === "icmp" && (use.attr!.pred === "eq" || use.attr!.pred === "ne") && isConst(use.args[1]) && use.args[1].value === 0n) ||
			use.op === "branch",
	);

/**
 * Word by word, leaving at the first difference. When only "equal or not" is asked the result is 0 or 1; else the
 * differing words are compared in byte order.
 */
export function compareMemory(
	fn: IrFunction,
	block: Block,
	index: number,
	parts: { offset: number; width: number }[],
	content: Uint8Array | null,
): void {
	const inst = block.insts[index];
	const equality = asksWhetherEqual(fn, inst);
	const rest = splitAround(fn, block, index, ".rest");
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
