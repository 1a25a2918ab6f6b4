import type { TokenSpan } from "../diagnostics/diagnostic.ts";

/**
 * The syntax tree: what the grammar says and nothing that it does not. No types, no scopes beyond typedef-or-not.
 * Each node carries the tokens that it spans.
 */
interface Node {
	readonly span: TokenSpan;
}

// ── declarations ────────────────────────────────────────────────────────────────────────────────

export type ExternalDecl = Declaration | FunctionDef | StaticAssert | FileAsm;

export interface Declaration extends Node {
	readonly kind: "declaration";
	readonly specs: DeclSpecs;
	readonly declarators: readonly InitDeclarator[];
}

export interface InitDeclarator extends Node {
	readonly declarator: Declarator;
	/** `asm("name")` after the declarator. */
	readonly asmLabel?: string;
	readonly attrs: readonly Attribute[];
	readonly init?: Initializer;
}

export interface FunctionDef extends Node {
	readonly kind: "function";
	readonly specs: DeclSpecs;
	readonly declarator: Declarator;
	readonly attrs: readonly Attribute[];
	readonly body: CompoundStmt;
}

export interface StaticAssert extends Node {
	readonly kind: "static-assert";
	readonly condition: Expr;
	readonly message?: string;
}

export interface FileAsm extends Node {
	readonly kind: "file-asm";
	readonly text: string;
}

export interface DeclSpecs extends Node {
	readonly storage: readonly ("typedef" | "extern" | "static" | "auto" | "register" | "_Thread_local")[];
	readonly functionSpecs: readonly ("inline" | "_Noreturn")[];
	readonly quals: Qualifiers;
	readonly type: TypeSpec;
	readonly attrs: readonly Attribute[];
	readonly alignas: readonly (Expr | TypeName)[];
}

export interface Qualifiers {
	readonly const: boolean;
	readonly volatile: boolean;
	readonly restrict: boolean;
	readonly atomic: boolean;
}

export type TypeSpec =
	/** Words in source order: ["unsigned", "long", "int"]. Empty: no type was written (implicit int, an error). */
	| (Node & { readonly kind: "builtin"; readonly words: readonly string[] })
	| (Node & { readonly kind: "typedef-name"; readonly name: string })
	| RecordSpec
	| EnumSpec
	| (Node & { readonly kind: "typeof-expr"; readonly expr: Expr; readonly unqual: boolean })
	| (Node & { readonly kind: "typeof-type"; readonly type: TypeName; readonly unqual: boolean })
	| (Node & { readonly kind: "atomic-type"; readonly type: TypeName })
	| (Node & { readonly kind: "auto-type" });

export interface RecordSpec extends Node {
	readonly kind: "record";
	readonly union: boolean;
	readonly name?: string;
	/** Absent: a reference or forward declaration. */
	readonly members?: readonly (MemberDecl | StaticAssert)[];
	readonly attrs: readonly Attribute[];
}

export interface MemberDecl extends Node {
	readonly kind: "member";
	readonly specs: DeclSpecs;
	/** None: an anonymous struct or union member. */
	readonly declarators: readonly MemberDeclarator[];
}

export interface MemberDeclarator extends Node {
	/** Absent for an unnamed bit-field. */
	readonly declarator?: Declarator;
	readonly bits?: Expr;
	readonly attrs: readonly Attribute[];
}

export interface EnumSpec extends Node {
	readonly kind: "enum";
	readonly name?: string;
	/** C23 `enum E : type`. */
	readonly underlying?: TypeName;
	readonly enumerators?: readonly (Node & { readonly name: string; readonly value?: Expr; readonly attrs: readonly Attribute[] })[];
	readonly attrs: readonly Attribute[];
}

/** Read outside in: `int *a[3]` is pointer(array(name)) turned the way C writes it: the innermost node is the name. */
export type Declarator =
	/** Name absent in abstract declarators. */
	| (Node & { readonly kind: "name"; readonly name?: string })
	| (Node & { readonly kind: "pointer"; readonly quals: Qualifiers; readonly attrs: readonly Attribute[]; readonly inner: Declarator })
	| (Node & {
			readonly kind: "array";
			readonly inner: Declarator;
			readonly length?: Expr;
			readonly static: boolean;
			readonly quals: Qualifiers;
	  })
	| (Node & {
			readonly kind: "function";
			readonly inner: Declarator;
			readonly params: readonly ParamDecl[];
			readonly variadic: boolean /** `()` */;
			readonly unprototyped: boolean;
	  })
	/** `(__attribute__((x)) *f)`: attributes in the midst. */
	| (Node & { readonly kind: "attributed"; readonly attrs: readonly Attribute[]; readonly inner: Declarator });

export interface ParamDecl extends Node {
	readonly specs: DeclSpecs;
	readonly declarator: Declarator;
	readonly attrs: readonly Attribute[];
}

export interface TypeName extends Node {
	readonly kind: "type-name";
	readonly specs: DeclSpecs;
	readonly declarator: Declarator;
}

/** `__attribute__((name(args)))` or `[[ns::name(args)]]`; underscores around the name are taken off: "always_inline". */
export interface Attribute extends Node {
	readonly name: string;
	readonly args: readonly AttributeArg[];
}

export type AttributeArg = Expr | TypeName;

export type Initializer = Expr | InitList;

export interface InitList extends Node {
	readonly kind: "init-list";
	readonly items: readonly (Node & { readonly designators: readonly Designator[]; readonly value: Initializer })[];
}

export type Designator =
	| (Node & { readonly kind: "field"; readonly name: string })
	| (Node & { readonly kind: "index"; readonly from: Expr /** GNU `[a ... b]` */; readonly to?: Expr });

// ── statements ──────────────────────────────────────────────────────────────────────────────────

export type Stmt =
	| CompoundStmt
	| (Node & { readonly kind: "expr"; readonly expr: Expr; readonly attrs: readonly Attribute[] })
	| (Node & { readonly kind: "empty" /** `__attribute__((fallthrough));` */; readonly attrs: readonly Attribute[] })
	| (Node & { readonly kind: "if"; readonly condition: Expr; readonly then: Stmt; readonly else?: Stmt })
	| (Node & { readonly kind: "switch"; readonly value: Expr; readonly body: Stmt })
	| (Node & { readonly kind: "case"; readonly from: Expr; readonly to?: Expr; readonly body: Stmt })
	| (Node & { readonly kind: "default"; readonly body: Stmt })
	| (Node & { readonly kind: "label"; readonly name: string; readonly attrs: readonly Attribute[]; readonly body: Stmt })
	| (Node & { readonly kind: "while"; readonly condition: Expr; readonly body: Stmt; readonly loop?: LoopPragma })
	| (Node & { readonly kind: "do"; readonly body: Stmt; readonly condition: Expr; readonly loop?: LoopPragma })
	| (Node & {
			readonly kind: "for";
			readonly init?: Declaration | Expr;
			readonly condition?: Expr;
			readonly step?: Expr;
			readonly body: Stmt;
			readonly loop?: LoopPragma;
	  })
	| (Node & { readonly kind: "goto"; readonly label: string })
	| (Node & { readonly kind: "computed-goto"; readonly target: Expr })
	| (Node & { readonly kind: "break" | "continue" })
	| (Node & { readonly kind: "return"; readonly value?: Expr })
	| (Node & { readonly kind: "decl"; readonly decl: Declaration })
	/** GNU nested functions are refused by the checker, `_Static_assert` is fine. */
	| (Node & { readonly kind: "static-assert-stmt"; readonly assert: StaticAssert })
	/** `__label__ a, b;` */
	| (Node & { readonly kind: "local-labels"; readonly names: readonly string[] })
	| AsmStmt;

export interface CompoundStmt extends Node {
	readonly kind: "compound";
	readonly body: readonly Stmt[];
}

/** `#pragma unroll`, `#pragma clang loop unroll(...)`, GCC unroll: 0 = full, 1 = disable, n = count. */
export interface LoopPragma {
	readonly unroll: number;
}

export interface AsmStmt extends Node {
	readonly kind: "asm";
	readonly volatile: boolean;
	readonly goto: boolean;
	/** The adjacent string literals joined. */
	readonly template: string;
	readonly outputs: readonly AsmOperand[];
	readonly inputs: readonly AsmOperand[];
	readonly clobbers: readonly string[];
	readonly labels: readonly string[];
}

export interface AsmOperand extends Node {
	readonly name?: string;
	readonly constraint: string;
	readonly expr: Expr;
}

// ── expressions ─────────────────────────────────────────────────────────────────────────────────

export type Expr =
	| (Node & { readonly kind: "identifier"; readonly name: string })
	/** The spelling: "0x10UL", "1.5f", "'a'", "L'x'". */
	| (Node & { readonly kind: "number"; readonly text: string })
	| (Node & { readonly kind: "char"; readonly text: string })
	/** Adjacent literals, spellings with quotes and prefix. */
	| (Node & { readonly kind: "string"; readonly parts: readonly string[] })
	| (Node & { readonly kind: "unary"; readonly op: UnaryOp; readonly operand: Expr })
	| (Node & { readonly kind: "postfix"; readonly op: "++" | "--"; readonly operand: Expr })
	| (Node & {
			readonly kind: "binary";
			readonly op: BinaryOp;
			readonly left: Expr;
			readonly right: Expr /** The operator's token. */;
			readonly at: number;
	  })
	| (Node & { readonly kind: "assign"; readonly op: AssignOp; readonly target: Expr; readonly value: Expr; readonly at: number })
	/** GNU `a ?: b` has no `then`. */
	| (Node & { readonly kind: "conditional"; readonly condition: Expr; readonly then?: Expr; readonly else: Expr })
	| (Node & { readonly kind: "comma"; readonly left: Expr; readonly right: Expr })
	| (Node & { readonly kind: "cast"; readonly type: TypeName; readonly operand: Expr })
	| (Node & { readonly kind: "compound-literal"; readonly type: TypeName; readonly init: InitList })
	| (Node & { readonly kind: "call"; readonly callee: Expr; readonly args: readonly Expr[] })
	| (Node & { readonly kind: "index"; readonly base: Expr; readonly index: Expr })
	| (Node & {
			readonly kind: "member";
			readonly base: Expr;
			readonly name: string;
			readonly arrow: boolean /** The name's token. */;
			readonly at: number;
	  })
	| (Node & { readonly kind: "sizeof-expr" | "alignof-expr"; readonly operand: Expr })
	| (Node & { readonly kind: "sizeof-type" | "alignof-type"; readonly type: TypeName })
	| (Node & {
			readonly kind: "generic";
			readonly control: Expr | TypeName;
			readonly cases: readonly (Node & { /** Absent: default. */ readonly type?: TypeName; readonly value: Expr })[];
	  })
	| (Node & { readonly kind: "statement"; readonly body: CompoundStmt })
	/** GNU `&&label`. */
	| (Node & { readonly kind: "label-address"; readonly label: string })
	| (Node & { readonly kind: "offsetof"; readonly type: TypeName; readonly path: readonly Designator[] })
	| (Node & { readonly kind: "types-compatible"; readonly left: TypeName; readonly right: TypeName })
	| (Node & { readonly kind: "choose"; readonly condition: Expr; readonly then: Expr; readonly else: Expr })
	| (Node & { readonly kind: "va-arg"; readonly list: Expr; readonly type: TypeName })
	/** A builtin whose argument may be a type: `__builtin_preserve_type_info(*(T *)0, 0)` is an ordinary call; `__builtin_btf_type_id` too. */
	| (Node & { readonly kind: "type-argument"; readonly type: TypeName });

export type UnaryOp = "+" | "-" | "~" | "!" | "*" | "&" | "++" | "--" | "__extension__" | "__real__" | "__imag__";
export type BinaryOp = "*" | "/" | "%" | "+" | "-" | "<<" | ">>" | "<" | ">" | "<=" | ">=" | "==" | "!=" | "&" | "^" | "|" | "&&" | "||";
export type AssignOp = "=" | "*=" | "/=" | "%=" | "+=" | "-=" | "<<=" | ">>=" | "&=" | "^=" | "|=";
