/** What snippets of the kernel's objects are put together from. */
import { type Build, slot } from "./build.ts";

export const hasKernel = (b: Build): boolean => b.hook !== "socket" && b.hook !== "kprobe";
export const onPacket = (b: Build): boolean => (b.hook === "tc" || b.hook === "xdp") && b.context;

/** The current task, trusted, in the register. */
export function current(b: Build, r: number): void {
	b.w.call(158);
	if (r !== 0) b.w.mov(r, 0);
}

/** Zeroed bytes of the stack. */
export function zeroed(b: Build, size: number): number | null {
	const at = slot(b, size);
	if (at !== null) for (let off = 0; off < size; off += 8) b.w.storeImm(8, 10, at + off, 0);
	return at;
}

/** A member's byte offset in a struct of the kernel; 0 when it is not there. */
export function offsetOf(b: Build, struct: string, member: string): number {
	const t = b.kernel.type(b.kernel.find(struct, "struct"));
	const found = t.kind === "struct" ? t.members.find(({ name }) => name === member) : undefined;
	return found === undefined ? 0 : found.bitOffset / 8;
}
