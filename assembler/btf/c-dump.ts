/**
 * BTF as a C header, as `bpftool btf dump … format c` writes it, and single declarations for other generators.
 *
 * Types are put in an order in which C can read them (a struct before whoever embeds it, forward declarations for cycles through
 * pointers); then each is written once (`c-writer.ts`).
 *
 * Source: the behaviour of libbpf's btf_dump, compared against it type by type.
 */
import { type Btf, type BtfType, referencesOf } from "./types.ts";
import { identifier } from "./c-names.ts";
import { CWriter, TOO_DEEP } from "./c-writer.ts";

type Order = "no" | "ordering" | "ordered";
type Emit = "no" | "emitting" | "emitted";

export class CDump {
	private readonly types: readonly BtfType[];
	private readonly order: Order[];
	private readonly emitState: Emit[];
	private readonly forwarded: Uint8Array;
	private readonly referenced: Uint8Array;
	private readonly writer: CWriter;
	private queue: number[] = [];

	constructor(btf: Btf) {
		this.types = btf.types;
		const { length } = btf.types;
		this.writer = new CWriter(btf.types);
		this.order = new Array(length).fill("no");
		this.emitState = new Array(length).fill("no");
		this.forwarded = new Uint8Array(length);
		this.referenced = new Uint8Array(length);
		for (const type of btf.types) for (const id of referencesOf(type)) this.referenced[id] = 1;
		this.order[0] = "ordered";
		this.emitState[0] = "emitted";
	}

	/** The definitions of a type and of all that it needs, as far as they have not been written before. */
	type(id: number): string {
		this.queue = [];
		this.visit(id, false, 0);
		for (const queued of this.queue) this.emit(queued, 0);
		const text = this.writer.take();
		return this.writer.left <= 0 ? `/* type ${id}: ${TOO_DEEP} */\n\n` : text;
	}

	/** `int (*name)[4]`; records and enums with a name are only named. */
	declaration(id: number, name: string): string {
		this.writer.declare(id, identifier(name), 0);
		return this.writer.take();
	}

	// --- order ---

	/** Queues what must be written before `id` can be; true if `id` is a definition that its user needs whole. */
	private visit(id: number, throughPointer: boolean, depth: number): boolean {
		if (this.order[id] === "ordered") return true;
		const type = this.types[id];
		if (this.order[id] === "ordering" || depth > 2000 || this.writer.left-- <= 0) return false;
		switch (type.kind) {
			case "int":
			case "float":
				this.order[id] = "ordered";
				return false;
			case "ptr": {
				const strong = this.visit(type.type, true, depth + 1);
				this.order[id] = "ordered";
				return strong;
			}
			case "array":
				return this.visit(type.type, false, depth + 1);
			case "struct":
			case "union":
				// Behind a pointer a name is enough; an anonymous record is written in place.
				if (throughPointer && type.name !== "") return false;
				this.order[id] = "ordering";
				for (const member of type.members) this.visit(member.type, false, depth + 1);
				if (type.name !== "") this.queue.push(id);
				this.order[id] = "ordered";
				return true;
			case "enum":
			case "enum64":
			case "fwd":
				if (type.name !== "" || !this.referenced[id]) this.queue.push(id);
				this.order[id] = "ordered";
				return true;
			case "typedef": {
				const strong = this.visit(type.type, throughPointer, depth + 1);
				if (throughPointer && !strong) return false;
				this.queue.push(id);
				this.order[id] = "ordered";
				return true;
			}
			case "volatile":
			case "const":
			case "restrict":
			case "type_tag":
				return this.visit(type.type, throughPointer, depth + 1);
			case "func_proto": {
				this.order[id] = "ordering";
				let strong = this.visit(type.result, throughPointer, depth + 1);
				for (const param of type.params) strong = this.visit(param.type, throughPointer, depth + 1) || strong;
				this.order[id] = "no";
				return strong;
			}
			case "func":
			case "var":
			case "datasec":
			case "decl_tag":
			case "void":
				this.order[id] = "ordered";
				return false;
			default:
				return type satisfies never;
		}
	}

	// --- definitions ---

	/** Writes what `id` needs and, at top level (`container` 0), its definition. */
	private emit(id: number, container: number, depth = 0): void {
		if (this.emitState[id] === "emitted" || depth > 2000 || this.writer.left-- <= 0) return;
		const type = this.types[id];
		const top = container === 0;
		if (this.emitState[id] === "emitting") {
			if (this.forwarded[id]) return;
			if (type.kind === "struct" || type.kind === "union") {
				// A record may mention itself.
				if (id === container || type.name === "") return;
				this.writer.write(this.writer.names.tag(id), ";\n\n");
			} else if (type.kind === "typedef") this.typedef(id, type.type);
			this.forwarded[id] = 1;
			return;
		}
		switch (type.kind) {
			case "int":
			case "float":
				this.emitState[id] = "emitted";
				return;
			case "enum":
			case "enum64":
				if (top) {
					this.writer.enumeration(id, 0);
					this.writer.write(";\n\n");
				}
				this.emitState[id] = "emitted";
				return;
			case "ptr":
			case "volatile":
			case "const":
			case "restrict":
			case "type_tag":
			case "array":
				this.emit(type.type, container, depth + 1);
				return;
			case "fwd":
				this.writer.write(this.writer.names.tag(id), ";\n\n");
				this.emitState[id] = "emitted";
				return;
			case "typedef":
				this.emitState[id] = "emitting";
				this.emit(type.type, id, depth + 1);
				// Someone may have needed it already, as a name for something behind a pointer.
				if (!this.forwarded[id]) this.typedef(id, type.type);
				this.emitState[id] = "emitted";
				return;
			case "struct":
			case "union":
				this.emitState[id] = "emitting";
				if (top || type.name === "")
					for (const member of type.members) this.emit(member.type, type.name === "" ? container : id, depth + 1);
				else if (!this.forwarded[id] && id !== container) {
					this.writer.write(this.writer.names.tag(id), ";\n\n");
					this.forwarded[id] = 1;
				}
				if (top) {
					this.writer.record(id, type, 0);
					this.writer.write(";\n\n");
				}
				this.emitState[id] = top ? "emitted" : "no";
				return;
			case "func_proto":
				if (this.writer.open.has(id)) return;
				this.writer.open.add(id);
				this.emit(type.result, container, depth + 1);
				for (const param of type.params) this.emit(param.type, container, depth + 1);
				this.writer.open.delete(id);
				return;
			case "func":
			case "var":
			case "datasec":
			case "decl_tag":
			case "void":
				return;
			default:
				(type) satisfies never;
		}
	}

	private typedef(id: number, target: number): void {
		const name = this.writer.names.of(id);
		if (name === "__builtin_va_list") return;
		// Old compilers describe it as void.
		if (target === 0 && name === "__gnuc_va_list") this.writer.write("typedef __builtin_va_list __gnuc_va_list;\n\n");
		else {
			this.writer.write("typedef ");
			this.writer.declare(target, name, 0);
			this.writer.write(";\n\n");
		}
	}
}

/** The whole header. `ids`: only these types and what they need. */
export function dumpBtfAsC(btf: Btf, ids?: readonly number[]): string {
	const dump = new CDump(btf);
	const parts: string[] = [];
	if (ids) for (const id of ids) parts.push(dump.type(id));
	else for (let id = 1; id < btf.types.length; id++) parts.push(dump.type(id));
	return `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

${parts.join("")}#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;
}
