/**
 * Arguments of calls that are memory: a pointer with an offset that is allowed, and the bytes behind it, of a size that another argument or a type says.
 * Source: check_func_arg_reg_off, check_helper_mem_access, check_mem_size_reg of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, reject } from "../env.ts";
import { isConst } from "../range.ts";
import { isNull, type Reg } from "../state.ts";
import { markPrecise } from "../precision.ts";
import { accessKernelObject, checkUnmodified } from "../objects.ts";
import { accessMemory } from "../memory.ts";
import { checkBuffer, checkMapRights, checkMapValue, checkPacket, checkRegion, describeRange } from "../regions.ts";
import { checkStackRange, type RawMode } from "../stack-read.ts";
import { notNullReg } from "../null-checks.ts";
import {
	ALLOC,
	baseOf,
	MAYBE_NULL,
	NON_OWN_REF,
	PTR_TO_ARENA,
	PTR_TO_BTF_ID,
	PTR_TO_BUF,
	PTR_TO_CTX,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_STACK,
	RCU,
	RDONLY,
	RINGBUF,
	SCALAR,
	TRUSTED,
	typeName,
} from "../types.ts";

/** Offsets that a pointer argument may have. */
export function checkArgOffset(env: Env, reg: Reg, regno: number, release: boolean, dynptr: boolean): void {
	if (release) {
		if (dynptr && reg.type === PTR_TO_STACK) return;
		if (reg.off)
			reject(EINVAL, `${R(regno)} must have zero offset when passed to release func or trusted arg to kfunc`, {
				code: "V0231",
				register: regno,
			});
		return checkUnmodified(env, reg, regno, false);
	}
	switch (reg.type) {
		case PTR_TO_STACK:
		case PTR_TO_PACKET:
		case PTR_TO_PACKET_META:
		case PTR_TO_MAP_KEY:
		case PTR_TO_MAP_VALUE:
		case PTR_TO_MEM:
		case PTR_TO_MEM | RDONLY:
		case PTR_TO_MEM | RINGBUF:
		case PTR_TO_BUF:
		case PTR_TO_BUF | RDONLY:
		case PTR_TO_ARENA:
		case SCALAR:
			return;
		case PTR_TO_BTF_ID:
		case PTR_TO_BTF_ID | ALLOC:
		case PTR_TO_BTF_ID | TRUSTED:
		case PTR_TO_BTF_ID | RCU:
		case PTR_TO_BTF_ID | ALLOC | NON_OWN_REF:
		case PTR_TO_BTF_ID | ALLOC | NON_OWN_REF | RCU:
			return checkUnmodified(env, reg, regno, true);
		default:
			return checkUnmodified(env, reg, regno, false);
	}
}

/** `size` bytes behind a pointer argument. */
export function checkHelperMemory(env: Env, regno: number, size: number, write: boolean, zeroAllowed: boolean, raw: RawMode | null): void {
	const reg = env.regs[regno];
	switch (baseOf(reg.type)) {
		case PTR_TO_PACKET:
		case PTR_TO_PACKET_META:
			return checkPacket(env, regno, reg.off, size, zeroAllowed);
		case PTR_TO_MAP_KEY:
			if (write) reject(EACCES, `${R(regno)} cannot write into ${typeName(reg.type)}`, { code: "V0226", register: regno });
			return checkRegion(env, regno, reg.off, size, reg.map!.keySize, false);
		case PTR_TO_MAP_VALUE:
			checkMapRights(env, regno, reg.off, size, write);
			return checkMapValue(env, regno, reg.off, size, zeroAllowed, false);
		case PTR_TO_MEM:
			if (reg.type & RDONLY && write)
				reject(EACCES, `${R(regno)} cannot write into ${typeName(reg.type)}`, { code: "V0226", register: regno });
			return checkRegion(env, regno, reg.off, size, reg.memSize, zeroAllowed);
		case PTR_TO_BUF:
			if (reg.type & RDONLY && write)
				reject(EACCES, `${R(regno)} cannot write into ${typeName(reg.type)}`, { code: "V0226", register: regno });
			return checkBuffer(reg, regno, reg.off, size, reg.type & RDONLY ? "rdonly" : "rdwr");
		case PTR_TO_STACK:
			return checkStackRange(env, regno, reg.off, size, zeroAllowed, write, raw);
		case PTR_TO_BTF_ID:
			accessKernelObject(env, reg, regno, reg.off, size, write);
			return;
		case PTR_TO_CTX:
			if (env.spec.contextIsMemory) {
				if (size === 0) {
					if (zeroAllowed) return;
					reject(EACCES, "invalid zero-sized read", { code: "V0219" });
				}
				accessMemory(env, regno, { off: size - 1, size: 1, write, value: -1, imm: null, strict: false, signExtend: false });
				return;
			}
			break;
	}
	if (zeroAllowed && size === 0 && isNull(reg)) return;
	reject(EACCES, `${R(regno)} type=${typeName(reg.type)} expected=fp`, { code: "V0110", register: regno });
}

/** What no region of memory is as large as: BPF_MAX_VAR_SIZ. */
const MAX_SIZE = 1n << 29n;

/** A size argument and the memory in the register before it. */
export function checkSize(
	env: Env,
	regno: number,
	write: boolean,
	zeroAllowed: boolean,
	raw: RawMode | null,
	facts: { maxSize: bigint } | null,
): void {
	const reg = env.regs[regno];
	const { range } = reg;
	if (facts) facts.maxSize = range.umax;
	if (!isConst(range)) raw = null;
	if (range.sminHi < 0) {
		reject(EACCES, `${R(regno)} min value is negative, either use unsigned or 'var &= const'`, {
			code: "V0270",
			register: regno,
			needed: "a size ≥ 0",
			known: describeRange(range),
			suggestion: "make the size unsigned, or check it",
		});
	}
	if (range.umin === 0n && !zeroAllowed) {
		reject(EACCES, `${R(regno)} invalid zero-sized read: u64=[${range.umin},${range.umax}]`, {
			code: "V0271",
			register: regno,
			needed: "a size of at least 1",
			known: describeRange(range),
			suggestion: "check that the size is not 0",
		});
	}
	if (range.umax >= MAX_SIZE) {
		reject(EACCES, `${R(regno)} unbounded memory access, use 'var &= const' or 'if (var < const)'`, {
			code: "V0272",
			register: regno,
			needed: "a bounded size",
			known: describeRange(range),
			suggestion: "mask or compare the size before the call",
		});
	}
	checkHelperMemory(env, regno - 1, range.umaxNumber, write, zeroAllowed, raw);
	markPrecise(env, regno);
}

/** `bytes` of memory that the callee may read and write; null is fine. */
export function checkWholeMemory(env: Env, regno: number, bytes: number): void {
	const reg = env.regs[regno];
	if (isNull(reg)) return;
	if (reg.type & MAYBE_NULL) env.regs[regno] = notNullReg(reg);
	checkHelperMemory(env, regno, bytes, false, true, null);
	checkHelperMemory(env, regno, bytes, true, true, null);
	if (reg.type & MAYBE_NULL) env.regs[regno] = reg;
}
