/**
 * Arguments of kernel functions: numbers here, pointers by the kind that their parameter wants (kfunc-params.ts), each with its check
 * (kfunc-pointers.ts).
 *
 * Source: check_kfunc_args of kernel/bpf/verifier.c, Linux 6.18.
 */
import { isScalarType, kindName, resolved } from "../btf.ts";
import { EACCES, EINVAL, type Env, R, internal, reject } from "../env.ts";
import { FIELD, hasField } from "../fields.ts";
import { isRcu, isTrusted } from "../objects.ts";
import { markPrecise } from "../precision.ts";
import { isConst } from "../range.ts";
import { type Reg, isNull } from "../state.ts";
import { MAYBE_NULL, SCALAR } from "../types.ts";
import { checkArgOffset } from "./argument-memory.ts";
import type { KfuncCall } from "./kfunc-call.ts";
import { type Param, ends, isNullable, pointerKind } from "./kfunc-params.ts";
import { checkPointer } from "./kfunc-pointers.ts";

export function checkKfuncArgs(env: Env, call: KfuncCall): void {
	const { kfunc } = call;
	const params: readonly Param[] = kfunc.proto!.params;
	if (params.length > 5) reject(EINVAL, `Function ${kfunc.name} has ${params.length} > 5 args`, { code: "V0657" });
	for (let i = 0; i < params.length; i++) {
		const p = params[i];
		const regno = i + 1;
		const reg = env.regs[regno];
		const t = resolved(env.kernel!, p.type);
		if (ends(p, "__ign") || ends(p, "__prog")) continue;
		if (isScalarType(t)) {
			scalarArgument(env, call, p, reg, regno);
			continue;
		}
		if (t.kind !== "ptr") reject(EINVAL, `Unrecognized arg#${i} type ${kindName(t)}`, { code: "V0657" });
		// The size of memory is checked with it.
		if (pointerArgument(env, call, params, i)) i++;
	}
	if (kfunc.flags.has("release") && !call.releaseRegno)
		reject(EINVAL, `release kernel function ${kfunc.name} expects refcounted PTR_TO_BTF_ID`, { code: "V0615" });
}

/** True: the argument behind is the size of this one. */
function pointerArgument(env: Env, call: KfuncCall, params: readonly Param[], i: number): boolean {
	const { kfunc } = call;
	const param = params[i];
	const regno = i + 1;
	const reg = env.regs[regno];
	if ((isNull(reg) || reg.type & MAYBE_NULL) && !isNullable(param)) {
		reject(EACCES, `Possibly NULL pointer passed to trusted arg${i}`, {
			code: "V0101",
			register: regno,
			suggestion: "check the pointer first: if (!$v) return …;",
		});
	}
	const releases = kfunc.flags.has("release");
	if (reg.refObjId) {
		if (releases && call.refObjId) internal("more than one arg with ref_obj_id");
		call.refObjId = reg.refObjId;
		if (releases) call.releaseRegno = regno;
	}
	const kind = pointerKind(env, kfunc, params, i);
	if (kind === "null") return false;
	if (kind === "map") sameMap(call, reg, regno);
	if (kind === "map" || kind === "alloc" || kind === "btf") mustStayValid(reg, regno, kfunc.flags.has("rcu"));
	checkArgOffset(env, reg, regno, releases && reg.refObjId !== 0, kind === "dynptr");
	checkPointer(env, kind, { call, reg, regno, index: i, param, next: params[i + 1] });
	return kind === "mem-size";
}

/** Every kernel function wants pointers that stay valid; some are content with RCU's protection. */
function mustStayValid(reg: Reg, regno: number, rcu: boolean): void {
	if (isTrusted(reg)) return;
	if (!rcu) reject(EINVAL, `${R(regno)} must be referenced or trusted`, { code: "V0658", register: regno });
	if (!isRcu(reg)) reject(EINVAL, `${R(regno)} must be a rcu pointer`, { code: "V0658", register: regno });
}

function scalarArgument(env: Env, call: KfuncCall, p: Param, reg: Reg, regno: number): void {
	if (reg.type !== SCALAR) reject(EINVAL, `${R(regno)} is not a scalar`, { code: "V0110", register: regno });
	const known = (): bigint => {
		markPrecise(env, regno);
		return reg.range.tnum.value;
	};
	if (ends(p, "__k")) {
		if (!isConst(reg.range)) reject(EINVAL, `${R(regno)} must be a known constant`, { code: "V0275", register: regno });
		call.constant = known();
	} else if (p.name === "rdonly_buf_size" || p.name === "rdwr_buf_size") {
		if (call.resultSize) reject(EINVAL, "2 or more rdonly/rdwr_buf_size parameters for kfunc", { code: "V0657" });
		if (!isConst(reg.range)) reject(EINVAL, `${R(regno)} is not a const`, { code: "V0275", register: regno });
		call.resultReadonly = p.name === "rdonly_buf_size";
		const size = known();
		call.resultSize = Number(size > 0xffff_ffffn ? 0xffff_ffffn : size);
	}
}

/** The map that a work queue or task work before it is in. */
function sameMap(call: KfuncCall, reg: Reg, regno: number): void {
	if (!reg.map && !reg.btf) reject(EINVAL, `pointer in ${R(regno)} isn't map pointer`, { code: "V0110", register: regno });
	// Only a map whose values have such a field is held against the field's own.
	const fields = reg.map?.fields ?? null;
	if (
		call.map &&
		(call.map !== reg.map || call.mapUid !== reg.mapUid) &&
		(fields === null || hasField(fields, FIELD.wq | FIELD.taskWork))
	) {
		if (hasField(fields, FIELD.taskWork))
			reject(EINVAL, `bpf_task_work pointer in R2 map_uid=${call.mapUid} doesn't match map pointer in R3 map_uid=${reg.mapUid}`, {
				code: "V0632",
			});
		reject(EINVAL, `workqueue pointer in R1 map_uid=${call.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}`, {
			code: "V0632",
		});
	}
	call.map = reg.map;
	call.mapUid = reg.mapUid;
}
