import type { MInst } from "./machine.ts";

/** Inline assembly is not looked into. */
export const mergeable = (inst: MInst): boolean => inst.kind !== "asm";

/** An instruction after register allocation as text: equal texts do equal things. */
export function keyOf(inst: MInst, idOf: (object: object) => number): string {
	const { kind, op, width, bits, bytes, signed, dst, src, imm, off, slot, wide, callee, args, unread, blocks, core } = inst;
	const symbol = wide === null || typeof wide === "bigint" ? wide : `${idOf(wide.symbol)}+${wide.addend}`;
	const target = callee === null ? "" : callee.kind === "helper" ? `helper${callee.id}` : idOf(callee.symbol);
	return `${kind} ${op} ${width} ${bits} ${bytes} ${signed} ${dst} ${src} ${imm} ${off + (slot?.offset ?? 0)} ${symbol} ${target} ${args} ${unread} ${core === null ? "" : idOf(core)} ${blocks.map((block) => block.id).join(",")}`;
}
