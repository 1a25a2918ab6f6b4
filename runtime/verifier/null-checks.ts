/**
 * Pointers that may be null, those that never are, and what a comparison makes of the former.
 * Source: reg_not_null, mark_ptr_not_null_reg, mark_ptr_or_null_regs of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Env } from "./env.ts";
import { isZero } from "./range.ts";
import { FIELD, hasField } from "./fields.ts";
import { fieldsOf, releaseNoMark } from "./references.ts";
import { MAP } from "./maps.ts";
import { isRcu, isTrusted } from "./objects.ts";
import { type Reg, type State, mapRegs, scalar } from "./state.ts";
import {
	CONST_PTR_TO_MAP,
	MAYBE_NULL,
	PTR_TO_BTF_ID,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_TCP_SOCK,
	PTR_TO_XDP_SOCK,
	SCALAR,
	UNTRUSTED,
	baseOf,
} from "./types.ts";

/** Types that are never null. */
export function notNull(reg: Reg): boolean {
	if (reg.type & MAYBE_NULL) return false;
	switch (baseOf(reg.type)) {
		case PTR_TO_SOCKET:
		case PTR_TO_TCP_SOCK:
		case PTR_TO_MAP_VALUE:
		case PTR_TO_MAP_KEY:
		case PTR_TO_SOCK_COMMON:
		case CONST_PTR_TO_MAP:
			return true;
		case PTR_TO_BTF_ID:
			return isTrusted(reg);
		case PTR_TO_MEM:
			return (reg.type & UNTRUSTED) === 0;
		default:
			return false;
	}
}

/** The pointer without "or null"; what stands for something else when it is known to be there, becomes that. */
export function notNullReg(reg: Reg): Reg {
	const r = reg.copy();
	if (baseOf(reg.type) === PTR_TO_MAP_VALUE) {
		const map = reg.map!;
		if (map.inner) {
			r.type = CONST_PTR_TO_MAP;
			r.map = map.inner;
			// Two lookups may give two maps: timers must not be taken from one to the other.
			if (hasField(map.inner.fields, FIELD.timer | FIELD.wq | FIELD.taskWork)) r.mapUid = reg.id;
		} else if (map.type === MAP.XSKMAP) r.type = PTR_TO_XDP_SOCK;
		else if (map.type === MAP.SOCKMAP || map.type === MAP.SOCKHASH) r.type = PTR_TO_SOCKET;
		else r.type = PTR_TO_MAP_VALUE;
		return r;
	}
	r.type &= ~MAYBE_NULL;
	return r;
}

/** Every pointer with this id is (not) null. */
export function markNull(env: Env, state: State, regno: number, isNull: boolean): void {
	const { id, refObjId } = state.frames[state.curframe].regs[regno];
	if (refObjId && refObjId === id && isNull) releaseNoMark(state, id);
	mapRegs(state, (reg) => {
		if (!(reg.type & MAYBE_NULL) || reg.id !== id || (id === 0 && !isRcu(reg))) return reg;
		if (!isZero(reg.range)) return reg;
		if (isNull) {
			const r = scalar(reg.range);
			return r;
		}
		const r = notNullReg(reg);
		if (!hasField(fieldsOf(env, r), FIELD.spinLock | FIELD.resSpinLock)) r.id = 0;
		return r;
	});
}

/** Of two pointers one may be null. */
export function oneMayBeNull(a: Reg, b: Reg): boolean {
	return (
		a.type !== SCALAR &&
		b.type !== SCALAR &&
		(a.type & MAYBE_NULL) !== (b.type & MAYBE_NULL) &&
		baseOf(a.type) !== PTR_TO_BTF_ID &&
		baseOf(b.type) !== PTR_TO_BTF_ID
	);
}
