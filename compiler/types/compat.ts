import { canonical, qualifiersOf, type AllQuals } from "./basic.ts";
import type { ArrayType, CType, FunctionType } from "./types.ts";

/**
 * In: two types. Out: whether they are compatible (C11 6.2.7), and the composite of two that are.
 * The one idea: records and enums by identity, everything else by structure; an enum is compatible with its underlying integer.
 */
export function compatible(a: CType, b: CType): boolean {
	if (a === b) return true;
	return sameQuals(qualifiersOf(a), qualifiersOf(b)) && compatibleUnqualified(a, b);
}

function sameQuals(a: AllQuals, b: AllQuals): boolean {
	return (
		a.const === b.const &&
		a.volatile === b.volatile &&
		a.restrict === b.restrict &&
		a.atomic === b.atomic &&
		a.addressSpace === b.addressSpace
	);
}

/** Compatible but for qualifiers at the top. */
export function compatibleUnqualified(a: CType, b: CType): boolean {
	const x = canonical(a);
	const y = canonical(b);
	if (x === y) return true;
	if (x.kind === "enum" && y.kind === "int") return (x.body?.underlying ?? null) === y;
	if (y.kind === "enum" && x.kind === "int") return (y.body?.underlying ?? null) === x;
	if (x.kind !== y.kind) return false;
	switch (x.kind) {
		case "void":
			return true;
		case "int":
		case "float":
			return x.name === (y as typeof x).name;
		case "pointer":
			return compatible(x.target, (y as typeof x).target);
		case "array": {
			const other = y as ArrayType;
			if (x.length !== null && other.length !== null && x.length !== other.length) return false;
			// The elements' qualifiers are the array's, wherever they were said: `qualifiersOf` has them.
			return compatibleUnqualified(x.element, other.element);
		}
		case "function":
			return compatibleFunctions(x, y as FunctionType);
		case "record":
		case "enum":
			return false;
	}
}

function compatibleFunctions(a: FunctionType, b: FunctionType): boolean {
	if (!compatibleUnqualified(a.result, b.result)) return false;
	if (a.unprototyped || b.unprototyped) return true;
	if (a.variadic !== b.variadic || a.params.length !== b.params.length) return false;
	return a.params.every((p, i) => compatibleUnqualified(p.type, b.params[i]!.type));
}

/** Of two compatible types, what both together say (C11 6.2.7p3). `a`'s sugar wins. */
export function composite(a: CType, b: CType): CType {
	if (a === b) return a;
	const x = canonical(a);
	const y = canonical(b);
	if (x.kind === "array" && y.kind === "array") {
		const length = x.length ?? y.length;
		const element = composite(x.element, y.element);
		if (length === x.length && element === x.element) return a;
		return { kind: "array", element, length };
	}
	if (x.kind === "pointer" && y.kind === "pointer") {
		const target = composite(x.target, y.target);
		return target === x.target || a.kind !== "pointer" ? a : { kind: "pointer", target };
	}
	if (x.kind === "function" && y.kind === "function") return compositeFunction(x, y);
	return a;
}

export function compositeFunction(a: FunctionType, b: FunctionType): FunctionType {
	if (b.unprototyped) return a;
	if (a.unprototyped) return { ...b, result: composite(a.result, b.result) };
	return {
		...a,
		result: composite(a.result, b.result),
		params: a.params.map((p, i) => {
			const other = b.params[i];
			if (!other) return p;
			const declTags = [...(p.declTags ?? []), ...(other.declTags ?? []).filter((t) => !p.declTags?.includes(t))];
			return { name: p.name ?? other.name, type: composite(p.type, other.type), ...(declTags.length ? { declTags } : {}) };
		}),
	};
}
