import { bug } from "../diagnostics/diagnostic.ts";
import type { Attr, Block, Inst, IrFunction, Loc, Op, Pred, Ty, Value } from "./types.ts";
import { foldOp } from "./fold.ts";
import { constant, isConst, isTerminator, newBlock, newInst } from "./values.ts";

/**
 * Writes instructions at the end of a block. The laws applied on the way are those that make lowered code readable:
 * constants fold, x + 0 = x, and a constant distance from a pointer is one `ptradd` from the pointer it was taken from.
 */
export class Builder {
	readonly fn: IrFunction;
	block: Block;
	loc: Loc | null = null;

	constructor(fn: IrFunction, block: Block) {
		this.fn = fn;
		this.block = block;
	}

	/** False after a terminator: what follows cannot be reached until another block is begun. */
	get open(): boolean {
		const last = this.block.insts[this.block.insts.length - 1];
		return last === undefined || !isTerminator(last);
	}

	newBlock(name: string): Block {
		return newBlock(this.fn, name);
	}

	/** Puts the block into the function and goes on there; falls into it when the present one is open. */
	begin(block: Block): void {
		if (this.open) this.jump(block);
		this.fn.blocks.push(block);
		this.block = block;
	}

	append(op: Op, ty: Ty | null, args: Value[], attr?: Attr, blocks?: Block[]): Inst {
		if (!this.open) {
			const dead = this.newBlock("dead");
			this.fn.blocks.push(dead);
			this.block = dead;
		}
		const inst = newInst(this.fn, op, ty, args, attr, this.loc, blocks);
		this.block.insts.push(inst);
		return inst;
	}

	/** A pure operation: may give back an operand or a constant. */
	pure(op: Op, ty: Ty, args: Value[], attr?: Attr): Value {
		return foldOp(op, ty, args, attr) ?? simple(op, args) ?? this.append(op, ty, args, attr);
	}

	binary(op: Op, a: Value, b: Value, attr?: Attr): Value {
		if (a.ty !== b.ty) bug(`${op} of ${a.ty} and ${b.ty}`);
		return this.pure(op, a.ty!, [a, b], attr);
	}

	icmp(pred: Pred, a: Value, b: Value): Value {
		if (a.ty !== b.ty) bug(`icmp of ${a.ty} and ${b.ty}`);
		return this.pure("icmp", "i32", [a, b], { pred });
	}

	/** i32 → i64, or the value itself when it is 64 bits wide. */
	extend(value: Value, signed: boolean): Value {
		if (value.ty === "ptr") return this.pure("ptrtoint", "i64", [value]);
		return value.ty === "i64" ? value : this.pure(signed ? "sext" : "zext", "i64", [value]);
	}

	truncate(value: Value): Value {
		if (value.ty === "ptr") return this.truncate(this.pure("ptrtoint", "i64", [value]));
		return value.ty === "i32" ? value : this.pure("trunc", "i32", [value]);
	}

	ptradd(pointer: Value, offset: Value | number): Value {
		if (typeof offset !== "number")
			return isConst(offset) ? this.ptradd(pointer, Number(offset.value)) : this.append("ptradd", "ptr", [pointer, offset]);
		if (offset === 0) return pointer;
		if (isConst(pointer)) return constant("ptr", pointer.value + BigInt(offset));
		if (pointer.op === "ptradd" && isConst(pointer.args[1])) {
			return this.ptradd(pointer.args[0], Number(pointer.args[1].value) + offset);
		}
		if (pointer.op === "global") {
			return this.append("global", "ptr", [], { ...pointer.attr, offset: (pointer.attr?.offset ?? 0) + offset });
		}
		return this.append("ptradd", "ptr", [pointer, constant("i64", offset)]);
	}

	load(ty: Ty, pointer: Value, attr: Attr): Inst {
		return this.append("load", ty, [pointer], attr);
	}

	store(pointer: Value, value: Value, attr: Attr): void {
		this.append("store", null, [pointer, value], attr);
	}

	jump(to: Block): void {
		if (this.open) this.append("jump", null, [], undefined, [to]);
	}

	branch(condition: Value, then: Block, otherwise: Block): void {
		if (!this.open) return;
		if (isConst(condition)) this.jump(condition.value !== 0n ? then : otherwise);
		else if (then === otherwise) this.jump(then);
		else this.append("branch", null, [condition], undefined, [then, otherwise]);
	}
}

/** x op 0 and its kin. */
function simple(op: Op, args: readonly Value[]): Value | null {
	const right = args[1];
	if (right === undefined || !isConst(right)) return null;
	switch (op) {
		case "add":
		case "sub":
		case "or":
		case "xor":
		case "shl":
		case "lshr":
		case "ashr":
			return right.value === 0n ? args[0] : null;
		case "mul":
		case "udiv":
			return right.value === 1n ? args[0] : null;
		case "and":
			return right.value === -1n ? args[0] : null;
		default:
			return null;
	}
}
