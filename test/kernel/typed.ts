/** The BTF of typed.bpf.c, as our compiler writes it and as libbpf would finish it, and what campaigns need of it by name. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readElf } from "../../assembler/elf/read.ts";
import { writeBtf } from "../../assembler/btf/write.ts";
import { sizeOf, typeSource } from "../../runtime/verifier/btf.ts";
import { fixBtf } from "../../runtime/loader/fixup.ts";
import { compileTo } from "../support/compile-file.ts";
import type { RecordedMap } from "../support/case-image.ts";

export interface Typed {
	/** The file in the scratch folder's btf/. */
	readonly file: string;
	struct(name: string): number;
	func(name: string): number;
	size(struct: string): number;
	/** Byte offset of a member. */
	member(struct: string, member: string): number;
	/** A map of a struct, `struct value` when nothing is said. */
	map(type: number, entries: number, struct?: string): RecordedMap;
}

const FILE = "typed.btf";

export function typed(scratch: string): Typed {
	const object = compileTo(fileURLToPath(new URL("typed.bpf.c", import.meta.url)), "obj");
	const btf = object instanceof Uint8Array ? fixBtf(readElf(object)) : null;
	if (btf === null) throw new Error("bug: typed.bpf.c does not compile");
	mkdirSync(join(scratch, "btf"), { recursive: true });
	writeFileSync(join(scratch, "btf", FILE), writeBtf(btf).btf);
	const types = typeSource(btf);
	const find = (name: string, kind: "struct" | "func" | "int"): number => {
		const id = types.find(name, kind);
		if (id < 0) throw new Error(`bug: no ${kind} ${name} in typed.bpf.c`);
		return id;
	};
	const size = (struct: string): number => sizeOf(types, find(struct, "struct")) ?? 0;
	return {
		file: FILE, size,
		struct: (name) => find(name, "struct"),
		func: (name) => find(name, "func"),
		member(struct, name) {
			const t = types.type(find(struct, "struct"));
			const member = t.kind === "struct" ? t.members.find((m) => m.name === name) : undefined;
			if (member === undefined) throw new Error(`bug: no member ${name} in struct ${struct}`);
			return member.bitOffset / 8;
		},
		map: (type, entries, struct = "value") => ({
			type, key_size: 4, value_size: size(struct), max_entries: entries, map_flags: 0, btf: FILE, btf_key_type_id: find("unsigned int", "int"), btf_value_type_id: find(struct, "struct"),
		}),
	};
}
