/**
 * Calls of kernel functions.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import { type Env, unsupported } from "../env.ts";
import { kfuncOf } from "./kfuncs.ts";

export function callKfunc(env: Env, insn: Insn): number {
	void insn;
	unsupported(`kernel function ${kfuncOf(env, env.insn)?.name ?? "?"}`);
}
