/**
 * Kernel functions: name, prototype (in the kernel's BTF), flags, and who may call them.
 */
import type { Env } from "../env.ts";
import { type BtfType, type TypeSource, nameOf } from "../btf.ts";
import { KFUNCS } from "./kfunc-facts.ts";
import { isKfuncCall } from "../structure.ts";

export interface Kfunc {
	readonly name: string;
	readonly id: number;
	readonly flags: ReadonlySet<string>;
	readonly hooks: readonly string[];
	readonly proto: Extract<BtfType, { kind: "func_proto" }> | null;
	/** In some set of callable functions. */
	readonly known: boolean;
}

const facts = new Map<string, { flags: ReadonlySet<string>; hooks: readonly string[] }>();

function factsOf(name: string): { flags: ReadonlySet<string>; hooks: readonly string[] } {
	let f = facts.get(name);
	if (!f) {
		const [flags, hooks] = (Object.hasOwn(KFUNCS, name) ? KFUNCS[name] : "|").split("|");
		facts.set(name, (f = { flags: new Set(flags.split(" ").filter((x) => x !== "")), hooks: hooks.split(" ").filter((x) => x !== "") }));
	}
	return f;
}

const cache = new WeakMap<Env, Map<number, Kfunc | null>>();

/** The kernel function called at the slot; null when it is none. */
export function kfuncOf(env: Env, at: number): Kfunc | null {
	const insn = env.insns[at];
	if (!isKfuncCall(insn)) return null;
	let map = cache.get(env);
	if (!map) cache.set(env, (map = new Map()));
	let kfunc = map.get(at);
	if (kfunc === undefined) {
		const listed = env.image.kfuncs.find((k) => k.insn === at);
		const id = insn.off === 0 ? listed?.btfId || insn.imm : 0;
		const t = env.kernel && id > 0 && id < env.kernel.count ? env.kernel.type(id) : null;
		const name = listed?.name ?? (t && t.kind === "func" ? t.name : "");
		const proto = t && t.kind === "func" ? env.kernel!.type(t.type) : null;
		kfunc = {
			name,
			id,
			...factsOf(name),
			proto: proto && proto.kind === "func_proto" ? proto : null,
			known: Object.hasOwn(KFUNCS, name) && registered(env, id),
		};
		map.set(at, kfunc);
	}
	return kfunc;
}

const registers = new WeakMap<TypeSource, ReadonlySet<number>>();

/** The kernel's BTF tags the functions that it registered; what its configuration left out has no tag. Older kernels' BTF has none at all. */
function registered({ kernel }: Env, id: number): boolean {
	if (!kernel) return true;
	let tagged = registers.get(kernel);
	if (!tagged) {
		tagged = new Set(kernel.tagged("bpf_kfunc"));
		registers.set(kernel, tagged);
	}
	return tagged.size === 0 || tagged.has(id);
}

/** The kernel function called at the slot, when the program may call it: passes before the walk know nothing of others. */
export function allowedKfunc(env: Env, at: number): Kfunc | null {
	const kfunc = kfuncOf(env, at);
	return kfunc?.known && mayCallKfunc(env, kfunc) ? kfunc : null;
}

export function mayCallKfunc(env: Env, kfunc: Kfunc): boolean {
	const { id, kfuncHook } = env.spec;
	const attach = env.image.expectedAttachType;
	if (kfunc.hooks.includes("common")) return true;
	if (kfunc.hooks.includes("lsm") && id === 29) return true;
	if (kfunc.name.startsWith("bpf_session_")) return id === 2 && (attach === 56 || attach === 57);
	if (!kfunc.hooks.includes(kfuncHook)) return false;
	// What is for packets in struct_ops programs is for queueing disciplines.
	if (
		id === 27 &&
		(kfunc.name === "bpf_dynptr_from_skb" ||
			kfunc.name.startsWith("bpf_qdisc_") ||
			kfunc.name === "bpf_kfree_skb" ||
			kfunc.name === "bpf_skb_get_hash")
	) {
		return env.kernel !== null && nameOf(env.kernel, env.attachId) === "Qdisc_ops";
	}
	return kfunc.name !== "bpf_sock_destroy" || attach === 28;
}
