import type { Btf, BtfMember, BtfType } from "../../assembler/btf/types.ts";
import type { CType, EnumType, Member, RecordType } from "../types/types.ts";
import type { FunctionSym } from "../types/typed.ts";
import { type Derived, type Node, Nodes } from "./btf-nodes.ts";

/**
 * BTF from C types, numbered and cut as clang does it: libbpf, the kernel and `bpftool` read it in the same way.
 *
 * What is cut: below a member of a record, a pointer to another named record does not bring that record along. At the end the
 * pointer gets the record if somebody else needed it, and a forward declaration if not. (LLVM, lib/Target/BPF/BTFDebug.cpp;
 * Documentation/bpf/btf.rst.)
 */

const SIGNED = 1;
const BOOL = 4;

export class BtfBuilder {
	readonly nodes = new Nodes();
	private readonly types: BtfType[] = [{ kind: "void" }];
	private readonly ids = new Map<Node, number>();
	/** Record → pointers to it that wait for the end. */
	private readonly waiting = new Map<RecordType, { readonly pointer: number; readonly tags: readonly string[] }[]>();
	private readonly records = new Map<string, number>();
	private readonly sections = new Map<string, { type: number; offset: number; size: number }[]>();
	private arrayIndex = 0;

	// ── types ────────────────────────────────────────────────────────────────────────────────────

	type(type: CType): number {
		return this.visit(this.nodes.of(type), false, false);
	}

	private add(type: BtfType): number {
		this.types.push(type);
		return this.types.length - 1;
	}

	private set(id: number, type: BtfType): void {
		this.types[id] = type;
	}

	/** `prune`: below a record's member; `pointed`: and below a pointer there. */
	private visit(node: Node | null, prune: boolean, pointed: boolean): number {
		if (node === null) return 0;
		const known = this.ids.get(node);
		if (known !== undefined) {
			this.complete(node, prune, pointed);
			return known;
		}
		switch (node.kind) {
			case "int": {
				const { type } = node;
				const encoding = type.rank === 0 ? BOOL : type.signed ? SIGNED : 0;
				return this.name(node, this.add({ kind: "int", name: type.name, size: type.size, bits: type.size * 8, offset: 0, encoding }));
			}
			case "float":
				return this.name(node, this.add({ kind: "float", name: node.type.name, size: node.type.size }));
			case "record":
				return this.record(node, node.type);
			case "enum":
				return this.name(node, this.add(enumOf(node.type)));
			case "array":
				return this.array(node);
			case "function":
				return this.proto(node, []);
			default:
				return this.derived(node, prune, pointed);
		}
	}

	private name(node: Node, id: number): number {
		this.ids.set(node, id);
		return id;
	}

	/** A chain met before may have been cut where it now must go on. */
	private complete(node: Node, prune: boolean, pointed: boolean): void {
		if (prune && pointed) return;
		let now: Node = node;
		for (;;) {
			if (
				now.kind === "int" ||
				now.kind === "float" ||
				now.kind === "record" ||
				now.kind === "enum" ||
				now.kind === "array" ||
				now.kind === "function"
			)
				return;
			const { base } = now;
			if (base === null) return;
			if (this.ids.has(base)) {
				now = base;
				continue;
			}
			if (prune && now.kind === "ptr") {
				pointed = true;
				if (isCandidate(base)) return;
			}
			this.visit(base, prune, pointed);
			return;
		}
	}

	private derived(node: Derived, prune: boolean, pointed: boolean): number {
		if (prune && node.kind === "ptr") pointed = true;
		if (prune && pointed && node.base !== null && isCandidate(node.base)) {
			const id = this.name(node, this.add(this.shell(node, 0)));
			const { type } = node.base;
			const list = this.waiting.get(type);
			if (list === undefined) this.waiting.set(type, [{ pointer: id, tags: node.tags }]);
			else list.push({ pointer: id, tags: node.tags });
			return id;
		}
		let id: number;
		if (node.kind === "ptr" && node.tags.length > 0) {
			// ptr → outermost tag → … → innermost tag → type; tags are written first.
			const first = this.add({ kind: "type_tag", name: node.tags[0], type: 0 });
			let top = first;
			for (const tag of node.tags.slice(1)) top = this.add({ kind: "type_tag", name: tag, type: top });
			id = this.name(node, this.add({ kind: "ptr", type: top }));
			const base = this.visit(node.base, prune, pointed);
			this.set(first, { kind: "type_tag", name: node.tags[0], type: base });
			return id;
		}
		id = this.name(node, this.add(this.shell(node, 0)));
		for (const tag of node.declTags) this.declTag(tag, id, -1);
		const base = this.visit(node.base, prune, pointed);
		this.set(id, this.shell(node, base));
		return id;
	}

	private shell(node: Derived, type: number): BtfType {
		return node.kind === "typedef" ? { kind: "typedef", name: node.name, type } : { kind: node.kind, type };
	}

	private record(node: Node, type: RecordType): number {
		const { body } = type;
		if (body === null) return this.name(node, this.add({ kind: "fwd", name: type.name ?? "", union: type.union }));
		const id = this.name(node, this.add({ kind: "void" }));
		const kind = type.union ? "union" : "struct";
		if (type.name !== null && !this.records.has(type.name)) this.records.set(type.name, id);
		for (const tag of type.declTags) this.declTag(tag, id, -1);
		const members: BtfMember[] = [];
		for (const member of body.members) {
			if (isPadding(member)) continue;
			const memberId = this.visit(this.nodes.of(member.type), true, false);
			for (const tag of member.declTags) this.declTag(tag, id, members.length);
			members.push({
				name: member.name ?? "",
				type: memberId,
				bitOffset: member.bitOffset,
				bitSize: member.bitWidth ?? 0,
			});
		}
		this.set(id, { kind, name: type.name ?? "", size: body.size, members });
		return id;
	}

	private array(node: Node & { kind: "array" }): number {
		let id = this.visit(node.base, false, false);
		const parts: { id: number; element: number; length: number }[] = [];
		for (const length of [...node.lengths].reverse()) {
			const made = this.add({ kind: "void" });
			parts.push({ id: made, element: id, length });
			id = made;
		}
		this.name(node, id);
		if (this.arrayIndex === 0)
			this.arrayIndex = this.add({
				kind: "int",
				name: "__ARRAY_SIZE_TYPE__",
				size: 4,
				bits: 32,
				offset: 0,
				encoding: 0,
			});
		for (const part of parts) this.set(part.id, { kind: "array", type: part.element, indexType: this.arrayIndex, length: part.length });
		return id;
	}

	private proto(node: Node & { kind: "function" }, names: readonly string[], own = false): number {
		const id = this.add({ kind: "void" });
		if (!own) this.name(node, id);
		const result = this.visit(node.result, false, false);
		const params = node.params.map((param, i) => ({
			name: param === null ? "" : (names[i] ?? ""),
			type: this.visit(param, false, false),
		}));
		this.set(id, { kind: "func_proto", result, params });
		return id;
	}

	// ── symbols ──────────────────────────────────────────────────────────────────────────────────

	/** Types of a map definition are complete: key and value, not just pointers to something. */
	mapType(type: CType): number {
		const known = this.nodes.of(type);
		if (known !== null && this.ids.has(known)) return this.ids.get(known)!;
		let inner = type;
		while (
			inner.kind === "typedef" ||
			inner.kind === "qualified" ||
			inner.kind === "tagged" ||
			inner.kind === "pointer" ||
			inner.kind === "array"
		) {
			inner = inner.kind === "array" ? inner.element : inner.target;
		}
		if (inner.kind === "record" && !inner.union && inner.body !== null) {
			for (const member of inner.body.members) {
				// A composite member may itself be the definition, wrapped.
				if (member.type.kind === "record" || member.type.kind === "array") this.mapType(member.type);
				else this.type(member.type);
			}
		}
		return this.type(type);
	}

	func(symbol: FunctionSym, linkage: "static" | "global" | "extern", name: string): number {
		const body = linkage === "extern" ? undefined : symbol.body;
		for (const param of body?.params ?? []) this.type(param.type);
		const declared = this.nodes.of(symbol.type) as Node & { kind: "function" };
		let proto = body === undefined ? this.ids.get(declared) : undefined;
		if (body !== undefined) {
			// A definition says more than its type: names, and qualifiers of parameters.
			const params = body.params.map((param) => this.nodes.of(param.type));
			const own = {
				kind: "function",
				result: declared.result,
				params: symbol.type.variadic ? [...params, null] : params,
			} as const;
			proto = this.proto(
				own,
				body.params.map((param) => param.name),
				true,
			);
		}
		proto ??= this.proto(declared, []);
		const id = this.add({ kind: "func", name, type: proto, linkage });
		symbol.type.params.forEach((param, i) => {
			for (const tag of body?.params[i]?.declTags ?? param.declTags ?? []) this.declTag(tag, id, i);
		});
		for (const tag of symbol.declTags) this.declTag(tag, id, -1);
		return id;
	}

	variable(name: string, type: number, linkage: "static" | "global" | "extern", declTags: readonly string[]): number {
		const id = this.add({ kind: "var", name, type, linkage });
		for (const tag of declTags) this.declTag(tag, id, -1);
		return id;
	}

	inSection(section: string, type: number, offset: number, size: number): void {
		const list = this.sections.get(section);
		if (list === undefined) this.sections.set(section, [{ type, offset, size }]);
		else list.push({ type, offset, size });
	}

	private declTag(name: string, type: number, componentIndex: number): void {
		this.add({ kind: "decl_tag", name, type, componentIndex });
	}

	finish(): Btf {
		for (const [name, vars] of [...this.sections].sort(([a], [b]) => (a < b ? -1 : 1))) {
			// The size stays 0: libbpf fills in size and offsets from the symbols, and takes any other value as final.
			this.add({ kind: "datasec", name, size: 0, vars: vars.sort((a, b) => a.offset - b.offset) });
		}
		for (const [record, pointers] of this.waiting) {
			const name = record.name ?? "";
			const target = this.records.get(name) ?? this.add({ kind: "fwd", name, union: record.union });
			for (const { pointer, tags } of pointers) {
				let top = target;
				for (const tag of tags) top = this.add({ kind: "type_tag", name: tag, type: top });
				const now = this.types[pointer];
				if (
					"type" in now &&
					(now.kind === "ptr" || now.kind === "typedef" || now.kind === "const" || now.kind === "volatile" || now.kind === "restrict")
				)
					this.set(pointer, { ...now, type: top });
			}
		}
		return { types: this.types };
	}
}

/** BTF has no members for padding: unnamed bit-fields. */
const isPadding = (member: Member): boolean => member.name === null && member.bitWidth !== null;

/** A CO-RE access counts the members that BTF has; the compiler's own counts all. */
export function btfAccess(root: CType, access: string): string {
	const [first, ...steps] = access.split(":");
	let type = root;
	const out = [first];
	for (const step of steps) {
		while (type.kind === "typedef" || type.kind === "qualified" || type.kind === "tagged") type = type.target;
		const index = Number(step);
		if (type.kind === "array") {
			out.push(step);
			type = type.element;
		} else if (type.kind === "record" && type.body !== null && index < type.body.members.length) {
			const { members } = type.body;
			out.push(String(index - members.slice(0, index).filter(isPadding).length));
			type = members[index].type;
		} else return access;
	}
	return out.join(":");
}

/** A record that a pointer may leave out. Whether it is complete is not asked: that would parse its definition. */
function isCandidate(node: Node): node is Node & { kind: "record" } {
	return node.kind === "record" && node.type.name !== null;
}

function enumOf(type: EnumType): BtfType {
	const name = type.name ?? "";
	if (type.body === null) return { kind: "enum", name, size: 4, signed: false, values: [] };
	const { underlying, enumerators } = type.body;
	const { size, signed } = underlying;
	if (size > 4) return { kind: "enum64", name, size, signed, values: enumerators.map(({ name, value }) => ({ name, value })) };
	return {
		kind: "enum",
		name,
		size,
		signed,
		values: enumerators.map(({ name, value }) => ({ name, value: Number(value) })),
	};
}
