/**
 * `.cfi_startproc` and `.cfi_endproc` to `.debug_frame`, as LLVM's assembler writes it for BPF: an entry that says where a function lies and no more,
 * for BPF's frames have no register to restore. Source: DWARF 5, section 6.4; LLVM's MCDwarf.cpp; BPF's factors and return column are LLVM's.
 */
import { Writer } from "../bytes.ts";
import type { Label, SectionBuilder } from "./section.ts";

export interface Frame {
	readonly start: Label;
	readonly end: Label;
}

/** The bytes, and what they refer to: 4 bytes the section itself, 8 bytes a function's. */
export function debugFrame(
	frames: readonly Frame[],
	little: boolean,
	addressOf: (label: Label) => number,
): { readonly bytes: Uint8Array; readonly relocs: readonly { readonly offset: number; readonly section: SectionBuilder | "itself" }[] } {
	const out = new Writer(little);
	const relocs: { offset: number; section: SectionBuilder | "itself" }[] = [];
	out.u32(12);
	out.u32(0xffffffff);
	// version 4, no augmentation, addresses of 8 bytes, no segments, code factor 8, data factor −4, return column r11
	for (const byte of [4, 0, 8, 0, 8, 0x7c, 11, 0]) out.u8(byte);
	for (const { start, end } of frames) {
		out.u32(20);
		relocs.push({ offset: out.length, section: "itself" });
		out.u32(0);
		relocs.push({ offset: out.length, section: start.section });
		out.u64(addressOf(start));
		out.u64(addressOf(end) - addressOf(start));
	}
	return { bytes: out.bytes(), relocs };
}
