/**
 * Speculation: without CAP_PERFMON, pointer arithmetic is masked, and a mask must be the same on every path.
 *
 * In: an addition to a pointer, before and after; out: what the mask must be, kept per instruction, and the truncated value's path.
 * Source: sanitize_ptr_alu, retrieve_ptr_limit, sanitize_check_bounds of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, type Env, R, Refusal, reject } from "./env.ts";
import { checkMapValue } from "./regions.ts";
import { constNumber, isConst } from "./range.ts";
import { ALU_ADD, ALU_SUB } from "./scalar.ts";
import type { Reg } from "./state.ts";
import { tnumText } from "./tnum.ts";
import { PTR_TO_MAP_VALUE, PTR_TO_STACK } from "./types.ts";
import { pushBranch } from "./walk.ts";

const ALU_SANITIZE_SRC = 1;
const ALU_SANITIZE_DST = 2;
const ALU_NEG_VALUE = 4;
const ALU_IMMEDIATE = 16;
const FORBIDDEN = "pointer arithmetic with it prohibited for !root";

export interface Plan {
	readonly maskToLeft: boolean;
	readonly state: number;
	readonly limit: number;
}

export function sanitizeFirst(env: Env, insn: Insn, op: number, ptr: Reg, off: Reg, ptrIsDst: boolean): Plan | null {
	if (env.bypassSpecV1 || !(insn.opcode & 8) || env.nospec[env.insn]) return null;
	const immediate = isConst(off.range);
	let plan: Plan = { maskToLeft: false, state: 0, limit: 0 };
	if (!env.current.speculative) {
		const negative = off.range.sminHi < 0;
		if (!immediate && negative !== off.range.smaxHi < 0) {
			reject(EACCES, `${R(ptrIsDst ? insn.src : insn.dst)} has unknown scalar with mixed signed bounds, ${FORBIDDEN}`, { code: "V0801" });
		}
		const maskToLeft = (op === ALU_ADD && negative) || (op === ALU_SUB && !negative);
		const limit = pointerLimit(insn, ptr, maskToLeft, ptrIsDst);
		const state = (negative ? ALU_NEG_VALUE : 0) | (immediate ? ALU_IMMEDIATE : 0) | (ptrIsDst ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST);
		if (!immediate) env.exploreAluLimits = true;
		plan = { maskToLeft, state, limit };
	}
	if (!immediate) {
		// The truncated value is walked as if it were speculated: dst is the pointer itself.
		const saved = env.regs[insn.dst];
		if (!ptrIsDst) env.regs[insn.dst] = ptr;
		pushBranch(env, env.insn + 1, env.insn, true);
		env.regs[insn.dst] = saved;
	}
	return plan;
}

export function sanitizeSecond(env: Env, insn: Insn, plan: Plan, result: Reg): void {
	if (env.current.speculative) return;
	const limit = pointerLimit(insn, result, plan.maskToLeft, true);
	updateAluState(env, insn, plan.state, Math.abs(plan.limit - limit), plan);
}

function pointerLimit(insn: Insn, ptr: Reg, maskToLeft: boolean, ptrIsDst: boolean): number {
	let max: number;
	let limit: number;
	if (ptr.type === PTR_TO_STACK) {
		max = 512 + (maskToLeft ? 1 : 0);
		limit = -(constNumber(ptr.range) + ptr.off);
	} else if (ptr.type === PTR_TO_MAP_VALUE) {
		max = ptr.map!.valueSize;
		limit = (maskToLeft ? ptr.range.sminNumber : ptr.range.umaxNumber) + ptr.off;
	} else reject(EACCES, `${R(ptrIsDst ? insn.dst : insn.src)} has pointer with unsupported alu operation, ${FORBIDDEN}`, { code: "V0802" });
	if (limit >>> 0 !== limit || limit >= max)
		reject(EACCES, `${R(insn.dst)} tried to ${(insn.opcode & 0xf0) === ALU_ADD ? "add" : "sub"} beyond pointer bounds, ${FORBIDDEN}`, {
			code: "V0803",
		});
	return limit;
}

export function updateAluState(env: Env, insn: Insn, state: number, limit: number, plan: Plan | null): void {
	void plan;
	const at = env.insn;
	if (env.aluState[at] !== 0 && (env.aluState[at] !== state || env.aluLimit[at] !== limit)) {
		reject(
			EACCES,
			`${R(insn.dst)} tried to ${(insn.opcode & 0xf0) === ALU_ADD ? "add" : "sub"} from different maps, paths or scalars, ${FORBIDDEN}`,
			{ code: "V0804" },
		);
	}
	env.aluState[at] = state;
	env.aluLimit[at] = limit;
}

export function sanitizeBounds(env: Env, d: number, reg: Reg): void {
	if (reg.type === PTR_TO_STACK) {
		if (!isConst(reg.range))
			reject(
				EACCES,
				`${R(d)} variable stack access prohibited for !root, var_off=${tnumText(reg.range.tnum)} off=${(reg.off + reg.range.tnum.valueLo) | 0}`,
				{ code: "V0220" },
			);
		const off = reg.off + constNumber(reg.range);
		if (off >= 0 || off < -512)
			reject(EACCES, `${R(d)} stack pointer arithmetic goes out of range, prohibited for !root; off=${off}`, { code: "V0805" });
	} else if (reg.type === PTR_TO_MAP_VALUE) {
		try {
			checkMapValue(env, d, reg.off, 1, false, false);
		} catch (e) {
			if (!(e instanceof Refusal)) throw e;
			env.note(e.message);
			reject(EACCES, `${R(d)} pointer arithmetic of map value goes out of range, prohibited for !root`, { code: "V0805" });
		}
	}
}
