/** Which structs are objects with fields of the kernel's, as Linux 6.18.44 parses them. */
import { describe, expect, it } from "vitest";
import type { BtfMember, BtfType } from "../../assembler/btf/types.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { linuxTypes as kernel } from "../../test/support/linux-types.ts";
import type { MapDef } from "../image.ts";
import { typeSource } from "./btf.ts";
import { FIELD, FieldError, mapFields, objectFields } from "./fields.ts";
import { verify } from "./verify.ts";

const member = (name: string, type: number, off: number): BtfMember => ({ name, type, bitOffset: off * 8, bitSize: 0 });
const types: BtfType[] = [{ kind: "void" }];
const add = (type: BtfType): number => types.push(type) - 1;
const int = add({ kind: "int", name: "unsigned int", size: 4, bits: 32, offset: 0, encoding: 0 });
const struct = (name: string, size: number, ...members: readonly BtfMember[]): number => add({ kind: "struct", name, size, members });
const lock = struct("bpf_spin_lock", 4, member("val", int, 0));
const resilient = struct("bpf_res_spin_lock", 4, member("val", int, 0));
const plain = struct("plain", 4, member("a", int, 0));
const kptr = add({ kind: "ptr", type: add({ kind: "type_tag", name: "kptr", type: plain }) });
const locked = struct("locked", 8, member("lock", lock, 0), member("n", int, 4));
const inside = struct("inside", 16, member("n", int, 0), member("locked", locked, 4));
const both = struct("both", 24, member("locked", locked, 0), member("object", kptr, 8));
const many = struct("many", 24, member("objects", add({ kind: "array", type: kptr, indexType: int, length: 3 }), 0));
const mayFail = struct("may_fail", 8, member("lock", resilient, 0));
const source = typeSource({ types });

it.each([
	["a lock of its own", locked, FIELD.spinLock],
	["a lock in a member's struct only", inside, 0],
	["that lock too, once a kptr of its own is there", both, FIELD.spinLock | FIELD.kptrRef],
	["kptrs in an array only", many, 0],
	["a resilient lock only", mayFail, 0],
])("an object with %s", (_, id, mask) => expect(objectFields(source, null, id)?.mask ?? 0).toBe(mask));

it("a map's value has them wherever they are", () => {
	const fields = mapFields(source, null, inside, 16);
	expect(fields instanceof FieldError ? fields.errno : fields?.spinLock).toBe(4);
});

const i = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });

// What libbpf does where the kernel refuses them: the map is made without BTF.
describe("values with a lock", () => {
	const said = (type: number, flags: number): string => {
		const map: MapDef = { name: "m", type, keySize: 4, valueSize: 8, maxEntries: 1, flags, extra: 0n, keyTypeId: int, valueTypeId: locked, btf: { types }, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
		const insns = [i(0x62, 10, 0, -4), i(0xbf, 2, 10), i(0x07, 2, 0, 0, -4), i(0x18, 1, 1), i(0), i(0x85, 0, 0, 0, 1), i(0x15, 0, 0, 5), i(0xbf, 6), i(0xbf, 1), i(0x85, 0, 0, 0, 93), i(0xbf, 1, 6), i(0x85, 0, 0, 0, 94), i(0xb7), i(0x95)];
		const answer = verify(bareImage("p", insns, { type: 3, maps: [map] }), { kernel });
		return answer.verdict === "accept" ? "accepted" : answer.rejection.message;
	};
	const [HASH, ARRAY, PERCPU_HASH, LRU_HASH] = [1, 2, 5, 9];

	it.each([[HASH, 0], [ARRAY, 0]])("are there in maps of type %d", (type, flags) => expect(said(type, flags)).toBe("accepted"));
	it.each([[PERCPU_HASH, 0], [LRU_HASH, 0], [HASH, 128]])("are mere bytes in maps of type %d, flags %d", (type, flags) => expect(said(type, flags)).toBe("map 'm' has to have BTF in order to use bpf_spin_lock"));
});

describe("a kptr", () => {
	const all: BtfType[] = [...types];
	const put = (type: BtfType): number => all.push(type) - 1;
	const task = put({ kind: "struct", name: "task_struct", size: 4, members: [member("pid", int, 0)] });
	const untrusted = put({ kind: "ptr", type: put({ kind: "type_tag", name: "kptr_untrusted", type: task }) });
	const value = put({ kind: "struct", name: "value", size: 16, members: [member("seen", untrusted, 0), member("n", int, 8)] });
	const map: MapDef = { name: "m", type: 2, keySize: 4, valueSize: 16, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: int, valueTypeId: value, btf: { types: all }, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
	const read = [i(0x18, 6, 2), i(0), i(0x85, 0, 0, 0, 7), i(0x57, 0, 0, 0, 8), i(0x79, 1, 6), i(0x15, 1, 0, 2, 0)];

	it.each([
		["may not be stored an unknown way further", [i(0x0f, 1, 0), i(0x7b, 6, 1)], "variable untrusted_ptr_ access var_off=(0x0; 0x8) disallowed"],
		["may not be stored from before its start", [i(0x07, 1, 0, 0, -4), i(0x7b, 6, 1)], "negative offset untrusted_ptr_ ptr R1 off=-4 disallowed"],
		["is of the struct that is further on", [i(0x07, 1, 0, 0, 8), i(0x7b, 6, 1)], "invalid kptr access, R1 type=untrusted_ptr_task_struct expected=ptr_task_struct or untrusted_ptr_task_struct"],
		["may be stored as it was", [i(0x07, 1), i(0x7b, 6, 1)], "accepted"],
	] as const)("%s", (_, store, said) => {
		const answer = verify(bareImage("p", [...read, ...store, i(0xb7), i(0x95)], { type: 6, maps: [map], btf: { types: all } }), { kernel });
		expect(answer.verdict === "accept" ? "accepted" : answer.rejection.message).toBe(said);
	});
});
