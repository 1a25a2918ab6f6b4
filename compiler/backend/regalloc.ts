import { isCopy, type MFunction, renameRegs } from "./machine.ts";
import { colour } from "./colouring.ts";
import { buildInterference } from "./interference.ts";
import { spill } from "./spill.ts";
import { bug, type DiagnosticSink } from "../diagnostics/diagnostic.ts";

/**
 * Gives every virtual register one of r0–r9, by colouring the interference graph (`colouring.ts`).
 *
 * The idea is that eBPF code is mostly copies before it has registers (arguments to r1–r5, results from r0, phis,
 * overwritten first operands), and almost all of them can go: iterated register coalescing (George and Appel, "Iterated
 * Register Coalescing", TOPLAS 18(3), 1996) merges both sides of a copy wherever that provably keeps the graph colourable.
 * What finds no colour moves to the stack (`spill.ts`) and the whole is done again.
 *
 * Out: no virtual register is left and copies of a register to itself are gone; false if that cannot be.
 */
export function allocateRegisters(fn: MFunction, diagnostics: DiagnosticSink): boolean {
	for (let round = 0; ; round++) {
		if (round > 12) {
			// Only fixed registers of inline assembly can leave too few.
			const asm = fn.blocks.flatMap((block) => block.insts).find((inst) => inst.asm !== null);
			if (asm === undefined) bug(`register allocation of ${fn.name} does not end`);
			diagnostics.report({
				code: "E0710",
				severity: "error",
				message: "inline assembly requires more registers than available",
				span: asm.loc,
			});
			return false;
		}
		const graph = buildInterference(fn);
		const result = colour(graph);
		if (result.spilled.size === 0) {
			rewrite(fn, result.colours);
			return true;
		}
		spill(fn, result.spilled, Math.max(0, 8 - 2 * round));
	}
}

function rewrite(fn: MFunction, colours: Int32Array): void {
	for (const block of fn.blocks) {
		for (const inst of block.insts) renameRegs(inst, (reg) => colours[reg]);
		block.insts = block.insts.filter((inst) => !(isCopy(inst) && inst.dst === inst.src));
	}
}
