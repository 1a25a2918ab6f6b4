/**
 * Kernel functions: name, prototype (in the kernel's BTF), flags, and who may call them.
 */
import type { Env } from "../env.ts";
import type { BtfType } from "../btf.ts";
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
		kfunc = { name, id, ...factsOf(name), proto: proto && proto.kind === "func_proto" ? proto : null, known: Object.hasOwn(KFUNCS, name) };
		map.set(at, kfunc);
	}
	return kfunc;
}

/** Kinds of programs by type number, as kernel functions are registered for them. */
const HOOKS: Readonly<Record<number, string>> = {
	1: "socket", 2: "kprobe", 3: "tc", 4: "act", 5: "tracing", 6: "xdp", 7: "tracing", 8: "cgroup", 9: "cgroup", 10: "lwt", 11: "lwt", 12: "lwt", 13: "cgroup",
	14: "sk_skb", 15: "cgroup", 18: "cgroup", 19: "lwt", 23: "cgroup", 25: "cgroup", 26: "tracing", 27: "struct_ops", 29: "tracing", 31: "syscall",
	32: "netfilter",
};

export function mayCallKfunc(env: Env, kfunc: Kfunc): boolean {
	const { id } = env.spec;
	const attach = env.image.expectedAttachType;
	if (kfunc.hooks.includes("common")) return true;
	if (kfunc.hooks.includes("lsm") && id === 29) return true;
	if (kfunc.name.startsWith("bpf_session_")) return id === 2 && (attach === 56 || attach === 57);
	if (!kfunc.hooks.includes(HOOKS[id] ?? "none")) return false;
	switch (kfunc.name) {
		case "bpf_sock_destroy":
			return attach === 28;
		case "bpf_sock_addr_set_sun_path":
			return id === 18 && (attach === 49 || attach === 50 || attach === 51 || attach === 52 || attach === 53);
		case "bpf_sock_ops_enable_tx_tstamp":
			return id === 13;
		default:
			return true;
	}
}
