/**
 * Global functions: their arguments by BTF and `arg:` tags, checked at each call and assumed when the function is walked by itself.
 *
 * Source: btf_prepare_func_args of kernel/bpf/btf.c, btf_check_func_arg_match of kernel/bpf/verifier.c.
 */
import { EFAULT, EINVAL, ENOENT, EOPNOTSUPP, ESRCH, type Env, R, type Subprog, type SubprogArg, reject } from "../env.ts";
import {
	type TypeSource,
	isEnum,
	isProjectionOf,
	isInt,
	isModifier,
	isRecord,
	kindName,
	nameOf,
	resolved,
	sameStruct,
	sizeOf,
	skipModifiers,
} from "../btf.ts";
import { essentialName } from "../../../assembler/btf/type-source.ts";
import { type Reg, isNull, pointer, unknownScalar } from "../state.ts";
import { dynptrPart, useDynptr } from "../dynptr.ts";
import {
	MAYBE_NULL,
	PTR_TO_ARENA,
	PTR_TO_BTF_ID,
	PTR_TO_CTX,
	PTR_TO_MEM,
	RCU,
	RDONLY,
	SCALAR,
	TRUSTED,
	UNTRUSTED,
	typeName,
} from "../types.ts";
import { checkArgOffset, checkWholeMemory } from "./argument-memory.ts";
import { DYN_LOCAL } from "../dynptr-kinds.ts";

const SCALAR_ARG: SubprogArg = { kind: "scalar", flags: 0, memSize: 0, btfId: 0 };

export function subprogArgs(env: Env, sub: Subprog): readonly SubprogArg[] {
	return (sub.args ??= prepare(env, sub));
}

function prepare(env: Env, sub: Subprog): readonly SubprogArg[] {
	const types = env.types;
	if (!types || !sub.typeId) reject(sub.global ? EFAULT : EINVAL, "Global functions need valid BTF", { code: "V0720" });
	const f = types.type(sub.typeId);
	if (f.kind !== "func") reject(EFAULT, `BTF of func doesn't point to KIND_FUNC`, { code: "V0720" });
	const proto = types.type(f.type);
	if (proto.kind !== "func_proto") reject(EFAULT, `Invalid type of function ${f.name}()`, { code: "V0720" });
	if (proto.params.length > 5)
		reject(EINVAL, `Global function ${f.name}() with ${proto.params.length} > 5 args. Buggy compiler.`, { code: "V0721" });
	const result = resolved(types, proto.result);
	if (!isInt(result) && !isEnum(result))
		reject(EINVAL, `Global function ${f.name}() doesn't return scalar. Only those are supported.`, { code: "V0722" });
	return proto.params.map((p, i) => argument(env, types, sub, i, p.type));
}

function tagsOf(types: TypeSource, func: number, arg: number): string[] {
	const tags: string[] = [];
	for (let i = 1; i < types.count; i++) {
		const t = types.type(i);
		if (t.kind === "decl_tag" && t.type === func && t.componentIndex === arg && t.name.startsWith("arg:")) tags.push(t.name.slice(4));
	}
	return tags;
}

const KNOWN_TAGS = ["ctx", "trusted", "untrusted", "nonnull", "nullable", "arena"];

function argument(env: Env, types: TypeSource, sub: Subprog, i: number, typeId: number): SubprogArg {
	const tags = tagsOf(types, sub.typeId, i);
	if (tags.length && !sub.global) reject(EOPNOTSUPP, `arg#${i} type tag is not supported in static functions`, { code: "V0723" });
	if (tags.some((t) => !KNOWN_TAGS.includes(t))) reject(EOPNOTSUPP, `arg#${i} has unsupported set of tags`, { code: "V0723" });
	const has = (t: string): boolean => tags.includes(t);
	const only = (t: string): boolean => tags.every((x) => x === t);
	const badTags = (): never => reject(EINVAL, `arg#${i} has invalid combination of tags`, { code: "V0723" });
	const t = resolved(types, typeId);
	if (t.kind === "ptr") {
		if (has("ctx") || isContextType(env, types, t.type)) {
			if (!only("ctx")) badTags();
			if (has("ctx")) checkContextTag(env, types, t.type, i);
			return { kind: "ctx", flags: 0, memSize: 0, btfId: 0 };
		}
		const target = resolved(types, t.type);
		// A forward declaration is enough.
		if ((isRecord(target) || (target.kind === "fwd" && !target.union)) && target.name === "bpf_dynptr") {
			if (tags.length) badTags();
			return { kind: "dynptr", flags: RDONLY, memSize: 0, btfId: 0 };
		}
		if (has("trusted")) {
			if (has("nonnull")) badTags();
			return { kind: "btf", flags: TRUSTED | (has("nullable") ? MAYBE_NULL : 0), memSize: 0, btfId: kernelStruct(env, types, t.type, i) };
		}
		if (has("untrusted")) {
			if (!only("untrusted")) reject(EINVAL, `arg#${i} untrusted cannot be combined with any other tags`, { code: "V0723" });
			if (target.kind === "void" || isInt(target) || isEnum(target))
				return { kind: "mem", flags: RDONLY | UNTRUSTED, memSize: 0, btfId: 0 };
			return { kind: "btf", flags: UNTRUSTED, memSize: 0, btfId: kernelStruct(env, types, t.type, i) };
		}
		if (has("arena")) {
			if (!only("arena")) reject(EINVAL, `arg#${i} arena cannot be combined with any other tags`, { code: "V0723" });
			return { kind: "arena", flags: 0, memSize: 0, btfId: 0 };
		}
		if (sub.global) {
			if (has("nullable")) badTags();
			const size = sizeOf(types, t.type);
			if (size === null) {
				reject(
					EINVAL,
					`arg#${i} reference type('${kindName(target)} ${(target as { name?: string }).name ?? ""}') size cannot be determined: -22`,
					{ code: "V0724" },
				);
			}
			return { kind: "mem", flags: has("nonnull") ? 0 : MAYBE_NULL, memSize: size, btfId: 0 };
		}
	}
	if (tags.length) reject(EINVAL, `arg#${i} has pointer tag, but is not a pointer type`, { code: "V0723" });
	if (isInt(t) || isEnum(t)) return SCALAR_ARG;
	reject(EINVAL, `Arg#${i} type ${kindName(t)} in ${sub.name}() is not supported yet.`, { code: "V0725" });
}

/** A pointer to the program type's context struct, or a flavour of it. */
function isContextType(env: Env, types: TypeSource, target: number): boolean {
	const { contextType, id } = env.spec;
	if (id === 2) {
		let t = types.type(target);
		while (isModifier(t) && t.kind !== "typedef") t = types.type(t.type);
		if (t.kind === "typedef" && t.name === "bpf_user_pt_regs_t") return true;
	}
	const t = resolved(types, target);
	if (!isRecord(t) || contextType === "") return false;
	// The kernel compares names only: bpf_user_pt_regs_t and its struct for kprobes.
	if (id === 2 && t.name === "bpf_user_pt_regs_t") return true;
	return t.name === contextType || isProjectionOf(contextType, t.name);
}

function checkContextTag(env: Env, types: TypeSource, target: number, i: number): void {
	const { spec } = env;
	const attach = env.image.expectedAttachType;
	const bad = (text: string): never => reject(EINVAL, text, { code: "V0726" });
	if (spec.id === 2 || spec.id === 7) {
		let t = types.type(target);
		while (isModifier(t) && t.kind !== "typedef") t = types.type(t.type);
		if (t.kind === "typedef" && t.name === "bpf_user_pt_regs_t") return;
	}
	const t = resolved(types, target);
	if (t.kind === "void") return;
	const name = (t as { name?: string }).name ?? "";
	if (name === "") bad(`arg#${i} type doesn't have a name`);
	const u64 = t.kind === "int" && t.size === 8;
	switch (spec.id) {
		case 2:
		case 7:
			if (isRecord(t) && name === "pt_regs") return;
			break;
		case 17:
		case 24:
			if (u64) return;
			break;
		case 26:
			if (attach === 23 && ((isRecord(t) && name === "bpf_raw_tracepoint_args") || u64)) return;
			if (attach === 28 && isRecord(t) && name.startsWith("bpf_iter__")) return;
			if ((attach === 24 || attach === 25 || attach === 26) && u64) return;
			break;
		case 27:
		case 29:
			if (u64) return;
			break;
		case 5:
		case 31:
		case 28:
			return;
	}
	if (spec.contextType === "") bad(`arg#${i} should be void pointer`);
	if (!isRecord(t) || name !== spec.contextType) bad(`arg#${i} should be \`struct ${spec.contextType} *\``);
}

function kernelStruct(env: Env, types: TypeSource, target: number, i: number): number {
	const id = skipModifiers(types, target);
	const t = types.type(id);
	const name = nameOf(types, id);
	const kind = kindName(t);
	if (name === "") reject(EINVAL, `arg#${i} reference type('${kind} (anon)') candidate matching error: -22`, { code: "V0727" });
	const found = env.kernel?.named(essentialName(name), t.kind) ?? [];
	if (found.length !== 1)
		reject(
			found.length === 0 ? ENOENT : ESRCH,
			`arg#${i} reference type('${kind} ${name}') ${found.length === 0 ? "has no matches" : "is ambiguous"}`,
			{ code: "V0727" },
		);
	return found[0];
}

/** The caller's registers against the arguments. */
export function checkSubprogArgs(env: Env, sub: Subprog): void {
	const args = subprogArgs(env, sub);
	args.forEach((arg, i) => {
		const regno = i + 1;
		const reg = env.regs[regno];
		const bad = (text: string): never =>
			reject(EINVAL, text, { code: "V0730", register: regno, needed: arg.kind, known: typeName(reg.type) });
		switch (arg.kind) {
			case "scalar":
				if (reg.type !== SCALAR) bad(`${R(regno)} is not a scalar`);
				break;
			case "ctx":
				checkArgOffset(env, reg, regno, false, false);
				if (reg.type !== PTR_TO_CTX) bad(`arg#${i} expects pointer to ctx`);
				break;
			case "mem":
				if (arg.flags & UNTRUSTED) break;
				checkArgOffset(env, reg, regno, false, false);
				try {
					checkWholeMemory(env, regno, arg.memSize);
				} catch (e) {
					// The kernel answers EINVAL for memory that does not fit.
					if (e instanceof Error && "errno" in e && (e as { errno: number }).errno !== EFAULT) bad(e.message);
					throw e;
				}
				if (!(arg.flags & MAYBE_NULL) && (reg.type & MAYBE_NULL || isNull(reg))) {
					if (reg.type & MAYBE_NULL) bad(`arg#${i} is expected to be non-NULL`);
				}
				break;
			case "arena":
				if (reg.type !== PTR_TO_ARENA && reg.type !== SCALAR) bad(`${R(regno)} is not a pointer to arena or scalar.`);
				break;
			case "dynptr":
				checkArgOffset(env, reg, regno, false, true);
				useDynptr(env, regno, { uninit: false, readonly: true, type: 0, cloneRef: 0 });
				break;
			case "btf":
				if (arg.flags & UNTRUSTED) break;
				if (isNull(reg) && arg.flags & MAYBE_NULL) break;
				checkTrusted(env, reg, regno, arg, bad);
				break;
		}
	});
}

function checkTrusted(env: Env, reg: Reg, regno: number, arg: SubprogArg, bad: (text: string) => never): void {
	const type = arg.flags & MAYBE_NULL ? reg.type & ~MAYBE_NULL : reg.type;
	if (![PTR_TO_BTF_ID, PTR_TO_BTF_ID | TRUSTED, PTR_TO_BTF_ID | RCU].includes(type)) {
		reject(13, `${R(regno)} type=${typeName(reg.type)} expected=ptr_, trusted_ptr_, rcu_ptr_`, { code: "V0110", register: regno });
	}
	if (!sameStruct(reg.btf!, reg.btfId, reg.off, env.kernel!, arg.btfId, false))
		bad(`${R(regno)} is of type ${nameOf(reg.btf!, reg.btfId)} but ${nameOf(env.kernel!, arg.btfId)} is expected`);
	checkArgOffset(env, reg, regno, false, false);
}

/** Registers at the entry of a function that is walked by itself. */
export function entryRegs(env: Env, sub: Subprog, regs: Reg[]): void {
	subprogArgs(env, sub).forEach((arg, i) => {
		let r: Reg;
		switch (arg.kind) {
			case "ctx":
				r = pointer(PTR_TO_CTX);
				break;
			case "scalar":
			case "arena":
				r = unknownScalar;
				break;
			case "dynptr":
				r = dynptrPart(DYN_LOCAL, true, env.newId(), 0);
				break;
			case "mem":
				r = pointer(PTR_TO_MEM | arg.flags);
				r.memSize = arg.memSize;
				if (arg.flags & MAYBE_NULL) r.id = env.newId();
				break;
			default:
				r = pointer(PTR_TO_BTF_ID | arg.flags);
				r.btf = env.kernel;
				r.btfId = arg.btfId;
				r.id = env.newId();
		}
		regs[i + 1] = r;
	});
}
