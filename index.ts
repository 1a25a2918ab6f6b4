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
import type { CompileOptions, CompileResult, FileProvider } from "./compiler/index.ts";
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
	if (/^\S+\.[ch]$/.test(source))
		throw new TypeError(`the source is C text, not the name of a file: compileAndLoad(readFileSync("${source}", "utf8"))`);
	const { path = "program.bpf.c", files = {}, vmlinux, compiler, ...loading } = options;
	const { object, kernel } = compiled({ source, path, files, vmlinux, compiler });
	return load(object, kernel === null ? loading : { kernelBtf: viewOf(kernel), ...loading });
}

/** What a compilation reads. */
type Input = Pick<CompileAndLoadOptions, "path" | "files" | "vmlinux" | "compiler"> & {
	readonly source: string;
	readonly path: string;
	readonly files: NonNullable<CompileAndLoadOptions["files"]>;
};

interface Compiled {
	readonly object: NonNullable<CompileResult["object"]>;
	/** The types that the source included. */
	readonly kernel: Uint8Array | null;
}

/** Tests load the same source again and again, each time anew: its object is the same. The youngest is the last. */
const recent: { readonly input: Input; readonly made: Compiled }[] = [];
const KEPT = 8;

function compiled(input: Input): Compiled {
	const known = recent.find((one) => sameInput(one.input, input));
	if (known !== undefined) return known.made;
	const made = compileOnce(input);
	// Who provides files may give others the next time.
	if (!isProvider(input.files)) {
		recent.push({ input: { ...input, files: { ...input.files }, compiler: { ...input.compiler } }, made });
		if (recent.length > KEPT) recent.shift();
	}
	return made;
}

function sameInput(a: Input, b: Input): boolean {
	return (
		a.source === b.source &&
		a.path === b.path &&
		a.vmlinux === b.vmlinux &&
		!isProvider(b.files) &&
		same(a.files, b.files) &&
		same(a.compiler ?? {}, b.compiler ?? {})
	);
}

/** Property by property; values that are objects are the same only if they are one. */
function same(a: object, b: object): boolean {
	const [own, other] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
	return own.length === other.size && own.every(([name, value]) => other.get(name) === value);
}

function compileOnce({ source, path, files, vmlinux, compiler }: Input): Compiled {
	const provider: FileProvider = isProvider(files) ? files : { read: (name) => files[name.replace(/^\.\//, "")] ?? null };
	let kernel = typeof vmlinux === "function" ? null : (vmlinux ?? null);
	const asked = typeof vmlinux === "function" ? () => (kernel = vmlinux()) : () => kernel;
	const result = compile(path, source, {
		...defaultOptions(provider),
		vmlinux: asked,
		...compiler,
		macros: machineMacros(compiler?.macros ?? []),
	});
	if (!result.ok || result.object === null) {
		throw new CompileFailure(
			result.diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, result.tokens, { color: false })).join("\n"),
		);
	}
	return { object: result.object, kernel };
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
