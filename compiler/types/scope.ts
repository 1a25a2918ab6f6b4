import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { FunctionSym, ObjectSym } from "./typed.ts";
import type { CType, EnumType, RecordType } from "./types.ts";

/** What an ordinary identifier stands for. */
export type Entity =
	| { readonly kind: "typedef"; readonly type: CType; readonly span: TokenSpan }
	| { readonly kind: "enumerator"; readonly type: CType; readonly value: bigint; readonly of: EnumType | null; readonly span: TokenSpan }
	| { readonly kind: "object"; readonly symbol: ObjectSym }
	| { readonly kind: "function"; readonly symbol: FunctionSym };

export type TagEntity = RecordType | EnumType;

/**
 * A block or prototype scope: ordinary names and tags. File scope is not one of these: it is answered by the unit, on demand
 * (`file-scope.ts`). Scopes are born empty, and most stay so.
 */
export class Scope {
	readonly parent: Scope | null;
	/** Of a parameter list: what is first named here is seen nowhere else. */
	prototype = false;
	private ordinary: Map<string, Entity> | null = null;
	private tags: Map<string, TagEntity> | null = null;

	constructor(parent: Scope | null) {
		this.parent = parent;
	}

	own(name: string): Entity | undefined {
		return this.ordinary?.get(name);
	}

	ownTag(name: string): TagEntity | undefined {
		return this.tags?.get(name);
	}

	declare(name: string, entity: Entity): void {
		(this.ordinary ??= new Map()).set(name, entity);
	}

	declareTag(name: string, tag: TagEntity): void {
		(this.tags ??= new Map()).set(name, tag);
	}

	find(name: string): Entity | undefined {
		for (let s: Scope | null = this; s; s = s.parent) {
			const found = s.ordinary?.get(name);
			if (found) return found;
		}
		return undefined;
	}

	findTag(name: string): TagEntity | undefined {
		for (let s: Scope | null = this; s; s = s.parent) {
			const found = s.tags?.get(name);
			if (found) return found;
		}
		return undefined;
	}

	/** Names in sight, for "did you mean". */
	*names(): Iterable<string> {
		for (let s: Scope | null = this; s; s = s.parent) if (s.ordinary) yield* s.ordinary.keys();
	}
}
