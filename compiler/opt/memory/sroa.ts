import type { Attr, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { SlotAccess, SlotUse } from "../analysis/slots.ts";
import { constant, isConst, newInst, replaceAll } from "../../ir/values.ts";
import { analysesOf, forget } from "../analysis/analyses.ts";
import { rootOf } from "../analysis/slots.ts";

/**
 * Scalar replacement of aggregates: a slot whose address stays inside the function is cut into the pieces in which it
 * is accessed, each a slot of its own, which `mem2reg` then turns into values. Block operations are cut along.
 * A piece of up to 8 bytes that is accessed in parts is kept as one integer, its parts by shift and mask.
 */
export const sroa: Pass = {
	name: "sroa",
	run(fn, context) {
		let any = false;
		// Each round makes pieces smaller, so few are needed; the limit only keeps a fault from becoming a hang.
		for (let again = true, rounds = 0; again && rounds < MAX_ROUNDS; rounds++) {
			again = false;
			// Cutting a copy between two slots changes how the other one is used: that one waits for the next round.
			const stale = new Set<Value>();
			for (const use of analysesOf(fn, context).slots) {
				if (stale.has(use.alloca)) continue;
				const others = use.accesses.filter(({ inst }) => isBlockOp(inst)).map(({ inst, operand }) => rootOf(inst.args[1 - operand]).root);
				if (!split(fn, use)) continue;
				for (const other of others) stale.add(other);
				again = true;
			}
			if (again) forget(context);
			any ||= again;
		}
		return any;
	},
};

interface Piece {
	readonly from: number;
	readonly to: number;
	/** All loads and stores are of the whole. */
	whole: boolean;
	/** Seen by loads and stores, not only by block operations. */
	direct: boolean;
	slot: Inst | null;
}

const isBlockOp = (inst: Inst): boolean => inst.op === "memcpy" || inst.op === "memmove" || inst.op === "memset";

const MAX_ROUNDS = 64;

/** Copies larger than this are not taken apart into pieces that nothing but copies touch. */
const MAX_COPY_ONLY = 256;

function split(fn: IrFunction, use: SlotUse): boolean {
	const size = use.alloca.attr!.size!;
	if (use.escapes || use.accesses.length === 0) return false;
	for (const { inst, offset, size: bytes, operand } of use.accesses) {
		if (inst.op === "lifetime") {
			if (offset !== 0) return false;
			continue;
		}
		if (inst.op === "memcmp" || inst.attr?.volatile || bytes === null || offset < 0 || offset + bytes > size) return false;
		if (inst.op === "store" && operand === 1) return false;
		// Both ends of a copy in one slot.
		if (isBlockOp(inst) && use.accesses.some((other) => other.inst === inst && other.operand !== operand)) return false;
	}
	const pieces = cut(use, size);
	if (pieces === null) return false;
	const single = pieces.length === 1 && pieces[0].from === 0 && pieces[0].to === size;
	if (single && pieces[0].whole && !use.accesses.some((access) => isBlockOp(access.inst))) return false;
	if (single && !isInteger(pieces[0])) return false;
	apply(fn, use, pieces);
	return true;
}

const isInteger = (piece: Piece): boolean => [1, 2, 4, 8].includes(piece.to - piece.from);

/** A copy of a word to where words are aligned, such as a context, which is written in words. */
const isWord = ({ inst, operand, size }: SlotAccess): boolean =>
	operand === 1 && (inst.op === "memcpy" || inst.op === "memmove") && [2, 4, 8].includes(size!) && (inst.attr!.targetAlign ?? 1) >= size!;

function cut(use: SlotUse, size: number): Piece[] | null {
	const direct = use.accesses.filter((access) => access.inst.op === "load" || access.inst.op === "store" || isWord(access));
	const spans = direct.map((access) => ({ from: access.offset, to: access.offset + access.size! }));
	spans.sort((a, b) => a.from - b.from || b.to - a.to);
	const pieces: Piece[] = [];
	for (const span of spans) {
		const last = pieces[pieces.length - 1];
		if (last !== undefined && span.from < last.to) {
			if (span.to > last.to || span.from !== last.from || span.to !== last.to) {
				pieces[pieces.length - 1] = {
					from: last.from,
					to: Math.max(last.to, span.to),
					whole: last.whole && span.from === last.from && span.to === last.to,
					direct: true,
					slot: null,
				};
			}
		} else pieces.push({ ...span, whole: true, direct: true, slot: null });
	}
	// What only block operations touch: in words as wide as they fit between the pieces, when something reads it.
	const blocks = use.accesses.filter((access) => isBlockOp(access.inst));
	if (blocks.length > 0) {
		const reads = blocks.some((access) => access.operand === 1);
		if (size > MAX_COPY_ONLY && reads) return null;
		const filled: Piece[] = [];
		let at = 0;
		const fill = (to: number): void => {
			while (at < to) {
				let width = 8;
				while (at % width !== 0 || at + width > to) width /= 2;
				if (blocks.some((access) => access.operand === 1 && access.offset < at + width && access.offset + access.size! > at)) {
					filled.push({ from: at, to: at + width, whole: true, direct: false, slot: null });
				}
				at += width;
			}
		};
		for (const piece of pieces) {
			fill(piece.from);
			filled.push(piece);
			at = piece.to;
		}
		fill(size);
		// A block operation that ends inside a piece makes the piece one that is accessed in parts.
		for (const piece of filled) {
			const length = piece.to - piece.from;
			const covered = blocks.every((access) => {
				const from = Math.max(access.offset, piece.from);
				const to = Math.min(access.offset + access.size!, piece.to);
				return from >= to || to - from === length;
			});
			if (!covered) piece.whole = false;
		}
		if (filled.length > 64) return null;
		return filled;
	}
	return pieces;
}

function apply(fn: IrFunction, use: SlotUse, pieces: Piece[]): void {
	const { alloca } = use;
	const byInst = new Map<Inst, SlotAccess>();
	for (const access of use.accesses) byInst.set(access.inst, access);
	const slots: Inst[] = [];
	for (const piece of pieces) {
		const size = piece.to - piece.from;
		const name = alloca.attr!.variable;
		// A piece that stays in memory keeps the alignment that its offset gives it.
		let align = Math.max(1, Math.min(8, alloca.attr!.align!));
		while (piece.from % align !== 0) align /= 2;
		if (isInteger(piece)) align = Math.max(align, size);
		const attr: Attr = name === undefined ? { size, align } : { size, align, variable: name };
		piece.slot = newInst(fn, "alloca", "ptr", [], attr, alloca.loc);
		slots.push(piece.slot);
	}
	const map = new Map<Inst, Value>();
	for (const block of fn.blocks) {
		const out: Inst[] = [];
		for (const inst of block.insts) {
			if (inst === alloca) {
				out.push(...slots);
				continue;
			}
			const access = byInst.get(inst);
			if (access === undefined) {
				out.push(inst);
				continue;
			}
			rewrite(fn, inst, access, pieces, out, map);
		}
		block.insts = out;
	}
	const dead = new Set(use.addresses);
	for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !dead.has(inst));
	replaceAll(fn, map);
}

function rewrite(fn: IrFunction, inst: Inst, access: SlotAccess, pieces: readonly Piece[], out: Inst[], map: Map<Inst, Value>): void {
	const emit = (op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, ty, args, attr, inst.loc);
		out.push(made);
		return made;
	};
	if (inst.op === "lifetime") {
		for (const piece of pieces) emit("lifetime", null, [piece.slot!]);
		return;
	}
	if (inst.op === "load" || inst.op === "store") {
		const piece = pieces.find((one) => one.from <= access.offset && access.offset < one.to)!;
		const shift = access.offset - piece.from;
		if (piece.whole || !isInteger(piece)) {
			const address = shift === 0 ? piece.slot! : emit("ptradd", "ptr", [piece.slot!, constant("i64", shift)]);
			inst.args[0] = address;
			if (isInteger(piece)) inst.attr = { ...inst.attr, align: undefined };
			out.push(inst);
		} else if (inst.op === "load") map.set(inst, readPart(piece, shift, access.size!, inst, emit));
		else writePart(piece, shift, access.size!, inst.args[1], emit);
		return;
	}
	// Block operations: piece by piece.
	const start = access.offset;
	const end = access.offset + access.size!;
	const otherAt = inst.op === "memset" ? null : inst.args[1 - access.operand];
	const align = (access.operand === 1 ? inst.attr?.targetAlign : inst.attr?.sourceAlign) ?? inst.attr?.align ?? 1;
	const advance = (address: Value, by: number): Value => {
		if (by === 0) return address;
		if (isConst(address)) return constant("ptr", address.value + BigInt(by));
		return emit("ptradd", "ptr", [address, constant("i64", by)]);
	};
	const volatile = inst.attr?.volatile ? { volatile: true } : {};
	for (const piece of pieces) {
		const first = Math.max(start, piece.from);
		const last = Math.min(end, piece.to);
		if (first >= last) continue;
		// An integer takes its part in words: six bytes of eight are four and two.
		const spans = isInteger(piece) ? words(first - piece.from, last - first) : [{ shift: first - piece.from, size: last - first }];
		for (const { shift, size } of spans) {
			const from = piece.from + shift;
			const ty = size === 8 ? "i64" : "i32";
			if (inst.op === "memset") {
				const byte = inst.args[1];
				if (!isInteger(piece)) emit("memset", null, [advance(piece.slot!, shift), byte], { size, align: alignOf(piece, shift) });
				else if (piece.whole) emit("store", null, [piece.slot!, spread(byte, size, emit)], { size });
				else writePart(piece, shift, size, spread(byte, size, emit), emit);
				continue;
			}
			const other = advance(otherAt!, from - start);
			const otherAlign = gcd(align, from - start);
			const narrow = otherAlign < size ? { align: otherAlign } : {};
			if (!isInteger(piece)) {
				const attr = { size, align: Math.min(otherAlign, alignOf(piece, shift)), ...volatile };
				const own = advance(piece.slot!, shift);
				emit("memcpy", null, access.operand === 0 ? [own, other] : [other, own], attr);
			} else if (access.operand === 0) {
				const value = emit("load", ty, [other], { size, ...narrow, ...volatile });
				if (piece.whole) emit("store", null, [piece.slot!, value], { size });
				else writePart(piece, shift, size, value, emit);
			} else {
				const value = piece.whole ? emit("load", ty, [piece.slot!], { size }) : readPart(piece, shift, size, null, emit);
				emit("store", null, [other, value], { size, ...narrow, ...volatile });
			}
		}
	}
}

/** A stretch of bytes cut where words end. */
function words(shift: number, length: number): { shift: number; size: number }[] {
	const spans: { shift: number; size: number }[] = [];
	for (let at = shift; at < shift + length; ) {
		let size = 8;
		while (at % size !== 0 || at + size > shift + length) size /= 2;
		spans.push({ shift: at, size });
		at += size;
	}
	return spans;
}

const gcd = (align: number, offset: number): number => {
	let result = align;
	while (result > 1 && offset % result !== 0) result /= 2;
	return result;
};

const alignOf = (piece: Piece, shift: number): number => gcd(piece.slot!.attr!.align!, shift);

type Emit = (op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr) => Inst;

/** A byte repeated to fill `size` of them. */
function spread(byte: Value, size: number, emit: Emit): Value {
	const ty = size === 8 ? "i64" : "i32";
	if (isConst(byte)) {
		let value = 0n;
		for (let i = 0; i < size; i++) value = (value << 8n) | (byte.value & 0xffn);
		return constant(ty, value);
	}
	if (size === 1) return byte;
	const low = emit("and", "i32", [byte, constant("i32", 0xff)]);
	const widened = ty === "i64" ? emit("zext", "i64", [low]) : low;
	return emit("mul", ty, [widened, constant(ty, size === 8 ? 0x0101010101010101n : size === 4 ? 0x01010101n : 0x0101n)]);
}

/** Bytes `shift`… of a piece kept as one integer. */
function readPart(piece: Piece, shift: number, size: number, load: Inst | null, emit: Emit): Value {
	const length = piece.to - piece.from;
	const ty = length === 8 ? "i64" : "i32";
	let value: Value = emit("load", ty, [piece.slot!], { size: length });
	if (shift > 0) value = emit("lshr", ty, [value, constant(ty, shift * 8)]);
	const want = load?.ty ?? (size === 8 ? "i64" : "i32");
	if (size === 8) return want === "ptr" ? emit("inttoptr", "ptr", [value]) : value;
	if (ty === "i64") value = emit("trunc", "i32", [value]);
	if (size < 4) {
		const bits = size === 1 ? 8 : 16;
		value = load?.attr?.signed ? emit("sextfrom", "i32", [value], { bits }) : emit("and", "i32", [value, constant("i32", (1 << bits) - 1)]);
	}
	return want === "i64" ? emit(load?.attr?.signed ? "sext" : "zext", "i64", [value]) : value;
}

function writePart(piece: Piece, shift: number, size: number, value: Value, emit: Emit): void {
	const length = piece.to - piece.from;
	const ty = length === 8 ? "i64" : "i32";
	if (size === length) {
		emit("store", null, [piece.slot!, value], { size });
		return;
	}
	let part: Value = value.ty === "ptr" ? emit("ptrtoint", "i64", [value]) : value;
	if (part.ty !== ty)
		part = isConst(part)
			? constant(ty, ty === "i64" ? BigInt.asUintN(32, part.value) : part.value)
			: emit(ty === "i64" ? "zext" : "trunc", ty, [part]);
	const mask = (1n << BigInt(size * 8)) - 1n;
	const masked = isConst(part) ? constant(ty, part.value & mask) : emit("and", ty, [part, constant(ty, mask)]);
	const moved = isConst(masked)
		? constant(ty, masked.value << BigInt(shift * 8))
		: shift === 0
			? masked
			: emit("shl", ty, [masked, constant(ty, shift * 8)]);
	const old = emit("load", ty, [piece.slot!], { size: length });
	const kept = emit("and", ty, [old, constant(ty, ~(mask << BigInt(shift * 8)))]);
	emit("store", null, [piece.slot!, emit("or", ty, [kept, moved])], { size: length });
}
