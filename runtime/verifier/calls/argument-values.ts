/**
 * Arguments that stand for something in a map's value or in known bytes: texts, constant keys, timers and other fields, destinations of kptrs.
 * Source: check_reg_const_str, get_constant_map_key, check_map_field_pointer, process_kptr_func of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, reject } from "../env.ts";
import { latin1 } from "../../latin1.ts";
import { FIELD, KPTR, fieldAt, hasField } from "../fields.ts";
import { type MapInfo, hasDirectValue } from "../maps.ts";
import { constNumber, isConst } from "../range.ts";
import { type Reg, slotIsSpilled } from "../state.ts";
import { markSlotPrecise } from "../precision.ts";
import { checkMapValue } from "../regions.ts";
import { framePointedTo, slotOf } from "../stack.ts";
import { fieldsOf } from "../references.ts";
import { kindAt, PTR_TO_MAP_VALUE, PTR_TO_STACK, SCALAR, SPILL, ZERO } from "../types.ts";
import type { CallFacts } from "./call-facts.ts";

/** The zero-terminated text that the register points to, in a read-only map: a character for each byte. */
export function checkConstString(env: Env, regno: number): string {
	const reg = env.regs[regno];
	if (reg.type !== PTR_TO_MAP_VALUE) reject(EINVAL, `${R(regno)} does not point to a map value`, { code: "V0273" });
	const map = reg.map!;
	if (!map.constant) reject(EACCES, `${R(regno)} does not point to a readonly map'`, { code: "V0273", register: regno });
	if (!isConst(reg.range)) reject(EACCES, `${R(regno)} is not a constant address'`, { code: "V0273", register: regno });
	if (!hasDirectValue(map.type)) reject(EACCES, "no direct value access support for this map type", { code: "V0273" });
	checkMapValue(env, regno, reg.off, map.valueSize - reg.off, false, false);
	const off = reg.off + constNumber(reg.range);
	const bytes = map.def.initial ?? new Uint8Array(0);
	let end = off;
	while (end < bytes.length && bytes[end] !== 0) end++;
	if (end >= map.valueSize) reject(EINVAL, "string is not zero-terminated", { code: "V0274", register: regno });
	return latin1(bytes.subarray(off, end));
}

/** The constant key on the stack, when it is one: array lookups with it cannot fail. */
export function constantKey(env: Env, key: Reg, size: number): bigint {
	if (key.type !== PTR_TO_STACK || !isConst(key.range)) return -1n;
	const frame = framePointedTo(env, key);
	const at = key.off + constNumber(key.range);
	const slot = slotOf(at);
	const first = (-at - 1) % 8;
	const kinds = frame.kinds[slot];
	let zeros = 0;
	for (let i = first; i >= 0 && kindAt(kinds, i) === ZERO; i--) zeros++;
	if (zeros >= size) return 0n;
	if (!slotIsSpilled(kinds) || frame.slots[slot].type !== SCALAR) return -1n;
	let spilled = 0;
	for (let i = first; i >= 0 && kindAt(kinds, i) === SPILL; i--) spilled++;
	if (spilled !== size) return -1n;
	const reg = frame.slots[slot];
	if (!isConst(reg.range)) return -1n;
	markSlotPrecise(env, key.frameno, slot);
	return reg.range.tnum.value;
}

export function checkFieldPointer(
	env: Env,
	regno: number,
	kind: number,
	name: string,
	facts: { map: MapInfo | null; mapUid: number },
): void {
	const reg = env.regs[regno];
	const map = reg.map!;
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. ${name} has to be at the constant offset`, { code: "V0630" });
	if (!map.types) reject(EINVAL, `map '${map.name}' has to have BTF in order to use ${name}`, { code: "V0630" });
	if (!hasField(map.fields, kind)) reject(EINVAL, `map '${map.name}' has no valid ${name}`, { code: "V0630" });
	const at = kind === FIELD.timer ? map.fields!.timer : kind === FIELD.wq ? map.fields!.wq : map.fields!.taskWork;
	const off = constNumber(reg.range) + reg.off;
	if (at !== off) reject(EINVAL, `off ${off} doesn't point to 'struct ${name}' that is at ${at}`, { code: "V0630" });
	facts.mapUid = reg.mapUid;
	facts.map = map;
}

export function kptrDestination(env: Env, regno: number, facts: CallFacts): void {
	const reg = env.regs[regno];
	const fields = fieldsOf(env, reg);
	if (reg.type === PTR_TO_MAP_VALUE) {
		if (!reg.map!.types) reject(EINVAL, `map '${reg.map!.name}' has to have BTF in order to use bpf_kptr_xchg`, { code: "V0631" });
		facts.map = reg.map;
	}
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. kptr has to be at the constant offset`, { code: "V0631" });
	if (!hasField(fields, KPTR)) reject(EINVAL, `${R(regno)} has no valid kptr`, { code: "V0631" });
	const off = reg.off + constNumber(reg.range);
	const field = fieldAt(fields, off, KPTR);
	if (!field) reject(EACCES, `off=${off} doesn't point to kptr`, { code: "V0631" });
	if (field.kind !== FIELD.kptrRef && field.kind !== FIELD.kptrPercpu)
		reject(EACCES, `off=${off} kptr isn't referenced kptr`, { code: "V0631" });
	facts.kptr = field;
}
