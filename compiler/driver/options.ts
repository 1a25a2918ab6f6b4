/** What a compilation needs besides the text, and what comes out. Plain data; the command line is one way to make it. */
import type { ObjectFile } from "../../assembler/object.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { WarningOptions } from "../diagnostics/engine.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { PreprocessOptions } from "../preprocess/options.ts";
import type { TargetOptions } from "../preprocess/predefined.ts";
import type { FileProvider } from "../source/files.ts";
import type { PathOptions } from "./paths.ts";

/** How far to go. Each but the last prints what its stage made. */
export type Stage = "preprocess" | "macros" | "tokens" | "ast" | "typed" | "syntax" | "ir" | "asm" | "obj";

/** All that a compilation depends on besides its text; `defaultOptions` has a value for each. */
export interface CompileOptions extends Pick<PreprocessOptions, "target" | "macros" | "includes" | "imacros" | "dirs" | "provider"> {
	readonly warnings: WarningOptions;
	readonly stage: Stage;
	/** -P: no line markers in -E's output. */
	readonly lineMarkers: boolean;
	/** BTF that answers `#include "vmlinux.h"` when no such file is found; asked for at most once. */
	readonly vmlinux?: () => Uint8Array | null;
	/** -MG */
	readonly allowMissing?: boolean;
	/** How the object names files; default: as they were opened. */
	readonly paths?: PathOptions;
}

/** What a compilation made, and what it said. */
export interface CompileResult {
	/** No errors. */
	readonly ok: boolean;
	readonly diagnostics: readonly Diagnostic[];
	/** What spans of diagnostics refer to. */
	readonly tokens: TokenBuffer | null;
	/** Text of the stage asked for, or the bytes of the ELF file. null when there were errors, and for "syntax". */
	readonly output: string | Uint8Array | null;
	readonly object: ObjectFile | null;
	/** Files read, the source first. */
	readonly dependencies: readonly { readonly path: string; readonly system: boolean }[];
}

/** -O2 -g -std=gnu17 -mcpu=v3, little-endian. */
export const DEFAULT_TARGET: TargetOptions = {
	cpu: 3,
	std: "gnu17",
	optimize: 2,
	optimizeSize: false,
	strictAliasing: true,
	strictOverflow: true,
	deleteNullChecks: true,
	bigEndian: false,
	debug: true,
};

/** Macros for a program that is to run: registers of the machine that the runtime is like (struct pt_regs of BPF_KPROBE and its kin), unless another is asked for. */
export function machineMacros(asked: CompileOptions["macros"], machine = "x86"): CompileOptions["macros"] {
	return asked.some(({ text }) => text.startsWith("__TARGET_ARCH_"))
		? asked
		: [{ kind: "define", text: `__TARGET_ARCH_${machine}` }, ...asked];
}

/** Options for a program that is to run: -O2 -g, our own headers. */
export function defaultOptions(provider: FileProvider): CompileOptions {
	return {
		target: DEFAULT_TARGET,
		macros: machineMacros([]),
		includes: [],
		dirs: ["built-in"],
		provider,
		stage: "obj",
		lineMarkers: true,
		warnings: { flags: [], none: false, errorLimit: 20, systemHeaders: false },
	};
}
