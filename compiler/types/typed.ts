import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { CType, EnumType, FunctionType, Member, RecordType } from "./types.ts";

/**
 * The typed tree: what the checker makes of the syntax tree and lowering reads. Everything is decided here:
 * names are symbols, conversions are explicit nodes, constants are folded where C demands it, sizes are numbers.
 * An expression is an lvalue exactly when its kind is in `LExpr`; reading one is an explicit `load`.
 */
export interface TypedUnit {
	/** Every function and object that a definition reaches, in source order; declarations that nothing uses are not here. */
	readonly functions: readonly FunctionSym[];
	readonly objects: readonly ObjectSym[];
	/** Types that BTF must hold although no symbol uses them. */
	readonly extraTypes: readonly CType[];
	readonly fileAsm: readonly { readonly text: string; readonly span: TokenSpan }[];
}

// ── symbols ─────────────────────────────────────────────────────────────────────────────────────

export type Sym = FunctionSym | ObjectSym;

interface SymBase {
	readonly name: string;
	readonly span: TokenSpan;
	/** "static": local to the unit; "extern": declared, not defined here. */
	linkage: "static" | "global" | "extern" | "none";
	weak: boolean;
	visibility: "default" | "hidden" | "protected" | "internal";
	/** `SEC("...")`; null: the default place. */
	section: string | null;
	/** `__attribute__((used))`, or anything else that keeps it. */
	used: boolean;
	declTags: readonly string[];
	/** `__attribute__((unused))`: no warning. */
	unused?: boolean;
	/** `__attribute__((deprecated("why")))`. */
	deprecated?: string;
	/** `asm("label")`. */
	asmLabel?: string;
}

export interface FunctionSym extends SymBase {
	readonly kind: "function";
	type: FunctionType;
	inline: "always" | "hint" | "never" | "none";
	naked: boolean;
	noreturn: boolean;
	pure: boolean;
	cold: boolean;
	warnUnused?: boolean;
	/** `error("why")`, `warning("why")`: what calls of it are. */
	complaint?: { readonly severity: "error" | "warning"; readonly text: string };
	/** Absent: declared only. */
	body?: FunctionBody;
}

export interface FunctionBody {
	readonly params: readonly ObjectSym[];
	readonly statements: readonly TStmt[];
	/** The closing brace, for the line of an implicit return. */
	readonly end: TokenSpan;
	/** Scopes with their locals, for debug info. */
	readonly locals: readonly ObjectSym[];
}

/** The section of string literals, which lie side by side and may be merged. */
export const LITERALS = ".rodata.str1.1";

export interface ObjectSym extends SymBase {
	readonly kind: "object";
	/** Completed: `int a[] = {1,2}` has length 2 here. */
	type: CType;
	/** "static" also for function-local statics and compound literals at file scope. */
	storage: "local" | "param" | "static";
	/** In bytes: of the type, or more by attribute. */
	align: number;
	/** For static storage; absent: zero (a definition) or extern. */
	init?: StaticInit;
	/** Its address is used by more than direct loads and stores of the whole. */
	addressTaken: boolean;
	/** `register long r1 asm("r1")`. */
	register?: string;
	/** A string literal that a static initialiser points to: no symbol of its own in BTF. */
	readonly literal?: true;
	/** Function that a static local belongs to; its object symbol is `function.name`. */
	ownerFunction?: string;
}

/** The bytes of an initialised object, with the addresses to fill in. */
export interface StaticInit {
	readonly bytes: Uint8Array;
	readonly relocs: readonly { readonly offset: number; readonly symbol: Sym; readonly addend: number }[];
}

// ── expressions ─────────────────────────────────────────────────────────────────────────────────

interface ExprBase {
	readonly type: CType;
	readonly span: TokenSpan;
}

export type TExpr =
	/** Integer or null pointer constant; the value is already wrapped to the type, sign included. */
	| (ExprBase & {
			readonly kind: "int";
			readonly value: bigint;
			/** Of an enumerator that stands by itself. */
			readonly enumeration?: EnumType;
	  })
	/** Folds away or ends in a static initialiser; anything else that needs one is refused by the checker. */
	| (ExprBase & { readonly kind: "float"; readonly value: number })
	| (ExprBase & { readonly kind: "load"; readonly from: LExpr; readonly volatile: boolean })
	/** Arrays decay and `&x`: the address of an lvalue or function. */
	| (ExprBase & { readonly kind: "address"; readonly of: LExpr })
	| (ExprBase & { readonly kind: "function-address"; readonly symbol: FunctionSym })
	/** integer↔integer, integer↔pointer, pointer↔pointer, to void, to _Bool (a compare with 0), address spaces. The operand's and own type tell which. */
	| (ExprBase & { readonly kind: "convert"; readonly operand: TExpr; readonly explicit: boolean })
	| (ExprBase & { readonly kind: "unary"; readonly op: "-" | "~" | "!"; readonly operand: TExpr })
	/** Both operands have the result's type (shifts: the left one). Signedness is the type's. */
	| (ExprBase & {
			readonly kind: "binary";
			readonly op: "*" | "/" | "%" | "+" | "-" | "<<" | ">>" | "&" | "^" | "|";
			readonly left: TExpr;
			readonly right: TExpr;
	  })
	/** Operands have one type (integers or pointers), the result is int. */
	| (ExprBase & {
			readonly kind: "compare";
			readonly op: "<" | ">" | "<=" | ">=" | "==" | "!=";
			readonly left: TExpr;
			readonly right: TExpr;
	  })
	| (ExprBase & { readonly kind: "logical"; readonly op: "&&" | "||"; readonly left: TExpr; readonly right: TExpr })
	/** pointer ± index·scale; the index is converted to a 64-bit integer. */
	| (ExprBase & {
			readonly kind: "pointer-add";
			readonly pointer: TExpr;
			readonly index: TExpr;
			readonly scale: number;
			readonly subtract: boolean /** `p[2].x` with a constant index within a CO-RE access: the index is the access's first step. */;
			readonly preserve?: boolean;
	  })
	| (ExprBase & { readonly kind: "pointer-diff"; readonly left: TExpr; readonly right: TExpr; readonly scale: number })
	/** `then` absent: GNU `a ?: b`, the condition's value is the result. */
	| (ExprBase & { readonly kind: "conditional"; readonly condition: TExpr; readonly then?: TExpr; readonly else: TExpr })
	| (ExprBase & { readonly kind: "comma"; readonly left: TExpr; readonly right: TExpr })
	| (ExprBase & { readonly kind: "assign"; readonly target: LExpr; readonly value: TExpr })
	/** `target = (T)((C)target op value)` with the target evaluated once; `post`: the result is the old value. For pointers `scale` is the element size. */
	| (ExprBase & {
			readonly kind: "update";
			readonly op: "*" | "/" | "%" | "+" | "-" | "<<" | ">>" | "&" | "^" | "|";
			readonly target: LExpr;
			readonly value: TExpr;
			readonly compute: CType;
			readonly scale: number;
			readonly post: boolean;
	  })
	| (ExprBase & { readonly kind: "call"; readonly callee: Callee; readonly args: readonly TExpr[]; readonly fnType: FunctionType })
	/** See `compiler/builtins/`: each one has a typing rule and a lowering under this name. */
	| (ExprBase & { readonly kind: "builtin"; readonly name: string; readonly args: readonly TExpr[]; readonly typeArgs: readonly CType[] })
	/** The value of the last expression statement, or void. */
	| (ExprBase & { readonly kind: "statement-expression"; readonly body: readonly TStmt[]; readonly result?: TExpr })
	/** __builtin_preserve_field_info and friends, __builtin_btf_type_id, …: one CO-RE relocation whose value is the result. */
	| (ExprBase & { readonly kind: "core-info"; readonly core: CoreAccess; readonly relo: CoreReloKind })
	/** `__builtin_preserve_access_index(e)`: the accesses inside have `preserve` set already. */
	| (ExprBase & { readonly kind: "label-address"; readonly label: string });

/** A record or array valued expression is used only as an lvalue, a call result, a conditional's arm, or copied by `assign`. */
export type LExpr =
	| (ExprBase & { readonly kind: "variable"; readonly symbol: ObjectSym })
	| (ExprBase & { readonly kind: "deref"; readonly pointer: TExpr })
	/** `preserve`: this step belongs to a CO-RE access; consecutive preserved steps make one relocation. */
	| (ExprBase & {
			readonly kind: "member";
			readonly base: LExpr;
			readonly record: RecordType;
			readonly member: Member /** Index in record.body.members. */;
			readonly index: number;
			readonly preserve: boolean;
	  })
	/** `base` is an array lvalue; for pointers the checker writes deref(pointer-add). */
	| (ExprBase & { readonly kind: "element"; readonly base: LExpr; readonly index: TExpr; readonly preserve: boolean })
	| (ExprBase & { readonly kind: "string" /** With the terminator. */; readonly bytes: Uint8Array })
	/** Storage of its own, initialised when reached. */
	| (ExprBase & { readonly kind: "compound-literal"; readonly symbol: ObjectSym; readonly init: LocalInit })
	/** A record rvalue (call, assignment, conditional, statement expression) that is looked into: `f().x`. */
	| (ExprBase & { readonly kind: "materialize"; readonly value: TExpr })
	/** A comma or conditional kept as an lvalue after its side effects. */
	| (ExprBase & { readonly kind: "sequenced"; readonly first: TExpr; readonly then: LExpr });

export type Callee =
	| { readonly kind: "function"; readonly symbol: FunctionSym }
	/** A helper: a constant function pointer, `static void *(*const bpf_map_lookup_elem)(…) = (void *) 1`. */
	| { readonly kind: "helper"; readonly id: number; readonly name: string }
	/** Anything else: an error unless lowering finds out what it is. */
	| { readonly kind: "indirect"; readonly pointer: TExpr };

/** enum bpf_core_relo_kind (include/uapi/linux/bpf.h). */
export type CoreReloKind = number;

/** A root type and the way from it: `access` is "0:1:2" as in struct bpf_core_relo. */
export interface CoreAccess {
	readonly root: CType;
	readonly access: string;
	/** The value that the relocation has with the types as compiled. */
	readonly value: bigint;
}

// ── statements ──────────────────────────────────────────────────────────────────────────────────

interface StmtBase {
	readonly span: TokenSpan;
}

export type TStmt =
	| (StmtBase & { readonly kind: "expr"; readonly expr: TExpr })
	/** Automatic variable comes into scope. */
	| (StmtBase & { readonly kind: "local"; readonly symbol: ObjectSym; readonly init?: LocalInit })
	| (StmtBase & { readonly kind: "block"; readonly body: readonly TStmt[] })
	| (StmtBase & { readonly kind: "if"; readonly condition: TExpr; readonly then: TStmt; readonly else?: TStmt })
	/** `unroll`: 0 full, 1 disabled, n by count; absent: the optimiser decides. */
	| (StmtBase & {
			readonly kind: "loop";
			readonly test: "before" | "after";
			readonly condition?: TExpr;
			readonly step?: TExpr;
			readonly body: TStmt;
			readonly for?: true;
			readonly unroll?: number;
	  })
	/** `cases[i].body` is found as a `case` statement with that id within `body`. */
	| (StmtBase & {
			readonly kind: "switch";
			readonly value: TExpr;
			readonly cases: readonly { readonly from: bigint; readonly to: bigint; readonly id: number }[];
			readonly defaultId?: number;
			readonly body: TStmt;
	  })
	| (StmtBase & { readonly kind: "case"; readonly id: number; readonly body: TStmt })
	/** Names are unique in the function (`__label__` ones renamed). */
	| (StmtBase & { readonly kind: "label"; readonly name: string; readonly body: TStmt })
	| (StmtBase & { readonly kind: "goto"; readonly label: string })
	| (StmtBase & { readonly kind: "computed-goto"; readonly target: TExpr })
	| (StmtBase & { readonly kind: "break" | "continue" })
	| (StmtBase & { readonly kind: "return"; readonly value?: TExpr })
	| TAsm;

export interface LocalInit {
	/** Zero the whole object first. */
	readonly zero: boolean;
	/** In order; offsets in bytes from the object's start. Records and arrays may be stored whole (copy). Char arrays: `bytes`. */
	readonly stores: readonly LocalStore[];
}

export type LocalStore =
	| {
			readonly kind: "value";
			readonly offset: number;
			readonly type: CType;
			readonly value: TExpr;
			readonly bits?: { readonly bitOffset: number; readonly bitWidth: number };
	  }
	| { readonly kind: "bytes"; readonly offset: number; readonly bytes: Uint8Array };

export interface TAsm extends StmtBase {
	readonly kind: "asm";
	readonly volatile: boolean;
	readonly template: string;
	/** Constraint without `=`/`+`. "+" operands appear here with `inout`, and not again among the inputs. */
	readonly outputs: readonly {
		readonly name?: string;
		readonly constraint: string;
		readonly inout: boolean;
		readonly earlyClobber: boolean;
		readonly target: LExpr;
	}[];
	readonly inputs: readonly {
		readonly name?: string;
		readonly constraint: string;
		readonly value: TExpr /** For "m" and friends. */;
		readonly lvalue?: LExpr /** Matching constraint "0". */;
		readonly matches?: number;
	}[];
	readonly clobbers: readonly string[];
	readonly labels: readonly string[];
}
