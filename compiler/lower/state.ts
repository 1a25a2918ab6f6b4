import type { DiagnosticSink, TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Builder } from "../ir/build.ts";
import type { Block, Inst, IrFunction, IrGlobal, Ty, Value } from "../ir/types.ts";
import type { FunctionSym, LExpr, LocalInit, ObjectSym, TExpr, TStmt } from "../types/typed.ts";
import type { CType, IntType, RecordType } from "../types/types.ts";
import { canonical, integerType } from "../types/basic.ts";
import { sizeOf } from "../types/layout.ts";
import type { Origins, Reason } from "./sometimes.ts";

/**
 * What the files of this folder share: the state of one function being lowered, and how C types appear as IR values.
 * A scalar is one IR value; a 128-bit integer is a pair; a record lives in memory and is handed on as a place.
 */
export type BuiltinExpr = TExpr & { readonly kind: "builtin" };
export type CallExpr = TExpr & { readonly kind: "call" };

export interface LowerContext {
	readonly diagnostics: DiagnosticSink;
	/** `-fstrict-aliasing`: accesses say which C object they are of. */
	readonly strictAliasing: boolean;
	/** Signed sums, differences and products do not overflow (`-fwrapv`: they wrap). */
	readonly strictOverflow: boolean;
	/** `-fno-delete-null-pointer-checks`: address 0 may be accessed. */
	readonly nullIsAddress?: boolean;
}

/** State of the unit. */
export interface UnitLowering {
	readonly context: LowerContext;
	global(symbol: ObjectSym): IrGlobal;
	string(bytes: Uint8Array): IrGlobal;
	/** A function that somebody calls or takes the address of. */
	reach(symbol: FunctionSym): void;
	refuse(code: string, message: string, span: TokenSpan): void;
}

/** A storage location. */
export interface Place {
	readonly base: Value;
	readonly type: CType;
	/** What is known of the address, in bytes. */
	readonly align: number;
	readonly volatile: boolean;
	/** Address space of `base` when it is not the ordinary one: the pointer is cast where memory is accessed. */
	readonly space?: number;
	/** A bit-field: `base` is where its record starts; `size` that record's size, `align` its alignment. */
	readonly bits?: { readonly offset: number; readonly width: number; readonly size: number };
	/** A bit-field of a CO-RE access: the storage unit is at `base`, of so many bytes. */
	readonly unit?: number;
	/** The member's outermost structure; absent: the place was not reached by naming a member. */
	readonly within?: { readonly record: RecordType; readonly offset: number };
	/** Reached through a union: its bytes may be accessed as anything. */
	readonly punned?: boolean;
}

export interface Wide {
	readonly lo: Value;
	readonly hi: Value;
}

export interface Targets {
	readonly break: Block | null;
	readonly continue: Block | null;
}

/** State of the function, and the ways into the other files (they call each other through here). */
export interface Lowering {
	readonly unit: UnitLowering;
	readonly fn: IrFunction;
	readonly b: Builder;
	targets: Targets;
	readonly cases: Map<number, Block>;
	readonly labels: Map<string, Block>;
	/** Labels whose address is taken; the address is the position + 1. */
	readonly addressed: string[];
	/** For warnings. */
	readonly origins: Origins;
	readonly computedGotos: { readonly block: Block; readonly value: Value }[];
	/** Where a record result goes. */
	readonly result: { readonly type: CType; readonly indirect: Value | null };

	/** A scalar of up to 64 bits. */
	value(expr: TExpr): Value;
	wide(expr: TExpr): Wide;
	/** A record or array; written to `into` when given. */
	aggregate(expr: TExpr, into?: Place): Place;
	/** For what it does; the value is not used. */
	effect(expr: TExpr): void;
	/** Ends the block by a branch. */
	condition(expr: TExpr, then: Block, otherwise: Block, why?: Reason): void;
	place(expr: LExpr): Place;
	initialise(place: Place, init: LocalInit): void;
	statement(stmt: TStmt): void;
	builtin(expr: BuiltinExpr, used: boolean): Value;
	call(expr: CallExpr, into: Place | null): Value | Place | null;
	/** The stack slot of a local variable. */
	slot(symbol: ObjectSym): Inst;
	newSlot(size: number, align: number, variable: string): Inst;
	refuse(code: string, message: string, span: TokenSpan): Value;
	/** Asks once whether an element is one of its array's. `address`: only its address is taken. */
	inBounds(element: LExpr & { readonly kind: "element" }, address: boolean): void;
}

export type Shape =
	| { readonly kind: "void" }
	| { readonly kind: "int"; readonly type: IntType }
	| { readonly kind: "wide"; readonly type: IntType }
	| { readonly kind: "pointer" }
	| { readonly kind: "float" }
	| { readonly kind: "memory"; readonly size: number };

export function shapeOf(type: CType): Shape {
	const t = canonical(type);
	switch (t.kind) {
		case "void":
			return { kind: "void" };
		case "float":
			return { kind: "float" };
		case "pointer":
		case "function":
			return { kind: "pointer" };
		case "array":
		case "record":
			return { kind: "memory", size: sizeOf(t) };
		default: {
			const int = integerType(t)!;
			return { kind: int.size === 16 ? "wide" : "int", type: int };
		}
	}
}

/** The IR type of a scalar. */
export function tyOf(type: CType): Ty {
	const shape = shapeOf(type);
	if (shape.kind === "pointer") return "ptr";
	if (shape.kind === "int") return shape.type.size === 8 ? "i64" : "i32";
	return shape.kind === "wide" ? "i64" : "i32";
}

export const isSigned = (type: CType): boolean => integerType(type)?.signed ?? false;

export const isWide = (type: CType): boolean => shapeOf(type).kind === "wide";

export const isMemory = (type: CType): boolean => shapeOf(type).kind === "memory";
