import type { CType, EnumType, FloatType, IntType, RecordType } from "../types/types.ts";

/**
 * C types as debug information sees them: one node for each different type, whatever objects the checker made for it. Qualifiers
 * are one node each (const outside, then volatile, then restrict), tags belong to the pointer above them, and an array of
 * arrays is one node with several lengths. That is clang's shape, and BTF is numbered in the order in which its nodes are met.
 */
export type Node =
	| { readonly kind: "int"; readonly type: IntType }
	| { readonly kind: "float"; readonly type: FloatType }
	| { readonly kind: "record"; readonly type: RecordType }
	| { readonly kind: "enum"; readonly type: EnumType }
	| { readonly kind: "array"; readonly base: Node | null /** Outermost first. */; readonly lengths: readonly number[] }
	| { readonly kind: "function"; readonly result: Node | null; readonly params: readonly (Node | null)[] }
	| Derived;

export interface Derived {
	readonly kind: "ptr" | "typedef" | "const" | "volatile" | "restrict";
	/** null: void. */
	readonly base: Node | null;
	/** typedef. */
	readonly name: string;
	readonly declTags: readonly string[];
	/** ptr: `btf_type_tag`s of what it points to, the innermost first. */
	readonly tags: readonly string[];
}

export class Nodes {
	private readonly byType = new Map<CType, Node | null>();
	private readonly byKey = new Map<string, Node>();
	private readonly ids = new Map<object, number>();

	of(type: CType): Node | null {
		const known = this.byType.get(type);
		if (known !== undefined) return known;
		const node = this.make(type);
		this.byType.set(type, node);
		return node;
	}

	private make(type: CType): Node | null {
		switch (type.kind) {
			case "void":
				return null;
			case "int":
				return this.unique(`int ${type.name} ${type.size}`, { kind: "int", type });
			case "float":
				return this.unique(`float ${type.name}`, { kind: "float", type });
			case "record":
				return this.unique(`record ${this.id(type)}`, { kind: "record", type });
			case "enum":
				return this.unique(`enum ${this.id(type)}`, { kind: "enum", type });
			case "tagged":
				// Only below a pointer do tags mean something to BTF.
				return this.of(type.target);
			case "typedef": {
				const base = this.of(type.target);
				return this.unique(`typedef ${type.name} ${this.key(base)}`, {
					kind: "typedef",
					base,
					name: type.name,
					declTags: type.declTags,
					tags: [],
				});
			}
			case "pointer": {
				const tags: string[] = [];
				let target = type.target;
				for (; target.kind === "tagged"; target = target.target) tags.unshift(target.tag);
				const base = this.of(target);
				return this.derived("ptr", base, tags);
			}
			case "qualified": {
				let node = this.of(type.target);
				if (type.restrict) node = this.derived("restrict", node);
				if (type.volatile) node = this.derived("volatile", node);
				if (type.const) node = this.derived("const", node);
				return node;
			}
			case "array": {
				const lengths: number[] = [];
				let element: CType = type;
				for (; element.kind === "array"; element = element.element) lengths.push(element.length ?? 0);
				const base = this.of(element);
				return this.unique(`array ${lengths.join(" ")} ${this.key(base)}`, { kind: "array", base, lengths });
			}
			case "function": {
				const result = this.of(type.result);
				const params: (Node | null)[] = type.params.map((param) => this.of(param.type));
				if (type.variadic || type.unprototyped) params.push(null);
				return this.unique(`function ${this.key(result)} ${params.map((param) => this.key(param)).join(" ")}`, {
					kind: "function",
					result,
					params,
				});
			}
			default:
				return type satisfies never;
		}
	}

	private derived(kind: Derived["kind"], base: Node | null, tags: readonly string[] = []): Node {
		return this.unique(`${kind} ${tags.join(" ")} ${this.key(base)}`, { kind, base, name: "", declTags: [], tags });
	}

	private key(node: Node | null): string {
		return node === null ? "void" : String(this.id(node));
	}

	private id(object: object): number {
		let id = this.ids.get(object);
		if (id === undefined) this.ids.set(object, (id = this.ids.size));
		return id;
	}

	private unique(key: string, node: Node): Node {
		const known = this.byKey.get(key);
		if (known !== undefined) return known;
		this.byKey.set(key, node);
		return node;
	}
}

/** A root's own qualifiers are not part of a CO-RE relocation. */
export function unqualified(type: CType): CType {
	return type.kind === "qualified" || type.kind === "tagged" ? unqualified(type.target) : type;
}
