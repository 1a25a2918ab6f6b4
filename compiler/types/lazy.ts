import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { EnumType, RecordBody, RecordType } from "./types.ts";

/**
 * Records and enums that are declared before they are defined, and defined only when somebody asks.
 * The one idea: the object *is* the type's identity, its body comes later; `struct sk_buff *` costs nothing until a member is touched.
 */
export type EnumBody = NonNullable<EnumType["body"]>;

/** What a definition says besides the members. */
export interface RecordExtras {
	readonly preserveAccessIndex: boolean;
	readonly declTags: readonly string[];
	readonly transparentUnion: boolean;
}

export class LazyRecord implements RecordType {
	readonly kind = "record";
	readonly union: boolean;
	readonly name: string | null;
	readonly span: TokenSpan | null;
	/** Set by the definition. */
	extras: RecordExtras | null = null;
	private define: (() => RecordBody | null) | null;
	private known: RecordBody | null = null;

	constructor(union: boolean, name: string | null, span: TokenSpan | null, define: (() => RecordBody | null) | null) {
		this.union = union;
		this.name = name;
		this.span = span;
		this.define = define;
	}

	/** While the definition is being read the record is incomplete, so that it cannot hold itself. */
	get body(): RecordBody | null {
		const define = this.define;
		if (define) {
			this.define = null;
			const body = define();
			if (body) this.known = body;
		}
		return this.known;
	}

	get preserveAccessIndex(): boolean {
		void this.body;
		return this.extras?.preserveAccessIndex ?? false;
	}

	get declTags(): readonly string[] {
		void this.body;
		return this.extras?.declTags ?? [];
	}

	get defined(): boolean {
		return this.known !== null;
	}

	finish(body: RecordBody): void {
		this.define = null;
		this.known = body;
	}
}

export class LazyEnum implements EnumType {
	readonly kind = "enum";
	readonly name: string | null;
	readonly span: TokenSpan | null;
	preserveAccessIndex = false;
	private define: (() => EnumBody | null) | null;
	private known: EnumBody | null = null;

	constructor(name: string | null, span: TokenSpan | null, define: (() => EnumBody | null) | null) {
		this.name = name;
		this.span = span;
		this.define = define;
	}

	get body(): EnumBody | null {
		const define = this.define;
		if (define) {
			this.define = null;
			const body = define();
			if (body) this.known = body;
		}
		return this.known;
	}

	get complete(): boolean {
		return this.known !== null;
	}

	finish(body: EnumBody): void {
		this.define = null;
		this.known = body;
	}
}
