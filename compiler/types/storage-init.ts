import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { InitList, Initializer } from "../grammar/ast.ts";
import { canonical, isError, isFloat } from "./basic.ts";
import { addressValue, type Address } from "./constant.ts";
import { report, type Cx } from "./context.ts";
import { newObject } from "./symbols.ts";
import { flatten, type Flattened } from "./initializers.ts";
import { sizeOf } from "./layout.ts";
import type { Operand } from "./operand.ts";
import { reportMisaligned } from "./packed.ts";
import type { LocalInit, LocalStore, ObjectSym, StaticInit, Sym, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";
import { initOf } from "./static-init.ts";
import type { Piece } from "./pieces.ts";

/**
 * In: a flattened initialiser. Out: bytes and relocations for static storage, stores for automatic storage.
 */
export function staticInit(cx: Cx, init: Initializer, type: CType, span: TokenSpan): { type: CType; init: StaticInit | undefined } {
	const before = cx.constantInit;
	cx.constantInit = true;
	const flat = flatten(cx, init, type, span);
	cx.constantInit = before;
	reportMisaligned(cx);
	if (flat.size > MAX_BYTES) {
		report(cx, "limit", span, `a static object of ${flat.size} bytes with an initializer: the limit is ${MAX_BYTES >> 20} MB`);
		return { type: flat.type, init: undefined };
	}
	const image = new Image(flat.size);
	for (const piece of flat.pieces) place(cx, image, piece);
	return { type: flat.type, init: { bytes: image.bytes, relocs: [...image.relocs.values()].sort((a, b) => a.offset - b.offset) } };
}

/** Of an object's image, which the compiler holds in memory. */
const MAX_BYTES = 256 << 20;

/** The bytes of an object, and the addresses in it by offset. */
class Image {
	readonly bytes: Uint8Array;
	readonly relocs = new Map<number, { offset: number; symbol: Sym; addend: number }>();

	constructor(size: number) {
		this.bytes = new Uint8Array(size);
	}

	/** Writes bytes; an address that they overwrite is gone. */
	write(offset: number, bytes: Uint8Array): void {
		this.bytes.set(bytes.subarray(0, Math.max(0, this.bytes.length - offset)), offset);
		if (this.relocs.size === 0) return;
		for (const at of this.relocs.keys()) if (at + 8 > offset && at < offset + bytes.length) this.relocs.delete(at);
	}

	writeInt(offset: number, size: number, value: bigint): void {
		const bytes = new Uint8Array(size);
		for (let i = 0; i < size; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
		this.write(offset, bytes);
	}

	writeBits(bitOffset: number, width: number, value: bigint): void {
		for (let i = 0; i < width; i++) {
			const at = bitOffset + i;
			const mask = 1 << (at & 7);
			if ((value >> BigInt(i)) & 1n) this.bytes[at >> 3]! |= mask;
			else this.bytes[at >> 3]! &= ~mask;
		}
	}
}

function place(cx: Cx, image: Image, piece: Piece): void {
	const offset = Math.floor(piece.bitOffset / 8);
	if (piece.kind === "bytes") {
		image.write(offset, piece.bytes);
		return;
	}
	const { value, type } = piece;
	if (isError(value.type)) return;
	const t = canonical(type);
	if (t.kind === "record" || t.kind === "array") {
		const init = constantAggregate(cx, value);
		if (!init) {
			notConstant(cx, value);
			return;
		}
		image.write(offset, init.bytes);
		for (const r of init.relocs) image.relocs.set(offset + r.offset, { ...r, offset: offset + r.offset });
		return;
	}
	if (isFloat(type)) {
		if (value.kind !== "float" && value.kind !== "int") notConstant(cx, value);
		else image.write(offset, floatBytes(Number(value.value), sizeOf(type)));
		return;
	}
	const address = addressValue(cx, value);
	if (!address || (address.symbol && sizeOf(type) !== 8)) {
		notConstant(cx, value);
		return;
	}
	if (piece.bitWidth !== null) image.writeBits(piece.bitOffset, piece.bitWidth, address.addend);
	else image.writeInt(offset, sizeOf(type), address.symbol ? 0n : address.addend);
	if (address.symbol) setReloc(image, offset, address);
}

function setReloc(image: Image, offset: number, address: Address): void {
	image.relocs.set(offset, { offset, symbol: address.symbol!, addend: Number(BigInt.asIntN(64, address.addend)) });
}

function notConstant(cx: Cx, value: TExpr): void {
	report(cx, "notConstant", value.span, "initializer element is not a compile-time constant");
}

function floatBytes(value: number, size: number): Uint8Array {
	const view = new DataView(new ArrayBuffer(Math.max(size, 8)));
	if (size === 4) view.setFloat32(0, value, true);
	else view.setFloat64(0, value, true);
	return new Uint8Array(view.buffer, 0, size);
}

/** A record that another static object or literal holds: `static struct s x = (struct s){ 1, 2 };`. */
function constantAggregate(cx: Cx, value: TExpr): StaticInit | null {
	if (value.kind === "convert") return constantAggregate(cx, value.operand);
	if (value.kind !== "load" || value.volatile) return null;
	const from = value.from;
	if (
		from.kind !== "compound-literal" &&
		!(from.kind === "variable" && from.symbol.storage === "static" && from.symbol.linkage !== "extern")
	)
		return null;
	const init = initOf(cx, from.symbol);
	return init ?? { bytes: new Uint8Array(sizeOf(from.type)), relocs: [] };
}

// ── automatic storage ───────────────────────────────────────────────────────────────────────────

export function localInit(cx: Cx, init: Initializer, type: CType, span: TokenSpan): { type: CType; init: LocalInit } {
	const flat = flatten(cx, init, type, span);
	return { type: flat.type, init: toStores(flat, init.kind === "init-list") };
}

function toStores(flat: Flattened, list: boolean): LocalInit {
	const stores: LocalStore[] = flat.pieces.map((piece) => {
		const offset = Math.floor(piece.bitOffset / 8);
		if (piece.kind === "bytes") return { kind: "bytes", offset, bytes: piece.bytes };
		const bits = piece.bitWidth === null ? {} : { bits: { bitOffset: piece.bitOffset % 8, bitWidth: piece.bitWidth } };
		return { kind: "value", offset, type: piece.type, value: piece.value, ...bits };
	});
	// What the list leaves out is zero, and so is the padding: the kernel does not let uninitialised stack out.
	return { zero: (list || stores.some((s) => s.kind === "bytes")) && covered(stores) < flat.size, stores };
}

/** Bytes that are stored, each counted once. */
function covered(stores: readonly LocalStore[]): number {
	const ranges = stores.map((s) => ({
		from: s.offset,
		to: s.offset + (s.kind === "bytes" ? s.bytes.length : s.bits ? 0 : sizeOf(s.type)),
	}));
	if (ranges.some(({ from }, i) => i > 0 && from < ranges[i - 1]!.to)) ranges.sort((a, b) => a.from - b.from);
	let sum = 0;
	let end = 0;
	for (const { from, to } of ranges) {
		sum += Math.max(0, to - Math.max(from, end));
		end = Math.max(end, to);
	}
	return sum;
}

// ── compound literals ───────────────────────────────────────────────────────────────────────────

export function compoundLiteral(cx: Cx, type: CType, init: InitList, span: TokenSpan): Operand {
	const isStatic = !cx.fn || cx.constantInit;
	const symbol: ObjectSym = newObject(
		`.compoundliteral.${cx.counter++}`,
		type,
		span,
		isStatic ? "static" : "local",
		isStatic ? "static" : "none",
	);
	if (isStatic) {
		const made = cx.rules.staticInit(cx, init, type, span);
		symbol.type = made.type;
		symbol.init = made.init;
		cx.file.refs.set(symbol, new Set((made.init?.relocs ?? []).map((r) => r.symbol)));
		cx.file.extraObjects.push(symbol);
		return { kind: "compound-literal", symbol, init: { zero: false, stores: [] }, type: made.type, span };
	}
	const made = cx.rules.localInit(cx, init, type, span);
	symbol.type = made.type;
	cx.fn?.locals.push(symbol);
	return { kind: "compound-literal", symbol, init: made.init, type: made.type, span };
}
