/**
 * `ebpfcc`: C to a running program in one call.
 *
 *     const { programs } = await compileAndLoad(`
 *         #include <bpf/bpf_helpers.h>
 *         SEC("xdp") int answer(void *ctx) { return 2; }
 *     `);
 *     programs.answer.run().retval // 2
 */
import { BtfView } from "./assembler/btf/view.ts";
import type { CompileOptions, FileProvider } from "./compiler/index.ts";
import { compile, defaultOptions, machineMacros, renderDiagnostic } from "./compiler/index.ts";
import type { LoadedObject, LoadOptions } from "./runtime/index.ts";
import { load } from "./runtime/index.ts";

export * from "./runtime/index.ts";
export { compile, defaultOptions, renderDiagnostic } from "./compiler/index.ts";
export type { CompileOptions, CompileResult, Diagnostic, FileProvider } from "./compiler/index.ts";

/** What to compile with, and all options of `load`. */
export interface CompileAndLoadOptions extends LoadOptions {
	/** Name of the source in messages. */
	readonly path?: string;
	/** Texts that `#include "…"` finds, by path; or a provider of files. */
	readonly files?: Readonly<Record<string, string>> | FileProvider;
	/** BTF that answers `#include "vmlinux.h"`, and then is the target of CO-RE; a function is asked when a source includes it. In Node, those of Linux 6.18. */
	readonly vmlinux?: Uint8Array | (() => Uint8Array | null);
	readonly compiler?: Partial<CompileOptions>;
}

/** C that does not compile: the messages as the command line prints them. */
export class CompileFailure extends Error {
	constructor(text: string) {
		super(text);
		this.name = "CompileFailure";
	}
}

/**
 * Compiles with -O2 -g, verifies, and makes the programs callable.
 * @throws CompileFailure for C with errors, and what `load` throws
 * @example const { programs, close } = await compileAndLoad(source); programs.filter.run({ packet }); close();
 */
export async function compileAndLoad(source: string, options: CompileAndLoadOptions = {}): Promise<LoadedObject> {
	if (typeof source !== "string") throw new TypeError(`the source is C text, not ${source === null ? "null" : typeof source}`);
	const { path = "program.bpf.c", files = {}, vmlinux, compiler, ...loading } = options;
	const provider: FileProvider = isProvider(files) ? files : { read: (name) => files[name.replace(/^\.\//, "")] ?? null };
	let kernel = typeof vmlinux === "function" ? null : (vmlinux ?? null);
	const asked = typeof vmlinux === "function" ? () => (kernel = vmlinux()) : () => kernel;
	const result = compile(path, source, { ...defaultOptions(provider), vmlinux: asked, ...compiler, macros: machineMacros(compiler?.macros ?? []) });
	if (!result.ok || result.object === null) {
		throw new CompileFailure(result.diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, result.tokens, { color: false })).join("\n"));
	}
	return load(result.object, kernel === null ? loading : { kernelBtf: viewOf(kernel), ...loading });
}

/** One view of the same bytes: its index of names takes longer than most programs do. */
function viewOf(bytes: Uint8Array): BtfView {
	let view = views.get(bytes);
	if (view === undefined) views.set(bytes, (view = new BtfView(bytes)));
	return view;
}

const views = new WeakMap<Uint8Array, BtfView>();

function isProvider(files: Readonly<Record<string, string>> | FileProvider): files is FileProvider {
	return typeof files.read === "function";
}
