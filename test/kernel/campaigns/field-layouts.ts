/** Layouts of map values and of allocated objects, at random: what the kernel manages in them, in members of members and in arrays, beside plain bytes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BtfMember, BtfType } from "../../../assembler/btf/types.ts";
import { writeBtf } from "../../../assembler/btf/write.ts";
import { pick, type Random } from "./campaign.ts";

export type Kind = "bytes" | "lock" | "resilient" | "timer" | "work" | "task work" | "task" | "cgroup" | "cpumask" | "seen" | "object" | "percpu" | "list" | "tree" | "refcount" | "nested" | "kptrs" | "user";
/** What there may be, how often, how large. */
const KINDS: readonly (readonly [kind: Kind, weight: number, size: number, align: number])[] = [
	["bytes", 6, 8, 8], ["lock", 3, 4, 4], ["resilient", 1, 4, 4], ["timer", 2, 16, 8], ["work", 2, 16, 8], ["task work", 1, 8, 8], ["task", 3, 8, 8], ["cgroup", 1, 8, 8], ["cpumask", 2, 8, 8], ["seen", 2, 8, 8],
	["object", 3, 8, 8], ["percpu", 2, 8, 8], ["list", 2, 16, 8], ["tree", 2, 16, 8], ["refcount", 1, 4, 4], ["nested", 3, 0, 8], ["kptrs", 2, 0, 8], ["user", 0, 8, 8],
];
const WEIGHTED = KINDS.flatMap((row) => Array.from({ length: row[1] }, () => row));
const LOCK_ROW = KINDS[1];
export const NOT_EVERYWHERE: ReadonlySet<Kind> = new Set(["lock", "resilient", "timer", "work", "task work", "list", "tree"]);
const PLAIN_SIZE = 24;
/** struct node: a number, a reference count, a node of each, a number. */
export const NODE = { size: 80, tree: 16, list: 48, data: 72 } as const;

interface Place {
	readonly kind: Kind;
	readonly off: number;
}
export interface Layout {
	readonly file: string;
	readonly size: number;
	readonly places: readonly Place[];
	readonly ids: { readonly value: number; readonly plain: number; readonly node: number; readonly int: number; readonly main: number; readonly expired: number; readonly less: number };
}

export function makeLayout(file: string, scratch: string, random: Random): Layout {
	const types: BtfType[] = [{ kind: "void" }];
	const add = (type: BtfType): number => types.push(type) - 1;
	const int = add({ kind: "int", name: "unsigned int", size: 4, bits: 32, offset: 0, encoding: 0 });
	const wide = add({ kind: "int", name: "unsigned long long", size: 8, bits: 64, offset: 0, encoding: 0 });
	const array = (type: number, length: number): number => add({ kind: "array", type, indexType: int, length });
	const member = (name: string, type: number, off: number): BtfMember => ({ name, type, bitOffset: off * 8, bitSize: 0 });
	const opaque = (name: string, size: number): number => add({ kind: "struct", name, size, members: [size === 4 ? member("val", int, 0) : member("opaque", array(wide, size / 8), 0)] });
	const [lock, resilient, timer, work, taskWork, refcount, listHead, listNode, root, rootNode] = [
		opaque("bpf_spin_lock", 4), opaque("bpf_res_spin_lock", 4), opaque("bpf_timer", 16), opaque("bpf_wq", 16), opaque("bpf_task_work", 8), opaque("bpf_refcount", 4), opaque("bpf_list_head", 16), opaque("bpf_list_node", 24), opaque("bpf_rb_root", 16), opaque("bpf_rb_node", 32),
	];
	const plain = add({ kind: "struct", name: "plain", size: PLAIN_SIZE, members: [member("a", wide, 0), member("b", wide, 8), member("c", int, 16)] });
	const node = add({ kind: "struct", name: "node", size: NODE.size, members: [member("key", wide, 0), member("ref", refcount, 8), member("tree", rootNode, NODE.tree), member("list", listNode, NODE.list), member("data", wide, NODE.data)] });
	const pointer = (name: string, tag: string): number => add({ kind: "ptr", type: add({ kind: "type_tag", name: tag, type: add({ kind: "struct", name, size: 4, members: [member("x", int, 0)] }) }) });
	const local = (type: number, tag: string): number => add({ kind: "ptr", type: add({ kind: "type_tag", name: tag, type }) });
	const byKind: Readonly<Record<Exclude<Kind, "nested" | "kptrs">, number>> = {
		bytes: wide, lock, resilient, timer, work, "task work": taskWork, task: pointer("task_struct", "kptr"), cgroup: pointer("cgroup", "kptr"), cpumask: pointer("bpf_cpumask", "kptr"), seen: pointer("task_struct", "kptr_untrusted"),
		object: local(plain, "kptr"), percpu: local(plain, "percpu_kptr"), list: listHead, tree: root, refcount, user: local(plain, "uptr"),
	};
	const places: Place[] = [];
	const used = new Set<Kind>();

	/** A record of random members; `top` for the value itself. */
	function record(name: string, base: number, count: number, depth: number, repeated: boolean): { readonly id: number; readonly size: number; readonly align: number } {
		const members: BtfMember[] = [];
		const tags: (readonly [index: number, text: string])[] = [];
		let end = 0;
		for (let i = 0; i < count; i++) {
			let [kind, , size, align] = depth === 0 && i === 0 && random(2) ? LOCK_ROW : pick(WEIGHTED, random);
			if ((kind === "list" || kind === "tree") && !used.has("lock") && !used.has("resilient") && random(15)) kind = "bytes";
			const unique = ["lock", "resilient", "timer", "work", "task work", "refcount"].includes(kind);
			if ((unique && (used.has(kind) || repeated) && random(30) !== 0) || (kind === "resilient" && used.has("lock")) || (kind === "lock" && used.has("resilient"))) kind = "bytes";
			if (kind === "bytes") [size, align] = [8, 8];
			if ((kind === "nested" || kind === "kptrs") && depth > 2) kind = "bytes";
			used.add(kind);
			const off = Math.ceil(end / align) * align;
			let type: number;
			if (kind === "nested") {
				const length = random(3) === 0 ? 1 + random(3) : 0;
				const inner = record(`inner${types.length}`, base + off, 1 + random(3), depth + 1, repeated || length > 1);
				type = length > 0 ? array(inner.id, length) : inner.id;
				size = inner.size * (length || 1);
			} else if (kind === "kptrs") {
				const of = pick(["task", "object", "seen", "percpu"] as const, random);
				const length = 1 + random(3);
				type = array(byKind[of], length);
				size = 8 * length;
				for (let k = 0; k < length; k++) places.push({ kind: of, off: base + off + 8 * k });
			} else {
				type = byKind[kind];
				if (size === 0) size = 8;
				if (kind === "bytes" && random(4) === 0) {
					size = 8 * (1 + random(4));
					type = array(wide, size / 8);
				}
				places.push({ kind, off: base + off });
				if (kind === "list" || kind === "tree") tags.push([members.length, `contains:node:${kind}`]);
			}
			members.push(member(`m${i}`, type, off));
			end = off + size;
		}
		const size = Math.max(8, Math.ceil(end / 8) * 8);
		const id = add({ kind: "struct", name, size, members });
		for (const [index, text] of tags) add({ kind: "decl_tag", name: text, type: id, componentIndex: index });
		return { id, size, align: 8 };
	}

	const value = record("value", 0, 1 + random(6), 0, false);
	const func = (name: string, params: readonly number[]): number => add({ kind: "func", name, type: add({ kind: "func_proto", result: int, params: params.map((type, i) => ({ name: `a${i}`, type })) }), linkage: "static" });
	const voidPtr = add({ kind: "ptr", type: 0 });
	const ids = { value: value.id, plain, node, int, main: func("program", [voidPtr]), expired: func("expired", [voidPtr, voidPtr, voidPtr]), less: func("less", [voidPtr, voidPtr]) };
	writeFileSync(join(scratch, "btf", file), writeBtf({ types }).btf);
	return { file, size: value.size, places: places.sort((a, b) => a.off - b.off), ids };
}
