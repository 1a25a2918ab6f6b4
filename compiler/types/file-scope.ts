import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Declaration, EnumSpec, FunctionDef, Initializer, RecordSpec } from "../grammar/ast.ts";
import type { Cx } from "./context.ts";
import type { Param } from "./declarators.ts";
import type { Entity, TagEntity } from "./scope.ts";
import type { Specified } from "./specifiers.ts";
import type { FunctionSym, ObjectSym, StaticInit, Sym } from "./typed.ts";
import type { CType, EnumType, RecordType } from "./types.ts";

/**
 * What is known of file scope so far: it fills as names are asked for.
 * The one idea: a name is resolved once, from all its declarations together; bodies and initialisers wait until somebody needs them.
 */
export class FileScope {
	readonly tags = new Map<string, TagEntity>();
	/** Types of specifiers with a body, by node: a declaration that is read twice declares once. */
	readonly records = new Map<RecordSpec, RecordType>();
	/** Records within a record that has preserve_access_index. */
	readonly preserved = new Set<RecordSpec>();
	readonly enums = new Map<EnumSpec, EnumType>();
	readonly bases = new Map<Declaration | FunctionDef, Specified>();
	readonly definitions = new Map<FunctionSym, { readonly ast: FunctionDef; readonly params: readonly Param[] }>();
	readonly initializers = new Map<ObjectSym, { readonly ast: Initializer; readonly span: TokenSpan }>();
	/** What an initialiser or body names. */
	readonly refs = new Map<Sym, ReadonlySet<Sym>>();
	/** Where functions compute with floating-point numbers, which is an error in those that the object must hold. */
	readonly floats = new Map<FunctionSym, readonly TokenSpan[]>();
	/** Static locals, literals and compound literals: objects of the unit that no name of file scope finds. */
	readonly extraObjects: ObjectSym[] = [];
	/** Objects that calls name without reaching them: helper pointers. */
	readonly mentioned = new Set<Sym>();
	private readonly entities = new Map<string, Entity | null>();
	/** The token from which on a name is in sight. */
	private readonly visibleFrom = new Map<string, number>();
	private readonly literals = new Map<string, ObjectSym>();

	known(name: string): Entity | undefined {
		return this.entities.get(name) ?? undefined;
	}

	declare(name: string, entity: Entity, from = 0): void {
		this.entities.set(name, entity);
		const before = this.visibleFrom.get(name);
		this.visibleFrom.set(name, before === undefined ? from : Math.min(before, from));
	}

	/** What `name` means at token `at`. */
	entity(cx: Cx, name: string, at: number): Entity | undefined {
		let entity = this.entities.get(name);
		if (entity === undefined) {
			this.entities.set(name, null);
			cx.rules.resolve(cx, name);
			entity = this.entities.get(name) ?? null;
		}
		if (entity === null) return undefined;
		return (this.visibleFrom.get(name) ?? 0) <= at ? entity : undefined;
	}

	allEntities(): Iterable<Entity | null> {
		return this.entities.values();
	}

	/** Runs `body` as if it stood outside every function. */
	atFileScope<T>(cx: Cx, body: () => T, refs: Set<Sym> = new Set()): T {
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

	/** The initialiser of a static object, read when first wanted. */
	initOf(cx: Cx, symbol: ObjectSym): StaticInit | undefined {
		const pending = this.initializers.get(symbol);
		if (pending) {
			this.initializers.delete(symbol);
			const refs = new Set<Sym>();
			this.atFileScope(
				cx,
				() => {
					const made = cx.rules.staticInit(cx, pending.ast, symbol.type, symbol.span);
					symbol.type = made.type;
					symbol.init = made.init;
				},
				refs,
			);
			for (const reloc of symbol.init?.relocs ?? []) refs.add(reloc.symbol);
			this.refs.set(symbol, refs);
		}
		return symbol.init;
	}

	/** The object that holds a string whose address a static initialiser stores. */
	literal(bytes: Uint8Array, type: CType, span: TokenSpan): ObjectSym {
		const key = `${bytes.join()}`;
		const known = this.literals.get(key);
		if (known) return known;
		const symbol: ObjectSym = {
			kind: "object", name: `.L.str.init${this.literals.size}`, span, linkage: "static", weak: false, visibility: "default", section: ".rodata.str1.1", used: false, declTags: [],
			type, storage: "static", align: 1, addressTaken: true, init: { bytes, relocs: [] }, literal: true,
		};
		this.literals.set(key, symbol);
		this.extraObjects.push(symbol);
		return symbol;
	}
}
