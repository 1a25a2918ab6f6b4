/**
 * What the program (or an asynchronous callback, or a global function) may return.
 *
 * Source: check_return_code of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, ENOTSUPP, type Env, R, reject } from "./env.ts";
import { checkReadable } from "./alu.ts";
import { checkUnmodified } from "./objects.ts";
import { badReturn, within } from "./calls/callbacks.ts";
import { lsmReturnRange } from "./attach.ts";
import { resolved, skipModifiers } from "./btf.ts";
import { markPrecise } from "./precision.ts";
import { SCALAR, typeName } from "./types.ts";
import type { RetvalRange } from "./programs/spec.ts";

const LSM_CGROUP = 43;

export function checkReturn(env: Env, regno: number, name: string): void {
	const frame = env.current.frames[0];
	const isSubprog = frame.subprog > 0;
	const reg = env.regs[regno];
	const { spec, image } = env;
	const attach = image.expectedAttachType;
	if (!isSubprog || frame.inExceptionCallback) {
		if (spec.id === 29 && attach !== LSM_CGROUP && env.attachProto?.result === 0) return;
		if (spec.id === 27) {
			if (env.attachProto?.result === 0) return;
			if (!frame.inExceptionCallback && env.attachProto && env.kernel) {
				const t = resolved(env.kernel, env.attachProto.result);
				if (t.kind === "ptr" && reg.refObjId && reg.btfId === skipModifiers(env.kernel, t.type))
					return checkUnmodified(env, reg, regno, false);
			}
		}
	}
	checkReadable(env, regno);
	if (!env.allowPtrLeaks && reg.type !== SCALAR)
		reject(EACCES, `${R(regno)} leaks addr as return value`, { code: "V0250", register: regno });
	let range: RetvalRange | null;
	let low = false;
	let where = "At program exit";
	if (frame.inAsyncCallback) {
		where = "At async callback return";
		range = frame.callbackReturn;
	} else if (isSubprog && !frame.inExceptionCallback) {
		if (reg.type !== SCALAR) {
			reject(EINVAL, `At subprogram exit the register ${R(regno)} is not a scalar value (${typeName(reg.type)})`, {
				code: "V0713",
				register: regno,
			});
		}
		return;
	} else {
		range = programRange(env);
		low = spec.id === 29 && attach !== LSM_CGROUP;
	}
	if (range === null) return;
	if (reg.type !== SCALAR)
		reject(EINVAL, `${where} the register ${R(regno)} is not a known value (${typeName(reg.type)})`, { code: "V0714", register: regno });
	markPrecise(env, regno);
	if (!within(range, reg, low)) badReturn(reg, range, where, name);
}

function programRange(env: Env): RetvalRange | null {
	const { spec, image } = env;
	const attach = image.expectedAttachType;
	switch (spec.id) {
		case 26:
			if (attach === 24 || attach === 25) return { min: 0, max: 0 };
			if (attach === 28) return { min: 0, max: 1 };
			if (attach === 23 || attach === 26) return null;
			return reject(ENOTSUPP, `unknown attach type ${attach} of a tracing program`, { code: "V0702" });
		case 29:
			if (attach !== LSM_CGROUP) return lsmReturnRange(env);
			return env.attachProto?.result === 0 ? { min: 1, max: 1 } : { min: 0, max: 1 };
		case 27: {
			if (!env.attachProto || !env.kernel) return null;
			const t = resolved(env.kernel, env.attachProto.result);
			return t.kind === "ptr" ? { min: 0, max: 0 } : null;
		}
		default:
			return spec.returns(attach);
	}
}
