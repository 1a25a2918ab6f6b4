import type { Diagnostic, DiagnosticSink, TokenSpan } from "../diagnostics/diagnostic.ts";
import type { CompoundStmt, Declaration, Expr, InitList, Initializer, RecordSpec, Stmt, TypeName } from "../grammar/ast.ts";
import type { ParsedUnit } from "../grammar/unit.ts";
import type { DiagnosticRow } from "../diagnostics/table.ts";
import { CODES, type CodeName } from "./codes.ts";
import type { FileScope } from "./file-scope.ts";
import type { Operand } from "./operand.ts";
import { Scope } from "./scope.ts";
import type { LExpr, LocalInit, ObjectSym, StaticInit, Sym, TExpr, TStmt } from "./typed.ts";
import type { EnumBody } from "./lazy.ts";
import type { CType, RecordBody, RecordType, TypedefType } from "./types.ts";

export interface CheckOptions {
	readonly sink: DiagnosticSink;
	/** -std=c23 and later: true, false and nullptr are keywords. */
	readonly c23?: boolean;
	/** -std=c89, gnu89: what has no type is int, and what is called is declared. */
	readonly c89?: boolean;
}

/**
 * What every rule of the checker gets besides its node. The checker is a knot by nature (expressions hold statements, types hold
 * expressions); `rules` ties it, so that no file needs to import the ones that import it.
 */
export interface Cx {
	readonly unit: ParsedUnit;
	readonly sink: DiagnosticSink;
	readonly rules: Rules;
	readonly file: FileScope;
	readonly c23: boolean;
	readonly c89: boolean;
	/** null at file scope. */
	scope: Scope | null;
	fn: FunctionState | null;
	/** What the definition under check reaches. */
	refs: Set<Sym>;
	/** Within sizeof, typeof, _Generic's control …: nothing there is emitted. */
	unevaluated: boolean;
	/** Within __builtin_preserve_access_index. */
	preserve: boolean;
	/** Within the initialiser of a static object: compound literals are static, too. */
	constantInit: boolean;
	/** Values of const integer variables, which clang folds where a constant is wanted. */
	readonly constants: Map<ObjectSym, bigint>;
	/** How deep rules call each other; a limit ends what would overflow the stack. */
	depth: number;
	/** Addresses of members of packed records, taken in the statement under check. */
	readonly misaligned: Misaligned[];
	/** For names of compound literals and other objects without one. */
	counter: number;
}

/** The address of a member that may lie anywhere (`packed.ts`). */
export interface Misaligned {
	readonly place: LExpr;
	/** What is true of its address; 0: whatever becomes of it, it is told. */
	readonly align: number;
	readonly message: string;
}

/** What a function's statements share. */
export interface FunctionState {
	readonly name: string;
	readonly result: CType;
	readonly noreturn: boolean;
	readonly naked: boolean;
	readonly locals: ObjectSym[];
	readonly statics: ObjectSym[];
	/** Declared within the function and not yet named. */
	readonly typedefs: Map<TypedefType, TokenSpan>;
	/** Declared `register`: their address cannot be taken. */
	readonly registers: Set<ObjectSym>;
	readonly labels: Labels;
	/** Innermost last. */
	readonly breakables: Breakable[];
	/** Cleanup attributes in force, innermost last. */
	readonly cleanups: Cleanup[];
	/** Objects that something reads or takes the address of. */
	readonly used: Set<ObjectSym>;
	/** How often each was named, less the statements that only assign to it. */
	readonly uses: Map<ObjectSym, number>;
	/** Where it computes with floating-point numbers. */
	readonly floats: TokenSpan[];
	nextCase: number;
}

export interface Labels {
	/** `__label__` names in force, innermost last, and what they are renamed to. */
	readonly renamed: Map<string, string>[];
	readonly defined: Map<
		string,
		{ readonly span: TokenSpan; readonly source: string; readonly unused: boolean; readonly cleanups: readonly Cleanup[] }
	>;
	readonly uses: {
		readonly name: string;
		readonly source: string;
		readonly span: TokenSpan;
		readonly patch: TStmt[] | null;
		readonly cleanups: readonly Cleanup[];
	}[];
}

/** `__attribute__((cleanup(f)))`: what is called when the variable goes out of scope. */
export interface Cleanup {
	readonly call: () => TStmt;
}

export interface Breakable {
	readonly kind: "loop" | "switch";
	readonly cleanupDepth: number;
	readonly switch?: SwitchState;
}

export interface SwitchState {
	readonly type: CType;
	readonly cases: { readonly from: bigint; readonly to: bigint; readonly id: number; readonly span: TokenSpan }[];
	defaultId?: number;
	defaultSpan?: TokenSpan;
}

export interface Rules {
	expr(cx: Cx, e: Expr): Operand;
	typeName(cx: Cx, t: TypeName): CType;
	measuredName(cx: Cx, t: TypeName): { type: CType; size: TExpr | null };
	block(cx: Cx, block: CompoundStmt): TStmt[];
	/** A statement expression's body: the last expression statement is its value. */
	valueBlock(cx: Cx, block: CompoundStmt): { readonly statements: TStmt[]; readonly result?: TExpr };
	/** Runs `body` within the current function, or within a nameless one where there is none (typeof at file scope). */
	withFunction<T>(cx: Cx, body: () => T): T;
	stmt(cx: Cx, stmt: Stmt): TStmt[];
	localDeclaration(cx: Cx, decl: Declaration): TStmt[];
	/** Initialises automatic storage; completes `type` when its length comes from the initialiser. */
	localInit(cx: Cx, init: Initializer, type: CType, span: TokenSpan): { readonly type: CType; readonly init: LocalInit };
	staticInit(cx: Cx, init: Initializer, type: CType, span: TokenSpan): { readonly type: CType; readonly init: StaticInit | undefined };
	/** The type of a struct or union specifier. */
	record(cx: Cx, spec: RecordSpec): RecordType;
	/** What `struct|union|enum name` at file scope is defined as; asked for once, when the definition is first needed. */
	recordBody(cx: Cx, union: boolean, name: string): RecordBody | null;
	enumBody(cx: Cx, name: string): EnumBody | null;
	/** Declares what file scope knows under a name, if anything. */
	resolve(cx: Cx, name: string): void;
	compoundLiteral(cx: Cx, type: CType, init: InitList, span: TokenSpan): Operand;
}

// ── diagnostics ─────────────────────────────────────────────────────────────────────────────────

export interface Note {
	readonly message: string;
	readonly span: TokenSpan | null;
}

export function report(
	cx: Cx,
	name: CodeName,
	span: TokenSpan | null,
	message: string,
	notes?: readonly Note[],
	fix?: Diagnostic["fix"],
): void {
	cx.sink.report(diagnostic(name, span, message, notes, fix));
}

/** Of an error that can be made a warning: whether it was. What is wrong has a meaning then, and is compiled. */
export function reportAllowed(cx: Cx, ...said: Parameters<typeof diagnostic>): boolean {
	const made = diagnostic(...said);
	cx.sink.report(made);
	return cx.sink.isError?.(made) === false;
}

function diagnostic(name: CodeName, span: TokenSpan | null, message: string, notes?: readonly Note[], fix?: Diagnostic["fix"]): Diagnostic {
	const row: DiagnosticRow = CODES[name];
	return {
		code: row.code,
		severity: row.severity,
		...(row.group ? { group: row.group } : {}),
		message,
		span,
		...(notes?.length ? { notes } : {}),
		...(fix ? { fix } : {}),
	};
}

/** Runs `body` in a new block scope. */
export function inScope<T>(cx: Cx, body: (scope: Scope) => T): T {
	const outer = cx.scope;
	cx.scope = new Scope(outer);
	try {
		return body(cx.scope);
	} finally {
		cx.scope = outer;
	}
}

/** Runs `body` where nothing is evaluated: what it names is not reached. */
export function unevaluated<T>(cx: Cx, body: () => T): T {
	const before = cx.unevaluated;
	cx.unevaluated = true;
	try {
		return body();
	} finally {
		cx.unevaluated = before;
	}
}

/** Runs `body` as if it stood outside every function. */
export function atFileScope<T>(cx: Cx, body: () => T, refs: Set<Sym> = new Set()): T {
	const { scope, fn, unevaluated, preserve, constantInit } = cx;
	const outer = cx.refs;
	cx.scope = null;
	cx.fn = null;
	cx.refs = refs;
	cx.unevaluated = false;
	cx.preserve = false;
	cx.constantInit = false;
	try {
		return body();
	} finally {
		Object.assign(cx, { scope, fn, unevaluated, preserve, constantInit, refs: outer });
	}
}

export function reach(cx: Cx, symbol: Sym): void {
	if (!cx.unevaluated) cx.refs.add(symbol);
}
