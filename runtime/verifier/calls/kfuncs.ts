/**
 * Kernel functions: name, prototype (in the kernel's BTF) and flags of each call.
 */
import { type Env } from "../env.ts";
import type { BtfType } from "../btf.ts";
import { KFUNC_FLAGS } from "./kfunc-facts.ts";
import { isKfuncCall } from "../structure.ts";

export interface Kfunc {
	readonly name: string;
	readonly id: number;
	readonly flags: ReadonlySet<string>;
	readonly proto: Extract<BtfType, { kind: "func_proto" }> | null;
	/** In no set of callable functions. */
	readonly known: boolean;
}

const NONE: ReadonlySet<string> = new Set();
const flagSets = new Map<string, ReadonlySet<string>>();

function flagsOf(name: string): ReadonlySet<string> {
	let set = flagSets.get(name);
	if (!set) flagSets.set(name, (set = KFUNC_FLAGS[name] === undefined ? NONE : new Set(KFUNC_FLAGS[name].split(" "))));
	return set;
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
		const id = listed?.btfId || insn.imm;
		const t = env.kernel && id > 0 && id < env.kernel.count ? env.kernel.type(id) : null;
		const name = listed?.name ?? (t && t.kind === "func" ? t.name : "");
		const proto = t && t.kind === "func" ? env.kernel!.type(t.type) : null;
		kfunc = { name, id, flags: flagsOf(name), proto: proto && proto.kind === "func_proto" ? proto : null, known: KFUNC_FLAGS[name] !== undefined };
		map.set(at, kfunc);
	}
	return kfunc;
}
