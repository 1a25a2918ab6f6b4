/**
 * The part of a kernel's BTF that some objects' CO-RE records ask about: what one ships with a program for kernels that have no BTF of
 * their own. In: the kernel's types, objects. Out: BTF of the types found, records with only the members walked through, at their places;
 * a reference to what nobody asked for is void.
 *
 * What a record marks follows `bpftool gen min_core_btf`: a field marks the members on its path and their types but nothing behind a
 * pointer; a type marks what its name leads to; a question whether types match marks all members, down to pointers.
 */
import { mapReferences } from "../../assembler/btf/dedup.ts";
import { typeSource } from "../../assembler/btf/type-source.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import type { Btf, BtfType } from "../../assembler/btf/types.ts";
import type { CoreRelo } from "../../assembler/btf/ext.ts";
import { answer, answerFor, coreKind } from "./answer.ts";
import { candidates, walkLocal, walkTarget } from "./match.ts";
import type { LinkError, LinkInput } from "../input.ts";

/** Types to ship with the objects. */
export interface MinCoreBtf {
	readonly btf: Btf;
	/** Records without an answer that is sure, each with its object and place. What the kernel merely lacks is no error. */
	readonly errors: readonly LinkError[];
}

/** What of a kernel's types the CO-RE records of some objects ask for. */
export function minCoreBtf(kernel: TypeSource, objects: readonly LinkInput[]): MinCoreBtf {
	const marks = new Marks(kernel);
	const errors: LinkError[] = [];
	for (const { name, object } of objects) {
		if (object.btf === undefined) {
			errors.push({ message: "the object has no BTF", places: [name] });
			continue;
		}
		const local = typeSource(object.btf);
		for (const { section, records } of object.btfExt?.coreRelos ?? []) {
			for (const record of records) {
				if (record.kind === coreKind.typeIdLocal) continue;
				const found = answer(record, local, kernel);
				if (found.kind === "error") errors.push({ message: found.message, places: [`${name}, ${section}+${record.insnOffset}`] });
				else markAnswer(marks, record, local, kernel);
			}
		}
	}
	return { btf: { types: marks.collect() }, errors };
}

/** Marks what the first candidate that answers was asked for. */
function markAnswer(marks: Marks, record: CoreRelo, local: TypeSource, kernel: TypeSource): void {
	const id = candidates(local, record.typeId, kernel).find((candidate) => answerFor(record, local, kernel, candidate)?.kind === "value");
	if (id === undefined) return;
	switch (record.kind) {
		case coreKind.typeMatches:
			marks.matched(id, false);
			return;
		case coreKind.typeIdTarget:
		case coreKind.typeExists:
		case coreKind.typeSize:
			marks.type(id, true);
			return;
		case coreKind.enumExists:
		case coreKind.enumValue:
			marks.type(id, false);
			return;
		default: {
			const own = walkLocal(local, record.typeId, record.access);
			const field = own && walkTarget(kernel, id, local, own);
			marks.type(id, false);
			for (const { record: owner, index } of field?.members ?? []) marks.member(owner, index);
		}
	}
}

class Marks {
	private readonly kernel: TypeSource;
	/** Marked ids; of records, the marked members. */
	private readonly marked = new Map<number, Set<number>>();
	private readonly followed = new Set<number>();
	private readonly compared = new Set<number>();

	constructor(kernel: TypeSource) {
		this.kernel = kernel;
	}

	private mark(id: number): Set<number> {
		let members = this.marked.get(id);
		if (members === undefined) this.marked.set(id, (members = new Set()));
		return members;
	}

	/** A type and what its name, qualifiers and elements lead to. */
	type(id: number, throughPointers: boolean): void {
		if (id === 0) return;
		if (this.marked.has(id) && (!throughPointers || this.followed.has(id))) return;
		this.mark(id);
		if (throughPointers) this.followed.add(id);
		const type = this.kernel.type(id);
		if (type.kind === "ptr" && !throughPointers) return;
		for (const next of outward(type)) this.type(next, throughPointers);
	}

	member(record: number, index: number): void {
		this.mark(record).add(index);
		const type = this.kernel.type(record);
		if (type.kind === "struct" || type.kind === "union") this.type(type.members[index].type, false);
	}

	/** A type with all members, and theirs; behind a pointer a record's name is enough. */
	matched(id: number, behindPointer: boolean): void {
		if (id === 0) return;
		const key = id * 2 + (behindPointer ? 1 : 0);
		if (this.compared.has(key)) return;
		this.compared.add(key);
		const members = this.mark(id);
		const type = this.kernel.type(id);
		if (type.kind === "struct" || type.kind === "union") {
			if (behindPointer) return;
			type.members.forEach((member, index) => {
				members.add(index);
				this.matched(member.type, false);
			});
		} else if (type.kind === "array") {
			this.type(type.indexType, false);
			this.matched(type.type, false);
		} else for (const next of outward(type)) this.matched(next, type.kind === "ptr" || (type.kind !== "func_proto" && behindPointer));
	}

	/** The marked types in their order, renumbered. */
	collect(): BtfType[] {
		const order = [...this.marked.keys()].sort((a, b) => a - b);
		const ids = new Map(order.map((id, i) => [id, i + 1]));
		const types: BtfType[] = [{ kind: "void" }];
		for (const id of order) {
			const type = this.kernel.type(id);
			const members = this.marked.get(id)!;
			const part =
				type.kind === "struct" || type.kind === "union" ? { ...type, members: type.members.filter((_, i) => members.has(i)) } : type;
			types.push(mapReferences(part, (ref) => ids.get(ref) ?? 0));
		}
		return types;
	}
}

/** The types that a type is made of, members aside. */
function outward(type: BtfType): readonly number[] {
	switch (type.kind) {
		case "ptr":
		case "typedef":
		case "const":
		case "volatile":
		case "restrict":
		case "type_tag":
			return [type.type];
		case "array":
			return [type.type, type.indexType];
		case "func_proto":
			return [type.result, ...type.params.map((param) => param.type)];
		default:
			return [];
	}
}
