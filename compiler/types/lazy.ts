import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { EnumType, RecordBody, RecordType } from "./types.ts";

export type EnumBody = NonNullable<EnumType["body"]>;

/** What a definition says besides the members. */
export interface RecordExtras {
	readonly preserveAccessIndex: boolean;
	readonly preserveStaticOffset: boolean;
	readonly declTags: readonly string[];
	readonly transparentUnion: boolean;
}

/**
 * Records and enums that are declared before they are defined, and defined only when somebody asks.
 * The one idea: the object *is* the type's identity, its body comes later; `struct sk_buff *` costs nothing until a member is touched.
 */
class Lazy<Body> {
	readonly name: string | null;
	readonly span: TokenSpan | null;
	private define: (() => Body | null) | null;
	private known: Body | null = null;

	constructor(name: string | null, span: TokenSpan | null, define: (() => Body | null) | null) {
		this.name = name;
		this.span = span;
		this.define = define;
	}

	/** While the definition is being read the type is incomplete, so that a record cannot hold itself. */
	get body(): Body | null {
		const { define } = this;
		if (define) {
			this.define = null;
			const body = define();
			if (body) this.known = body;
		}
		return this.known;
	}

	get defined(): boolean {
		return this.known !== null;
	}

	finish(body: Body): void {
		this.define = null;
		this.known = body;
	}
}

export class LazyRecord extends Lazy<RecordBody> implements RecordType {
	readonly kind = "record";
	readonly union: boolean;
	/** Set by the definition. */
	extras: RecordExtras | null = null;

	constructor(union: boolean, name: string | null, span: TokenSpan | null, define: (() => RecordBody | null) | null) {
		super(name, span, define);
		this.union = union;
	}

	get preserveAccessIndex(): boolean {
		void this.body;
		return this.extras?.preserveAccessIndex ?? false;
	}

	get preserveStaticOffset(): boolean {
		void this.body;
		return this.extras?.preserveStaticOffset ?? false;
	}

	get declTags(): readonly string[] {
		void this.body;
		return this.extras?.declTags ?? [];
	}
}

export class LazyEnum extends Lazy<EnumBody> implements EnumType {
	readonly kind = "enum";
	preserveAccessIndex = false;
}
