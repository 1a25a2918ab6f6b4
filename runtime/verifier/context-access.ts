/**
 * Loads and stores through the context pointer: by the program type's table, or by the attached function's BTF prototype.
 *
 * Source: check_ctx_access, btf_ctx_access of the kernel.
 */
import { EACCES, type Env, reject, unsupported } from "./env.ts";
import { isEnum, isInt, isModifier, isRecord, nameOf, resolved, sizeOf, skipModifiers } from "./btf.ts";
import { type Reg, pointer, scalar, unknownScalar } from "./state.ts";
import { rangeBetween } from "./bounds.ts";
import { type ContextValue, SCALAR_VALUE } from "./programs/spec.ts";
import { UNTRUSTED_LSM } from "./attach-facts.ts";
import { iteratorArgument, lsmReturnRange, nullableArgs } from "./attach.ts";
import { MAYBE_NULL, PERCPU, PTR_TO_BTF_ID, PTR_TO_BUF, RDONLY, SCALAR, TRUSTED, USER, baseOf } from "./types.ts";

/** The loaded value (of no use for stores). */
export function contextAccess(env: Env, off: number, size: number, write: boolean, signExtend: boolean): Reg {
	const { spec, image } = env;
	const value = spec.id === 26 || spec.id === 27 || spec.id === 29 ? byPrototype(env, off, size, write) :
		spec.id === 32 ? netfilter(env, off, size, write) : spec.id === 28 ? unsupported("extension programs") :
		spec.access({ off, size, write, signExtend, attach: image.expectedAttachType });
	if (!value) {
		reject(EACCES, `invalid bpf_context access off=${off} size=${size}`, {
			code: "V0229", needed: `a field of the context of ${spec.name} programs that may be ${write ? "written" : "read"}`, known: `offset ${off}, ${size} bytes`,
		});
	}
	if (write) return unknownScalar;
	if (value.type === SCALAR) {
		const range = value.retval ? lsmReturnRange(env) : null;
		if (range === null) return unknownScalar;
		return scalar(rangeBetween(range.min, range.max));
	}
	const reg = pointer(value.type);
	if (value.type & MAYBE_NULL) reg.id = env.newId();
	if (value.memSize !== undefined) reg.memSize = value.memSize;
	if (baseOf(value.type) === PTR_TO_BTF_ID) {
		reg.btf = value.btf!;
		reg.btfId = value.btfId!;
		reg.refObjId = value.refObjId ?? 0;
	}
	return reg;
}

/** `struct bpf_nf_ctx`: the hook's state and the packet, both trusted. */
function netfilter(env: Env, off: number, size: number, write: boolean): ContextValue | null {
	if (write || size !== 8 || (off !== 0 && off !== 8) || !env.kernel) return null;
	return { type: PTR_TO_BTF_ID | TRUSTED, btf: env.kernel, btfId: env.kernel.find(off === 0 ? "nf_hook_state" : "sk_buff", "struct") };
}

function byPrototype(env: Env, off: number, size: number, write: boolean): ContextValue | null {
	const { kernel, spec, image } = env;
	if (off < 0 || off >= 96 || off % size !== 0 || write) return null;
	if (!kernel) unsupported("programs attached by BTF without the kernel's BTF");
	const proto = env.attachProto;
	if (off % 8) return null;
	if (!proto) return SCALAR_VALUE;
	const attach = image.expectedAttachType;
	const rawTracepoint = spec.id === 26 && attach === 23;
	const params = rawTracepoint && env.attachName.startsWith("btf_trace_") ? proto.params.slice(1) : proto.params;
	let index = -1;
	let at = 0;
	for (let i = 0; i < params.length && index < 0; i++) {
		const t = resolved(kernel, params[i].type);
		at += t.kind === "ptr" ? 8 : Math.ceil((sizeOf(kernel, params[i].type) ?? 8) / 8) * 8;
		if (off < at) index = i;
	}
	let typeId: number;
	let retval = false;
	if (index < 0) {
		if (off >= at + 8) return null;
		// The return value, where the program runs after the function.
		if (attach === 27 || attach === 43 || attach === 25) {
			if (attach === 27) retval = true;
			typeId = proto.result;
		} else if (attach === 26 && spec.id === 26) {
			typeId = proto.result;
			const t = resolved(kernel, typeId);
			if (!isInt(t) && !isEnum(t)) return null;
			return SCALAR_VALUE;
		} else return null;
	} else typeId = params[index].type;
	const t = resolved(kernel, typeId);
	if (isInt(t) || isEnum(t) || isRecord(t) || t.kind === "void") return { ...SCALAR_VALUE, retval };
	if (t.kind !== "ptr" || size !== 8) return null;
	const iterator = spec.id === 26 && attach === 28 && index >= 0 ? iteratorArgument(env.attachName, index) : null;
	if (iterator === "buf") {
		// Keys are read-only; values may be written, where the map lets them.
		return { type: PTR_TO_BUF | MAYBE_NULL | (params[index].name === "key" ? RDONLY : 0) };
	}
	const target = resolved(kernel, t.type);
	if (target.kind === "void" || isInt(target)) return SCALAR_VALUE;
	let type = PTR_TO_BTF_ID;
	const trusted = spec.id === 27 || spec.id === 29 || (spec.id === 26 && (attach === 23 || attach === 28));
	if (iterator === "null" || iterator === "trusted-null") type |= MAYBE_NULL;
	if (trusted && iterator !== "null") type |= TRUSTED;
	if (spec.id === 29 && UNTRUSTED_LSM.has(env.attachName.replace(/^bpf_lsm_/, ""))) type &= ~TRUSTED;
	if (index >= 0 && (params[index].name.endsWith("__nullable") || (spec.id === 27 && env.stubParams[index]?.endsWith("__nullable")))) type |= MAYBE_NULL;
	if (rawTracepoint && nullableArgs(env.attachName, index)) type |= MAYBE_NULL;
	let id = t.type;
	const tag = kernel.type(id);
	if (tag.kind === "type_tag" && !tag.kflag) {
		if (tag.name === "user") type |= USER;
		if (tag.name === "percpu") type |= PERCPU;
	}
	while (isModifier(kernel.type(id))) id = skipModifiers(kernel, id);
	if (!isRecord(kernel.type(id))) return null;
	// Congestion control sees the TCP socket that each socket there is.
	if (spec.id === 27 && id === kernel.find("sock", "struct") && nameOf(kernel, env.attachId) === "tcp_congestion_ops") id = kernel.find("tcp_sock", "struct");
	const refObjId = spec.id === 27 ? env.contextRefs.get(index) : undefined;
	return { type, btf: kernel, btfId: id, ...(refObjId === undefined ? {} : { refObjId }) };
}
