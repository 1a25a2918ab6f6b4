/**
 * Which kernels have what a program uses: helpers, map types, program and attach types, instructions. From the `since` columns of the
 * tables in assembler/spec; instructions and limits from Linux's history. Kernel functions have no numbers: kfunc-releases.ts knows many by name.
 */
import { attachTypes, sectionRow } from "../../assembler/spec/attach-types.ts";
import { helperById } from "../../assembler/spec/helpers.ts";
import { instructionOf, type Shape } from "../../assembler/spec/isa.ts";
import { mapTypeById } from "../../assembler/spec/map-types.ts";
import { programTypeById } from "../../assembler/spec/program-types.ts";
import type { ProgramImage } from "../image.ts";
import { kfuncSince } from "./kfunc-releases.ts";

export interface Need {
	/** Linux release. */
	readonly since: string;
	readonly what: string;
	/** Slot, or −1. */
	readonly insn: number;
}

/** Every need once, newest release first. */
export function needs(image: ProgramImage): Need[] {
	const found = new Map<string, Need>();
	const need = (since: string, what: string, insn: number): void => {
		if (!found.has(what)) found.set(what, { since, what, insn });
	};
	const type = typeof image.type === "number" ? programTypeById(image.type) : undefined;
	if (type !== undefined) need(type.since, `program type ${type.name}`, -1);
	// libbpf loads without the attach type on kernels that do not know it where the section's row says so.
	const optional = sectionRow(image.section)?.flags?.includes("optional") === true;
	const attach = image.expectedAttachType === 0 || optional ? undefined : attachTypes.find(({ id }) => id === image.expectedAttachType);
	if (attach !== undefined) need(attach.since, `attach type ${attach.name}`, -1);
	if ((image.flags & 16) !== 0) need("5.10", "sleepable programs", -1);
	for (let at = 0; at < image.insns.length; at++) {
		const insn = image.insns[at];
		const form = instructionOf(insn);
		if (form === undefined) continue;
		if (form.kind === "call") {
			const helper = insn.src === 0 ? helperById(insn.imm) : undefined;
			if (helper !== undefined) need(helper.since, `helper ${helper.name}`, at);
			else if (insn.src === 1) need("4.16", "calls between functions of a program", at);
			else if (insn.src === 2) {
				const name = image.kfuncs.find((k) => k.insn === at)?.name ?? String(insn.imm);
				const since = kfuncSince(name);
				need(since ?? "5.13", `kernel function ${name}${since === null ? " (its own release is not known here: at least 5.13)" : ""}`, at);
			}
		}
		if (form.kind === "ld_imm64") {
			const map = insn.src === 1 || insn.src === 2 ? image.maps[insn.imm] : undefined;
			const mapType = map === undefined ? undefined : mapTypeById(map.type);
			if (map !== undefined && mapType !== undefined) need(mapType.since, `map type ${mapType.name} (${map.name})`, at);
			if (insn.src === 2) need("5.2", "global variables", at);
			if (insn.src === 3) need("5.10", "kernel variables by BTF", at);
			if (insn.src === 4) need("5.13", "addresses of functions", at);
			at++;
			continue;
		}
		const since = instructionSince(form, insn.off, insn.imm);
		if (since !== null) need(since[0], since[1], at);
		// A jump to a lower slot is a loop.
		if ((form.kind === "jump" || (form.kind === "goto" && !form.wide)) && insn.off < -1) need("5.3", "bounded loops", at);
	}
	return [...found.values()].sort((a, b) => compareReleases(b.since, a.since));
}

function instructionSince(form: Shape, off: number, imm: number): readonly [string, string] | null {
	switch (form.kind) {
		case "may_goto":
			return ["6.9", "may_goto"];
		case "addr_space_cast":
			return ["6.9", "addr_space_cast (arenas)"];
		case "load_acquire":
		case "store_release":
			return ["6.15", "load-acquire and store-release"];
		case "movsx":
			return ["6.6", "sign-extending moves (cpu v4)"];
		case "swap":
			return form.op === "bswap" ? ["6.6", "bswap (cpu v4)"] : null;
		case "goto":
			return form.wide ? ["6.6", "32-bit jumps (cpu v4)"] : null;
		case "load":
			return form.signed ? ["6.6", "sign-extending loads (cpu v4)"] : null;
		case "alu":
			return off === 1 ? ["6.6", "signed division (cpu v4)"] : null;
		case "jump":
			return form.width === 32 ? ["5.1", "32-bit comparisons (cpu v3)"] : null;
		case "atomic":
			return imm === 0 ? null : ["5.12", "atomic operations other than add (cpu v3)"];
		default:
			return null;
	}
}

/** The highest that some need asks for; the oldest eBPF kernel without one. */
export function oldestKernel(list: readonly Need[]): string {
	return list[0]?.since ?? "3.19";
}

export function compareReleases(a: string, b: string): number {
	const [a1, a2 = 0] = a.split(".").map(Number);
	const [b1, b2 = 0] = b.split(".").map(Number);
	return a1 - b1 || a2 - b2;
}
