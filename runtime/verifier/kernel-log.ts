/** A rejection's log in the kernel's style: the failing path with its C lines, the registers where it stopped, the message, the closing count. */
import { printInsn } from "../../assembler/text/print.ts";
import { lineAt } from "../fault.ts";
import type { Env } from "./env.ts";
import { executedBefore } from "./executed.ts";
import type { Reg } from "./state.ts";
import { NOT_INIT, SCALAR, typeName } from "./types.ts";

/** Instructions shown: the end of the path. */
const SHOWN = 2000;

export function kernelLog(env: Env, message: string): string {
	const lines: string[] = [];
	const { image } = env;
	const path = executedBefore(env).reverse();
	path.push(env.insn);
	let before = "";
	for (const at of path.slice(-SHOWN)) {
		const line = lineAt(image, at);
		const text = line === null ? "" : `; ${line.text.trim()} @ ${line.file}:${line.line}`;
		if (text !== before && text !== "") lines.push(text);
		before = text;
		const insn = image.insns[at];
		if (insn === undefined) continue;
		lines.push(`${at}: (${insn.opcode.toString(16).padStart(2, "0")}) ${printInsn(insn, image.insns[at + 1]) ?? "?"}`);
	}
	const shown = env.regs.flatMap((reg, i) => (reg.type === NOT_INIT ? [] : [`R${i}=${registerText(reg)}`]));
	if (shown.length > 0 && lines.length > 0) lines[lines.length - 1] += `    ; ${shown.join(" ")}`;
	lines.push(...env.log.filter((line) => line !== message), message, closing(env));
	return lines.join("\n");
}

export function closing(env: Env): string {
	return `processed ${env.insnsProcessed} insns (limit ${env.limitInsns}) max_states_per_insn ${env.maxStatesPerInsn} total_states ${env.totalStates} peak_states ${env.peakStates} mark_read 0`;
}

function registerText(reg: Reg): string {
	const { range } = reg;
	const { tnum } = range;
	if (reg.type === SCALAR && range.umin === range.umax) return `${BigInt.asIntN(64, range.umin)}`;
	const parts: string[] = [];
	if (reg.id) parts.push(`id=${reg.id}`);
	if (reg.refObjId) parts.push(`ref_obj_id=${reg.refObjId}`);
	if (reg.type !== SCALAR && reg.off !== 0) parts.push(`off=${reg.off}`);
	if (reg.packetRange > 0) parts.push(`r=${reg.packetRange}`);
	if (reg.map) parts.push(`map=${reg.map.def.name}`, `ks=${reg.map.def.keySize}`, `vs=${reg.map.def.valueSize}`);
	if (range.umin !== range.umax) {
		if (range.smin !== -(1n << 63n)) parts.push(`smin=${range.smin}`);
		if (range.smax !== (1n << 63n) - 1n) parts.push(`smax=${range.smax}`);
		if (range.umin !== 0n) parts.push(`umin=${range.umin}`);
		if (range.umax !== (1n << 64n) - 1n) parts.push(`umax=${range.umax}`);
		parts.push(`var_off=(0x${tnum.value.toString(16)}; 0x${tnum.mask.toString(16)})`);
	}
	return `${typeName(reg.type)}(${parts.join(",")})`;
}
