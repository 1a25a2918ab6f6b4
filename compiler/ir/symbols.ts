import type { FunctionSym, ObjectSym, Sym } from "../types/typed.ts";
import type { CType, IntType } from "../types/types.ts";
import type { IrGlobal, Ty } from "./types.ts";

/** Symbols for what a text names (`parse.ts`): made up from names and IR types, since no declarations come with it. */
export class Symbols {
	readonly #globals = new Map<string, IrGlobal>();
	readonly #functions = new Map<string, FunctionSym>();

	add(global: IrGlobal): void {
		this.#globals.set(global.name, global);
	}

	/** A name that nothing defines is a function of somewhere else. */
	get(name: string): IrGlobal | Sym {
		return this.#globals.get(name) ?? this.function(name);
	}

	function(name: string, params: readonly Ty[] = [], result: Ty | null = null): FunctionSym {
		const known = this.#functions.get(name);
		if (known !== undefined) return known;
		const made = functionSym(name, params, result);
		this.#functions.set(name, made);
		return made;
	}
}

const INT: IntType = { kind: "int", name: "int", size: 4, signed: true, rank: 3 };
const LLONG: IntType = { kind: "int", name: "long long", size: 8, signed: true, rank: 5 };
const TYPES: Record<Ty, CType> = { i32: INT, i64: LLONG, ptr: { kind: "pointer", target: { kind: "void" } } };
const SPAN = { from: 0, to: 0 };

const symBase = (name: string) =>
	({ name, span: SPAN, weak: false, visibility: "default", section: null, used: true, declTags: [] }) as const;

export const functionSym = (name: string, params: readonly Ty[], result: Ty | null): FunctionSym => ({
	...symBase(name),
	kind: "function",
	linkage: "extern",
	type: {
		kind: "function",
		result: result === null ? { kind: "void" } : TYPES[result],
		params: params.map((ty) => ({ type: TYPES[ty] })),
		variadic: false,
		unprototyped: false,
	},
	inline: "none",
	naked: false,
	noreturn: false,
	pure: false,
	cold: false,
});

export const objectSym = (name: string): ObjectSym => ({
	...symBase(name),
	kind: "object",
	linkage: "extern",
	type: INT,
	storage: "static",
	align: 4,
	addressTaken: true,
});

/** The type of an object that nothing writes. */
export const READONLY: CType = {
	kind: "qualified",
	const: true,
	volatile: false,
	restrict: false,
	atomic: false,
	addressSpace: 0,
	target: INT,
};

/** The type at which a CO-RE access begins, of which only the name is known. */
export function coreRoot(name: string): CType {
	const [tag, rest] = name.split(" ");
	if ((tag === "struct" || tag === "union") && rest !== undefined) {
		return {
			kind: "record",
			union: tag === "union",
			name: rest === "<anonymous>" ? null : rest,
			body: null,
			preserveAccessIndex: true,
			declTags: [],
			span: null,
		};
	}
	if (tag === "enum" && rest !== undefined) return { kind: "enum", name: rest, body: null, preserveAccessIndex: false, span: null };
	return { kind: "typedef", name, target: INT, declTags: [] };
}
