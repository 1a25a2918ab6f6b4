/**
 * Pointers as arguments of kernel functions: a check for each kind that a parameter may want, in one table. A check refuses, or notes in the call
 * what its result and its later steps need.
 *
 * Source: the switch of check_kfunc_args of kernel/bpf/verifier.c, Linux 6.18.
 */
import { EINVAL, type Env, R, Refusal, internal, reject } from "../env.ts";
import { type TypeSource, isProjectionOf, kindName, nameOf, sameStruct, sizeOf, skipModifiers } from "../btf.ts";
import { DYN_RINGBUF, DYN_SKB, DYN_SKB_META, DYN_XDP } from "../dynptr-kinds.ts";
import { destroyIterator, dynptrReg, knownIterator, newIterator, restoreIrq, saveIrq, useDynptr } from "../dynptr.ts";
import { FIELD } from "../fields.ts";
import { notNullReg } from "../null-checks.ts";
import { hasUnsafeModifiers, isRcu, standsForStruct } from "../objects.ts";
import { isConst } from "../range.ts";
import { fieldsOf, spinLock } from "../references.ts";
import { type Reg, isNull } from "../state.ts";
import {
	ALLOC,
	CONST_PTR_TO_DYNPTR,
	MAYBE_NULL,
	PERCPU,
	PTR_TO_BTF_ID,
	PTR_TO_CTX,
	PTR_TO_FUNC,
	PTR_TO_MAP_VALUE,
	PTR_TO_STACK,
	baseOf,
	isAllocObject,
	isNonOwning,
	typeName,
} from "../types.ts";
import { checkSize, checkWholeMemory } from "./argument-memory.ts";
import { checkConstString, checkFieldPointer } from "./argument-values.ts";
import { inTreeCallback } from "./callbacks.ts";
import type { KfuncCall } from "./kfunc-call.ts";
import { graphNode, graphRoot } from "./kfunc-graph.ts";
import { type Param, type PointerKind, ends, isNullable, targetOf } from "./kfunc-params.ts";

export interface PointerArgument {
	readonly call: KfuncCall;
	readonly reg: Reg;
	readonly regno: number;
	/** As the kernel's messages count arguments, from 0. */
	readonly index: number;
	readonly param: Param;
	/** The parameter behind, which may be the memory's size. */
	readonly next: Param | undefined;
}

type Check = (env: Env, argument: PointerArgument) => void;

const CHECKS: Readonly<Record<PointerKind, Check>> = {
	null: () => {},
	ctx: context,
	alloc: droppedObject,
	refcounted: refcountedObject,
	dynptr,
	iter: iterator,
	"list-head": (env, argument) => root(env, argument, FIELD.listHead),
	"rb-root": (env, argument) => root(env, argument, FIELD.rbRoot),
	"list-node": listNode,
	"rb-node": treeNode,
	map: (env, argument) => kernelStruct(env, argument, env.kernel!.find("bpf_map", "struct")),
	btf: (env, argument) => kernelStruct(env, argument, targetOf(env, argument.param)),
	mem: memory,
	"mem-size": sizedMemory,
	callback,
	str: constantString,
	wq: (env, argument) => mapField(env, argument, FIELD.wq, "bpf_wq"),
	timer: (env, argument) => mapField(env, argument, FIELD.timer, "bpf_timer"),
	"task-work": (env, argument) => mapField(env, argument, FIELD.taskWork, "bpf_task_work"),
	irq: irqFlag,
	"res-lock": resilientLock,
};

export function checkPointer(env: Env, kind: PointerKind, argument: PointerArgument): void {
	CHECKS[kind](env, argument);
}

function expected({ reg, regno, index }: PointerArgument, what: string): never {
	return reject(EINVAL, `arg#${index} expected ${what}`, { code: "V0110", register: regno, needed: what, known: typeName(reg.type) });
}

function mustBeReferenced({ reg, regno }: PointerArgument): void {
	if (!reg.refObjId) reject(EINVAL, "allocated object must be referenced", { code: "V0616", register: regno });
}

function mustBeOwned(argument: PointerArgument): void {
	if (argument.reg.type !== (PTR_TO_BTF_ID | ALLOC)) expected(argument, "pointer to allocated object");
	mustBeReferenced(argument);
}

function context(env: Env, { call, reg, regno, index }: PointerArgument): void {
	if (reg.type !== PTR_TO_CTX)
		reject(EINVAL, `arg#${index} expected pointer to ctx, but got ${typeName(reg.type)}`, { code: "V0110", register: regno });
	if (call.kfunc.name !== "bpf_cast_to_kern_ctx") return;
	const kernel = env.kernel!;
	const name = env.spec.kernelContext;
	if (name === "") reject(EINVAL, `kern ctx type id ${kernelContextType(env, kernel)} is not a struct`, { code: "V0656" });
	call.resultId = kernel.find(name, "struct");
}

/** What the kernel has in the place of a context of its own: its type id, of `struct bpf_ctx_convert`. */
function kernelContextType(env: Env, kernel: TypeSource): number {
	const contexts = kernel.type(kernel.find("bpf_ctx_convert", "struct"));
	const member =
		contexts.kind === "struct"
			? contexts.members.find(({ name }) => name === `BPF_PROG_TYPE_${env.spec.name.toUpperCase()}_kern`)
			: undefined;
	return member?.type ?? 0;
}

/** Which function gives back an object of which register type. */
const DROPS: ReadonlyMap<number, string> = new Map([
	[PTR_TO_BTF_ID | ALLOC, "bpf_obj_drop_impl"],
	[PTR_TO_BTF_ID | ALLOC | PERCPU, "bpf_percpu_obj_drop_impl"],
]);

function droppedObject(_env: Env, argument: PointerArgument): void {
	const { call, reg } = argument;
	const drop = DROPS.get(reg.type);
	if (drop === undefined) expected(argument, "pointer to allocated object");
	if (call.kfunc.name !== drop) expected(argument, `for ${drop}()`);
	mustBeReferenced(argument);
	call.argBtf = reg.btf;
	call.argBtfId = reg.btfId;
}

function refcountedObject(env: Env, { call, reg, regno, index }: PointerArgument): void {
	if (!isAllocObject(reg.type)) reject(EINVAL, `arg#${index} is neither owning or non-owning ref`, { code: "V0616", register: regno });
	if (!isNonOwning(reg.type)) call.owningRef = true;
	const fields = fieldsOf(env, reg);
	if (!fields) internal("Couldn't find btf_record");
	if (fields.refcount < 0)
		reject(EINVAL, `arg#${index} doesn't point to a type with bpf_refcount field`, { code: "V0616", register: regno });
	call.argBtf = reg.btf;
	call.argBtfId = reg.btfId;
}

/** The kinds of dynptr that functions make; others make none or, as bpf_dynptr_clone, what they were given. */
const DYNPTR_MAKERS: Readonly<Record<string, number>> = {
	bpf_dynptr_from_skb: DYN_SKB,
	bpf_dynptr_from_xdp: DYN_XDP,
	bpf_dynptr_from_skb_meta: DYN_SKB_META,
};

function dynptr(env: Env, { call, reg, regno, param }: PointerArgument): void {
	const { name } = call.kfunc;
	const uninit = ends(param, "__uninit");
	const original = name === "bpf_dynptr_clone" && uninit ? call.dynptr : null;
	const type = original?.type ?? DYNPTR_MAKERS[name] ?? 0;
	const cloneRef = type === DYN_RINGBUF ? (original?.refObjId ?? 0) : 0;
	useDynptr(env, regno, { uninit, readonly: reg.type === CONST_PTR_TO_DYNPTR, type, cloneRef });
	if (!uninit) {
		const d = dynptrReg(env, env.regs[regno]);
		call.dynptr = { type: d.dynptrType, id: d.id, refObjId: d.refObjId };
	}
}

function iterator(env: Env, { call, reg, regno, index, param }: PointerArgument): void {
	const kernel = env.kernel!;
	const { kfunc } = call;
	if (kfunc.name === "bpf_iter_css_task_new" && !mayWalkTasks(env))
		reject(EINVAL, "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs", { code: "V0652" });
	if (reg.type !== PTR_TO_STACK)
		reject(EINVAL, `arg#${index} expected pointer to an iterator on stack`, { code: "V0620", register: regno });
	const id = targetOf(env, param);
	const t = kernel.type(id);
	if (t.kind !== "struct" || !t.name.startsWith("bpf_iter_"))
		reject(EINVAL, `expected valid iter pointer as arg #${index}`, { code: "V0620" });
	const slots = t.size >> 3;
	const name = t.name.slice("bpf_iter_".length);
	if (kfunc.flags.has("iter-new")) {
		newIterator(env, regno, kernel, id, slots, kfunc.flags.has("rcu-protected"), name);
		return;
	}
	const slot = knownIterator(env, regno, kernel, id, slots, name, kfunc.name);
	call.iterSlot = slot;
	call.iterFrame = env.regs[regno].frameno;
	call.refObjId = env.current.frames[call.iterFrame].slots[slot].refObjId;
	if (kfunc.flags.has("iter-destroy")) destroyIterator(env, regno, slot, slots);
}

/** LSM programs, iterators and whatever sleeps. */
function mayWalkTasks(env: Env): boolean {
	return env.spec.id === 29 || (env.spec.id === 26 && env.image.expectedAttachType === 28) || env.current.inSleepable;
}

function root(env: Env, argument: PointerArgument, kind: number): void {
	const { call, reg, regno } = argument;
	if (reg.type === (PTR_TO_BTF_ID | ALLOC)) mustBeReferenced(argument);
	else if (reg.type !== PTR_TO_MAP_VALUE) expected(argument, "pointer to map value or allocated object");
	graphRoot(env, call, reg, regno, kind);
}

function listNode(env: Env, argument: PointerArgument): void {
	mustBeOwned(argument);
	graphNode(env, argument.call, argument.reg, argument.regno, FIELD.listHead, FIELD.listNode);
}

/** A tree takes what is owned, and gives back what is in it. */
function treeNode(env: Env, argument: PointerArgument): void {
	const { call, reg, regno } = argument;
	const { name } = call.kfunc;
	if (name === "bpf_rbtree_add_impl") mustBeOwned(argument);
	else {
		if (!isNonOwning(reg.type) && !reg.refObjId)
			reject(EINVAL, `${name} can only take non-owning or refcounted bpf_rb_node pointer`, { code: "V0616", register: regno });
		if (inTreeCallback(env)) reject(EINVAL, `${name} not allowed in rbtree cb`, { code: "V0617" });
	}
	graphNode(env, call, reg, regno, FIELD.rbRoot, FIELD.rbNode);
}

/** Struct pointers: the same struct, one that begins with it, or (release, nocast) exactly it. */
function kernelStruct(env: Env, { call, reg, regno, index }: PointerArgument, wanted: number): void {
	const kernel = env.kernel!;
	const standsFor = standsForStruct[baseOf(reg.type)];
	const isPointer = baseOf(reg.type) === PTR_TO_BTF_ID;
	if (!standsFor && !(isPointer && (!hasUnsafeModifiers(reg.type) || isRcu(reg))))
		reject(EINVAL, `arg#${index} is ${typeName(reg.type)} expected ptr_ or socket`, { code: "V0110", register: regno });
	const types = isPointer ? reg.btf! : kernel;
	const id = isPointer ? reg.btfId : kernel.find(standsFor, "struct");
	const wantedName = nameOf(kernel, wanted);
	const name = nameOf(types, id);
	const alias = `${wantedName}___init` === name || `${name}___init` === wantedName;
	const strict = (call.kfunc.flags.has("release") && reg.refObjId !== 0) || alias;
	if (sameStruct(types, skipModifiers(types, id), reg.off, kernel, wanted, strict) || isProjectionOf(wantedName, name)) return;
	reject(
		EINVAL,
		`kernel function ${call.kfunc.name} args#${index} expected pointer to STRUCT ${wantedName} but ${R(regno)} has a pointer to STRUCT ${name}`,
		{ code: "V0111", register: regno },
	);
}

/** Memory of the size of the type pointed to. */
function memory(env: Env, { regno, index, param }: PointerArgument): void {
	const kernel = env.kernel!;
	const target = targetOf(env, param);
	const size = sizeOf(kernel, target);
	if (size === null)
		reject(
			EINVAL,
			`arg#${index} reference type('${kindName(kernel.type(target))} ${nameOf(kernel, target)}') size cannot be determined: -22`,
			{ code: "V0724" },
		);
	checkWholeMemory(env, regno, size);
}

/** Memory of the size in the register behind. */
function sizedMemory(env: Env, { call, reg, regno, index, param, next }: PointerArgument): void {
	if (!isNull(reg) || !isNullable(param)) {
		if (reg.type & MAYBE_NULL) env.regs[regno] = notNullReg(reg);
		try {
			checkSize(env, regno + 1, false, true, null, null);
			checkSize(env, regno + 1, true, true, null, null);
		} catch (e) {
			if (!(e instanceof Refusal) || e.unsupported) throw e;
			env.note(e.message);
			reject(e.errno, `arg#${index} arg#${index + 1} memory, len pair leads to invalid memory access`, { ...e.why, known: e.message });
		}
		env.regs[regno] = reg;
	}
	if (!ends(next!, "__szk")) return;
	const size = env.regs[regno + 1];
	if (!isConst(size.range)) reject(EINVAL, `${R(regno + 1)} must be a known constant`, { code: "V0275", register: regno + 1 });
	call.constant = size.range.tnum.value;
}

function callback(_env: Env, { call, reg, regno, index }: PointerArgument): void {
	if (reg.type !== PTR_TO_FUNC) reject(EINVAL, `arg${index} expected pointer to func`, { code: "V0110", register: regno });
	call.subprog = reg.subprog;
}

function constantString(env: Env, { reg, regno, index }: PointerArgument): void {
	if (reg.type !== PTR_TO_MAP_VALUE) reject(EINVAL, `arg#${index} doesn't point to a const string`, { code: "V0273", register: regno });
	checkConstString(env, regno);
}

/** A member of a map's value that the kernel keeps. */
function mapField(env: Env, { call, reg, regno, index }: PointerArgument, kind: number, struct: string): void {
	if (reg.type !== PTR_TO_MAP_VALUE) reject(EINVAL, `arg#${index} doesn't point to a map value`, { code: "V0110", register: regno });
	checkFieldPointer(env, regno, kind, struct, call);
}

function irqFlag(env: Env, { call, reg, regno, index }: PointerArgument): void {
	if (reg.type !== PTR_TO_STACK) reject(EINVAL, `arg#${index} doesn't point to an irq flag on stack`, { code: "V0110", register: regno });
	const { name } = call.kfunc;
	const lock = name.startsWith("bpf_res_spin_");
	if (name === "bpf_local_irq_save" || name === "bpf_res_spin_lock_irqsave") saveIrq(env, regno, lock);
	else restoreIrq(env, regno, lock);
}

function resilientLock(env: Env, { call, reg, regno, index }: PointerArgument): void {
	const { type } = reg;
	if (type !== PTR_TO_MAP_VALUE && type !== (PTR_TO_BTF_ID | ALLOC))
		reject(EINVAL, `arg#${index} doesn't point to map value or allocated object`, { code: "V0110", register: regno });
	const { name } = call.kfunc;
	spinLock(env, regno, name.startsWith("bpf_res_spin_lock"), true, name.includes("irq"));
}
