/**
 * Writes compiler/headers/vmlinux.btf.gz: the types that `#include "vmlinux.h"` means where there is no kernel BTF to
 * ask. They are those of the running kernel (Linux 6.18, x86-64) less what no program names: variables, and functions
 * other than bpf's own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { readBtf } from "../../assembler/btf/read.ts";
import type { BtfType } from "../../assembler/btf/types.ts";
import { writeBtf } from "../../assembler/btf/write.ts";

const source = process.argv[2] ?? "/sys/kernel/btf/vmlinux";
const { types } = readBtf(new Uint8Array(readFileSync(source)));

const isRoot = (type: BtfType): boolean => {
	switch (type.kind) {
		case "struct":
		case "union":
		case "enum":
		case "enum64":
		case "typedef":
			return type.name !== "";
		case "func":
			return type.name.startsWith("bpf_");
		default:
			return false;
	}
};

/** Calls `visit` with each type id that a type refers to, and returns it with the ids that `visit` gives. */
function mapIds(type: BtfType, visit: (id: number) => number): BtfType {
	switch (type.kind) {
		case "struct":
		case "union":
			return { ...type, members: type.members.map((member) => ({ ...member, type: visit(member.type) })) };
		case "func_proto":
			return { ...type, result: visit(type.result), params: type.params.map((param) => ({ ...param, type: visit(param.type) })) };
		case "array":
			return { ...type, type: visit(type.type), indexType: visit(type.indexType) };
		case "ptr":
		case "typedef":
		case "const":
		case "volatile":
		case "restrict":
		case "func":
		case "type_tag":
			return { ...type, type: visit(type.type) };
		default:
			return type;
	}
}

const kept = new Set<number>();
const work = types.flatMap((type, id) => (isRoot(type) ? [id] : []));
while (work.length > 0) {
	const id = work.pop() as number;
	if (id === 0 || kept.has(id)) continue;
	kept.add(id);
	mapIds(types[id], (to) => {
		work.push(to);
		return to;
	});
}
const order = [...kept].sort((a, b) => a - b);
const renumbered = new Map(order.map((id, i) => [id, i + 1]));
const subset: BtfType[] = [{ kind: "void" }, ...order.map((id) => mapIds(types[id], (to) => renumbered.get(to) ?? 0))];
const { btf } = writeBtf({ types: subset });
const packed = gzipSync(btf, { level: 9 });
writeFileSync(new URL("../../compiler/headers/vmlinux.btf.gz", import.meta.url), packed);
console.log(`${types.length} types, ${subset.length} kept: ${btf.length} bytes, ${packed.length} packed`);
