import type { Attr, Op } from "./types.ts";

/**
 * One row per IR operation: what its operands and result may be, which attributes it carries and what it does besides
 * making a value. The checker, the printer, the parser and the passes' questions ("may this be moved?") read it.
 *
 * `args` has a letter per operand: `x` the result's type, `i` i32 or i64, `w` i32, `l` i64, `p` ptr, `v` any, `s` the
 * same type as the operand before it, `?` makes the one before optional, `*` any number of any type.
 * `result` lists the types that the value may have, a `-` that there may be none.
 */
export interface OpRow {
	readonly args: string;
	readonly result: string;
	/** Attributes in the order of the text form; those with `!` are always there. */
	readonly attrs: readonly string[];
	/**
	 * pure: depends on nothing but its operands. read / write: touches memory. effect: anything at all, stays where it is.
	 * end: ends a block. place: means something only where it stands (phi, param, alloca) but does nothing.
	 */
	readonly does: "pure" | "read" | "write" | "effect" | "end" | "place";
	readonly commutes?: boolean;
}

const arithmetic = { args: "xx", result: "wl", attrs: [], does: "pure" } as const;
const commutative = { ...arithmetic, commutes: true } as const;

export const ops = {
	param: { args: "", result: "wlp", attrs: ["param!", "variable"], does: "place" },
	phi: { args: "*", result: "wlp", attrs: [], does: "place" },
	select: { args: "ixx", result: "wlp", attrs: [], does: "pure" },
	add: { ...commutative, attrs: ["signed"] },
	sub: { ...arithmetic, attrs: ["signed"] },
	mul: { ...commutative, attrs: ["signed"] },
	udiv: arithmetic,
	sdiv: arithmetic,
	umod: arithmetic,
	smod: arithmetic,
	and: commutative,
	or: commutative,
	xor: commutative,
	shl: arithmetic,
	lshr: arithmetic,
	ashr: arithmetic,
	neg: { args: "x", result: "wl", attrs: [], does: "pure" },
	ptradd: { args: "pl", result: "p", attrs: [], does: "pure" },
	ptrtoint: { args: "p", result: "l", attrs: [], does: "pure" },
	inttoptr: { args: "l", result: "p", attrs: [], does: "pure" },
	zext: { args: "w", result: "l", attrs: [], does: "pure" },
	sext: { args: "w", result: "l", attrs: [], does: "pure" },
	trunc: { args: "l", result: "w", attrs: [], does: "pure" },
	sextfrom: { args: "x", result: "wl", attrs: ["bits!"], does: "pure" },
	bswap: { args: "x", result: "wl", attrs: ["bits!"], does: "pure" },
	icmp: { args: "vs", result: "w", attrs: ["pred!"], does: "pure" },
	alloca: { args: "", result: "p", attrs: ["size!", "align!", "variable"], does: "place" },
	global: { args: "", result: "p", attrs: ["global!", "offset"], does: "pure" },
	load: { args: "p", result: "wlp", attrs: ["size!", "align", "signed", "volatile"], does: "read" },
	store: { args: "pv", result: "-", attrs: ["size!", "align", "volatile"], does: "write" },
	memcpy: { args: "ppl?", result: "-", attrs: ["size", "align", "targetAlign", "sourceAlign", "volatile"], does: "write" },
	memmove: { args: "ppl?", result: "-", attrs: ["size", "align", "targetAlign", "sourceAlign", "volatile"], does: "write" },
	memset: { args: "pwl?", result: "-", attrs: ["size", "align", "volatile"], does: "write" },
	memcmp: { args: "ppl?", result: "w", attrs: ["size", "align", "targetAlign", "sourceAlign"], does: "read" },
	/** Folded or refused: eBPF has no such function. With a third operand no more bytes than that are compared. */
	strcmp: { args: "ppl?", result: "w", attrs: [], does: "read" },
	strlen: { args: "p", result: "l", attrs: [], does: "read" },
	lifetime: { args: "p", result: "-", attrs: [], does: "write" },
	isconst: { args: "v", result: "w", attrs: [], does: "pure" },
	atomic: { args: "pi", result: "wl-", attrs: ["rmw!", "size!", "fetch"], does: "effect" },
	cmpxchg: { args: "pxx", result: "wl", attrs: ["size!"], does: "effect" },
	loadacq: { args: "p", result: "wlp", attrs: ["size!"], does: "effect" },
	storerel: { args: "pv", result: "-", attrs: ["size!"], does: "effect" },
	fence: { args: "", result: "-", attrs: [], does: "effect" },
	call: { args: "*", result: "wlp-", attrs: ["callee!", "name"], does: "effect" },
	coreoffset: { args: "p", result: "p", attrs: ["core!"], does: "pure" },
	coreinfo: { args: "", result: "l", attrs: ["core!"], does: "pure" },
	asm: { args: "*", result: "wlp-", attrs: ["asm!"], does: "effect" },
	asmout: { args: "v", result: "wlp", attrs: ["index!"], does: "place" },
	addrspace: { args: "p", result: "p", attrs: ["from!", "to!"], does: "pure" },
	jump: { args: "", result: "-", attrs: [], does: "end" },
	branch: { args: "i", result: "-", attrs: [], does: "end" },
	switch: { args: "i", result: "-", attrs: ["cases!"], does: "end" },
	ret: { args: "v?", result: "-", attrs: [], does: "end" },
	unreachable: { args: "", result: "-", attrs: [], does: "end" },
	asmgoto: { args: "*", result: "wlp-", attrs: ["asm!"], does: "end" },
} as const satisfies Record<Op, OpRow>;

/** The row under its general type. */
export const row = (op: Op): OpRow => ops[op];

/** What `foldOp` may work out from constants alone. Not the question whether something is a constant: its answer comes last. */
export const isComputation = (op: Op): boolean => row(op).does === "pure" && op !== "isconst";

/** Names of attributes without the `!`. */
export const attrNames = (op: Op): readonly (keyof Attr)[] => row(op).attrs.map((name) => name.replace("!", "") as keyof Attr);
