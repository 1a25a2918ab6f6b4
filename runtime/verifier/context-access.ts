/**
 * Loads and stores through the context pointer: by the program type's table, or by the attached function's BTF prototype.
 *
 * Source: check_ctx_access, btf_ctx_access of the kernel.
 */
import { EACCES, type Env, reject, unsupported } from "./env.ts";
import {
	type BtfType,
	type TypeSource,
	isEnum,
	isInt,
	isModifier,
	isRecord,
	kindName,
	nameOf,
	resolved,
	sizeOf,
	skipModifiers,
} from "./btf.ts";
import { type Reg, pointer, scalar, unknownScalar } from "./state.ts";
import { rangeBetween } from "./bounds.ts";
import { type ContextValue, SCALAR_VALUE } from "./programs/spec.ts";
import { UNTRUSTED_LSM } from "./attach-facts.ts";
import { iteratorArgument, lsmReturnRange, nullableArgs } from "./attach.ts";
import { MAYBE_NULL, PERCPU, PTR_TO_BTF_ID, PTR_TO_BUF, RDONLY, SCALAR, TRUSTED, USER, baseOf } from "./types.ts";

type FuncProto = Extract<BtfType, { kind: "func_proto" }>;

const FEXIT = 25;
const FMOD_RET = 26;
const LSM_MAC = 27;
const LSM_CGROUP = 43;

/** The loaded value (of no use for stores). */
export function contextAccess(env: Env, off: number, size: number, write: boolean, signExtend: boolean): Reg {
	const { spec, image } = env;
	const value =
		spec.id === 26 || spec.id === 27 || spec.id === 29
			? byPrototype(env, off, size, write)
			: spec.id === 32
				? netfilter(env, off, size, write)
				: spec.id === 28
					? unsupported("extension programs")
					: spec.access({ off, size, write, signExtend, attach: image.expectedAttachType });
	if (!value) {
		reject(EACCES, `invalid bpf_context access off=${off} size=${size}`, {
			code: "V0229",
			needed: `a field of the context of ${spec.name} programs that may be ${write ? "written" : "read"}`,
			known: `offset ${off}, ${size} bytes`,
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
	const name = env.attachName.replace(/^btf_trace_/, "");
	const fail = (text: string): null => {
		env.note(text);
		return null;
	};
	if (off % 8) return fail(`func '${name}' offset ${off} is not multiple of 8`);
	const proto = env.attachProto;
	if (!proto) return SCALAR_VALUE;
	const attach = image.expectedAttachType;
	const rawTracepoint = spec.id === 26 && attach === 23;
	const params = rawTracepoint ? proto.params.slice(1) : proto.params;
	const index = parameterAt(kernel, proto, off);
	const isResult = index === params.length;
	const none = (): null => fail(`func '${name}' doesn't have ${index + 1}-th argument`);
	if (index > params.length) return none();
	// The return value, where the program runs after the function.
	const retval = isResult && attach === LSM_MAC;
	if (isResult && attach === FMOD_RET && spec.id === 26) {
		const t = resolved(kernel, proto.result);
		return isInt(t) ? SCALAR_VALUE : fail(`ret type ${kindName(t)} not allowed for fmod_ret`);
	}
	if (isResult && attach !== LSM_MAC && attach !== LSM_CGROUP && attach !== FEXIT) return none();
	const typeId = isResult ? proto.result : params[index].type;
	const t = resolved(kernel, typeId);
	if (isInt(t) || isEnum(t) || isRecord(t) || t.kind === "void") return { ...SCALAR_VALUE, retval };
	if (t.kind !== "ptr")
		return fail(
			`func '${name}' arg${index} '${(t as { name?: string }).name || "(anon)"}' has type ${kindName(t)}. Only pointer access is allowed`,
		);
	if (size !== 8) return fail(`func '${name}' size ${size} must be 8`);
	const iterator = spec.id === 26 && attach === 28 && !isResult ? iteratorArgument(env.attachName, index) : null;
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
	const described =
		iterator === "null" ||
		iterator === "trusted-null" ||
		(spec.id === 27 && !isResult && /__(nullable|ref)$/.test(env.stubParams[index] ?? ""));
	if (!isResult && (params[index].name.endsWith("__nullable") || (spec.id === 27 && env.stubParams[index]?.endsWith("__nullable"))))
		type |= MAYBE_NULL;
	if (rawTracepoint && nullableArgs(env.attachName, index)) type |= MAYBE_NULL;
	let id = t.type;
	const tag = kernel.type(id);
	if (tag.kind === "type_tag" && !tag.kflag) {
		if (tag.name === "user") type |= USER;
		if (tag.name === "percpu") type |= PERCPU;
	}
	while (isModifier(kernel.type(id))) id = skipModifiers(kernel, id);
	const struct = kernel.type(id);
	if (!isRecord(struct)) return fail(`func '${name}' arg${index} type ${kindName(struct)} is not a struct`);
	// What the target itself says of its argument goes without looking at the type.
	if (!described)
		env.trace?.write(`func '${name}' arg${index} has btf_id ${id} type ${kindName(struct)} '${nameOf(kernel, id) || "(anon)"}'\n`);
	// Congestion control sees the TCP socket that each socket there is.
	if (spec.id === 27 && id === kernel.find("sock", "struct") && nameOf(kernel, env.attachId) === "tcp_congestion_ops")
		id = kernel.find("tcp_sock", "struct");
	const refObjId = spec.id === 27 ? env.contextRefs.get(index) : undefined;
	return { type, btf: kernel, btfId: id, ...(refObjId === undefined ? {} : { refObjId }) };
}

/** The place of the parameter that lies at `off`, among all of the prototype; one that is as many as there are is the result, one more is none. */
function parameterAt(kernel: TypeSource, { params, result }: FuncProto, off: number): number {
	let end = 0;
	for (const [i, { type }] of params.entries()) {
		end += argumentBytes(kernel, type);
		if (off < end) return i;
	}
	return off < end + argumentBytes(kernel, result) ? params.length : params.length + 1;
}

function argumentBytes(kernel: TypeSource, type: number): number {
	const t = resolved(kernel, type);
	return t.kind === "ptr" ? 8 : t.kind === "void" ? 0 : Math.ceil((sizeOf(kernel, type) ?? 8) / 8) * 8;
}
