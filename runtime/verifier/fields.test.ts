/** Which structs are objects with fields of the kernel's, as Linux 6.18.44 parses them. */
import { expect, it } from "vitest";
import type { BtfMember, BtfType } from "../../assembler/btf/types.ts";
import { typeSource } from "./btf.ts";
import { FIELD, mapFields, FieldError, objectFields } from "./fields.ts";

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
