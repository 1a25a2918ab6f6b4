import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Declaration, EnumSpec, FunctionDef, Initializer, RecordSpec } from "../grammar/ast.ts";
import type { Entity, TagEntity } from "./scope.ts";
import { type FunctionSym, LITERALS, type ObjectSym, type Sym } from "./typed.ts";
import type { CType, EnumType, RecordType } from "./types.ts";
import type { Param, Specified } from "./declared.ts";

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

	/** True the first time that somebody asks for the name: it is to be resolved then. */
	isNew(name: string): boolean {
		if (this.entities.has(name)) return false;
		this.entities.set(name, null);
		return true;
	}

	/** What `name` means at token `at`, as far as it has been resolved. */
	entity(name: string, at: number): Entity | undefined {
		const entity = this.known(name);
		return entity !== undefined && (this.visibleFrom.get(name) ?? 0) <= at ? entity : undefined;
	}

	allEntities(): Iterable<Entity | null> {
		return this.entities.values();
	}

	/** The object that holds a string whose address a static initialiser stores. */
	literal(bytes: Uint8Array, type: CType, span: TokenSpan): ObjectSym {
		const key = `${bytes.join()}`;
		const known = this.literals.get(key);
		if (known) return known;
		const symbol: ObjectSym = {
			kind: "object",
			name: `.L.str.init${this.literals.size}`,
			span,
			linkage: "static",
			weak: false,
			visibility: "default",
			section: LITERALS,
			used: false,
			declTags: [],
			type,
			storage: "static",
			align: 1,
			addressTaken: true,
			init: { bytes, relocs: [] },
			literal: true,
		};
		this.literals.set(key, symbol);
		this.extraObjects.push(symbol);
		return symbol;
	}
}
