/**
 * Where a value comes from, along the path that was executed: moves, arithmetic and spills are followed back to the call, load or constant that
 * it began with. For words only; nothing is decided here.
 *
 * In: the instructions executed, newest first, a place in that list, and a register; out: where it began, and on the way what was added to it
 * (an index) and by how much it was multiplied. The path may come from our own walk or from a kernel's log.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import { helperById } from "../../../assembler/spec/helpers.ts";
import { lineAt } from "../../fault.ts";
import type { ProgramImage } from "../../image.ts";

export interface Trace {
	/** Where the value began. */
	readonly insn: number;
	readonly why: string;
	readonly kind: "call" | "lost" | "load" | "constant" | "address" | "argument";
	/** Bytes a step of the value counts: shifts and multiplications after it began. */
	readonly scale: number;
	/** The register last added to it, and where in the list. */
	readonly added: { readonly register: number; readonly at: number } | null;
	/** The newest comparison of it, or −1. */
	readonly compared: number;
}

const MOV = 0xb0;
const ADD_REGISTER = 0x0f;
const FRAME_POINTER = 10;

export function trace(image: ProgramImage, executed: readonly number[], from: number, register: number, nested = 0): Trace | null {
	let reg = register;
	let slot: number | null = null;
	let depth = 0;
	let scale = 1;
	let added: Trace["added"] = null;
	let compared = -1;
	const found = (insn: number, kind: Trace["kind"], why: string): Trace => ({ insn, kind, why, scale, added, compared });
	if (register === FRAME_POINTER) return null;
	for (let i = from; i < executed.length; i++) {
		const at = executed[i];
		const insn = image.insns[at];
		const cls = insn.opcode & 7;
		const op = insn.opcode & 0xf0;
		if (insn.opcode === 0x95) {
			// r0 of a subprogram comes from inside; everything else is of the frame that called.
			if (slot !== null || reg !== 0) depth++;
			continue;
		}
		if (insn.opcode === 0x85 && insn.src === 1) {
			if (depth > 0) depth--;
			else if (slot === null && reg === 0) return found(at, "call", "result of a function that is verified on its own");
			continue;
		}
		if (depth > 0) continue;
		if (slot !== null) {
			if ((cls === 2 || cls === 3) && insn.dst === FRAME_POINTER && insn.off === slot) {
				if (cls === 2) return found(at, "constant", `set to ${insn.imm}`);
				reg = insn.src;
				slot = null;
			}
			continue;
		}
		if (insn.opcode === 0x85) {
			if (reg === 0) return found(at, "call", `result of ${calleeName(image, at)}`);
			if (reg <= 5) return found(at, "lost", `lost in the call of ${calleeName(image, at)}`);
			continue;
		}
		if ((cls === 5 || cls === 6) && op !== 0 && op !== 0x80) {
			if (compared < 0 && (insn.dst === reg || ((insn.opcode & 8) !== 0 && insn.src === reg))) compared = at;
			continue;
		}
		if (insn.dst !== reg || cls === 2 || cls === 3 || cls === 5 || cls === 6) continue;
		if (cls === 0)
			return insn.opcode === 0x18
				? found(at, insn.src === 0 ? "constant" : "address", constantWhy(insn, image.insns[at + 1]))
				: found(at, "load", "read from the packet");
		if (cls === 1) {
			if (insn.src !== FRAME_POINTER) return found(at, "load", "loaded from memory");
			slot = insn.off;
			continue;
		}
		if (op === MOV) {
			if ((insn.opcode & 8) === 0) return found(at, "constant", `set to ${insn.imm}`);
			if (insn.src === FRAME_POINTER) return found(at, "address", "an address on the stack");
			reg = insn.src;
			continue;
		}
		if ((insn.opcode & 8) === 0) {
			if (op === 0x60) scale *= 2 ** insn.imm;
			else if (op === 0x70 || op === 0xc0) scale /= 2 ** insn.imm;
			else if (op === 0x20 && insn.imm > 0) scale *= insn.imm;
			else if (op === 0x30 && insn.imm > 0) scale /= insn.imm;
		} else if (insn.opcode === ADD_REGISTER && added === null && nested < 2) {
			// Of two that are added, one is the pointer: which, their origins say.
			const other = trace(image, executed, i + 1, insn.src, nested + 1);
			const own = trace(image, executed, i + 1, reg, nested + 1);
			const swap = other !== null && pointerLike(image, other) && !(own !== null && pointerLike(image, own));
			added = { register: swap ? reg : insn.src, at: i + 1 };
			if (swap) reg = insn.src;
		}
	}
	return slot === null && reg >= 1 && reg <= 5 ? found(0, "argument", reg === 1 ? "the program's context" : `argument ${reg}`) : null;
}

/** Nobody's certainty: enough to tell a base from an index. */
function pointerLike(image: ProgramImage, { kind, insn, why }: Trace): boolean {
	if (kind === "address" || why === "the program's context") return true;
	// A packet's address is a number in the context.
	if (kind === "load") return /->\s*data\b/.test(lineAt(image, insn)?.text ?? "");
	if (kind === "call") {
		const call = image.insns[insn];
		return call.src === 0 && (helperById(call.imm)?.result.includes("*") ?? false);
	}
	return false;
}

/** "bpf_map_lookup_elem": what the call at the slot calls. */
export function calleeName(image: ProgramImage, at: number): string {
	const insn = image.insns[at];
	if (insn.src === 2) return image.kfuncs.find((k) => k.insn === at)?.name ?? `kernel function ${insn.imm}`;
	if (insn.src === 1) return "a function of the program";
	return helperById(insn.imm)?.name ?? `helper ${insn.imm}`;
}

function constantWhy(insn: Insn, next: Insn): string {
	if (insn.src === 1 || insn.src === 5) return "a map";
	if (insn.src === 2 || insn.src === 6) return "a map's value";
	if (insn.src === 4) return "a function";
	if (insn.src === 3) return "a kernel variable";
	return `set to ${BigInt.asIntN(64, (BigInt(next.imm) << 32n) | BigInt(insn.imm >>> 0))}`;
}
