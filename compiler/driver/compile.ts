/**
 * The compiler: C text in, an object (or what an earlier stage makes) and diagnostics out. Pure: files come through the provider.
 */
import { writeElf } from "../../assembler/elf/write.ts";
import { BACKEND_CODES } from "../backend/codes.ts";
import { emit, type Places } from "../backend/index.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { DiagnosticEngine } from "../diagnostics/engine.ts";
import { unknownWarning } from "../diagnostics/known-groups.ts";
import { type DiagnosticRow, TABLE } from "../diagnostics/table.ts";
import { parseUnit } from "../grammar/parse-unit.ts";
import { builtinHeader } from "../headers/index.ts";
import type { ExternalTypes } from "../grammar/unit.ts";
import { vmlinuxTypes } from "../headers/vmlinux.ts";
import { printModule } from "../ir/print.ts";
import { lower } from "../lower/index.ts";
import { optimize } from "../opt/pipeline.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { STANDARDS } from "../preprocess/predefined.ts";
import { newPreprocessor } from "../preprocess/preprocess.ts";
import type { Preprocessor } from "../preprocess/preprocessor.ts";
import { printMacros, printPreprocessed } from "../preprocess/print.ts";
import { check } from "../types/check.ts";
import { printUnit } from "../types/print.ts";
import { CODES } from "../types/codes.ts";
import type { CompileOptions, CompileResult } from "./options.ts";
import { hintFor } from "./hints.ts";
import { asGiven, debugName, macroName, type PathOptions } from "./paths.ts";
import { showAst, showTokens } from "./show.ts";

/**
 * One translation unit, as far as `options.stage` says. What is wrong with the C is in `diagnostics`; only a fault of the compiler's own throws (`InternalError`).
 * @param path what messages and debug information call the text, and where `#include "…"` begins to look
 * @example
 * const result = compile("prog.c", "int answer(void) { return 42; }", defaultOptions({ read: () => null }));
 */
export function compile(path: string, text: Uint8Array | string, options: CompileOptions): CompileResult {
	const rows = [...TABLE, ...Object.values(CODES), ...BACKEND_CODES];
	const sink = new DiagnosticEngine(options.warnings, rows);
	reportUnknown(options.warnings.flags, rows, sink);
	let btf: Uint8Array | null | undefined;
	const vmlinux = (): Uint8Array | null => (btf === undefined ? (btf = options.vmlinux?.() ?? null) : btf);
	let kernel: ExternalTypes | null | undefined;
	const inKernel = (name: string): boolean => {
		if (kernel === undefined) kernel = vmlinux() === null ? null : vmlinuxTypes(vmlinux() as Uint8Array);
		return kernel !== null && (["struct", "union"] as const).some((kind) => kernel?.tag(kind, name));
	};
	const preprocessor = newPreprocessor(
		{
			...options,
			builtinHeader,
			macroFile: (path) => macroName(path, options.paths ?? asGiven),
			virtualVmlinux: () => vmlinux() !== null,
			defer: !["preprocess", "tokens"].includes(options.stage),
		},
		(diagnostic) => sink.report(diagnostic),
	);
	sink.attach(preprocessor.buffer, preprocessor.pragmas);
	let made: Made = {};
	try {
		made = stages(path, text, preprocessor, options, sink, vmlinux);
	} catch (error) {
		// The one fault of a recursive compiler that a program can cause: a tree too deep for the stack.
		if (!(error instanceof RangeError) || !/call stack/i.test(error.message)) throw error;
		sink.report({
			code: "E0190",
			severity: "error",
			message: "the program is nested too deeply to compile (the compiler's stack is exhausted)",
			span: null,
		});
	}
	const ok = sink.errors === 0;
	return {
		ok,
		diagnostics: inSourceOrder(sink.kept, preprocessor).map((one) => withHint(one, preprocessor.buffer, inKernel)),
		tokens: preprocessor.buffer,
		output: ok ? (made.output ?? null) : null,
		object: ok ? (made.object ?? null) : null,
		dependencies: preprocessor.dependencies,
	};
}

/** A -W option that is misspelt does nothing, and nobody would see. */
function reportUnknown(flags: readonly string[], rows: readonly DiagnosticRow[], sink: DiagnosticEngine): void {
	const groups = new Set(rows.flatMap(({ group }) => (group === undefined ? [] : [group])));
	for (const flag of flags) {
		const message = unknownWarning(flag, groups);
		if (message !== null) sink.report({ code: "W0001", severity: "warning", group: "unknown-warning-option", message, span: null });
	}
}

function withHint(diagnostic: Diagnostic, tokens: TokenBuffer, inKernel: (name: string) => boolean): Diagnostic {
	const message = diagnostic.severity === "error" ? hintFor(diagnostic, tokens, inKernel) : null;
	return message === null ? diagnostic : { ...diagnostic, notes: [...(diagnostic.notes ?? []), { span: null, message }] };
}

/** As the text is read: first what the preprocessor said (its places stand behind the program's tokens), then by token. */
function inSourceOrder(diagnostics: readonly Diagnostic[], { buffer, programLength }: Preprocessor): readonly Diagnostic[] {
	const rank = ({ span }: Diagnostic): number => {
		const place = span === null ? -1 : buffer.inOrder(span.from);
		return place >= programLength ? -1 : place;
	};
	return [...diagnostics].sort((a, b) => rank(a) - rank(b));
}

type Made = Partial<Pick<CompileResult, "output" | "object">>;

/** The pipeline, top to bottom. Each stage is left as soon as its result is what was asked for, or an error makes going on senseless. */
function stages(
	path: string,
	text: Uint8Array | string,
	preprocessor: Preprocessor,
	options: CompileOptions,
	sink: DiagnosticEngine,
	vmlinux: () => Uint8Array | null,
): Made {
	const source = preprocessor.run(path, text);
	if (options.stage === "preprocess") return { output: printPreprocessed(source, options.lineMarkers) };
	if (options.stage === "macros") return { output: printMacros(source) };
	if (options.stage === "tokens") return { output: showTokens(source) };
	if (source.stopped) return {};

	const btf = source.wantsVmlinux ? vmlinux() : null;
	const { c23, version } = STANDARDS[options.target.std] ?? STANDARDS.gnu17;
	const standard = { c23, c89: version === null };
	const unit = parseUnit(source, btf === null ? null : vmlinuxTypes(btf), sink, standard);
	if (options.stage === "ast") return { output: showAst(unit) };

	const typed = check(unit, { sink, ...standard });
	if (options.stage === "typed") return { output: printUnit(typed) };
	if (sink.errors > 0) return {};
	const { cpu, debug } = options.target;
	const level = Math.min(3, options.target.optimize) as 0 | 1 | 2 | 3;
	const lowering = {
		strictAliasing: level > 0 && options.target.strictAliasing,
		strictOverflow: level > 0 && options.target.strictOverflow,
		nullIsAddress: !options.target.deleteNullChecks,
	};
	if (options.stage === "syntax") {
		// For its warnings: what only code generation refuses is no matter of syntax.
		lower(typed, { ...lowering, diagnostics: { report: (diagnostic) => diagnostic.severity === "warning" && sink.report(diagnostic) } });
		return {};
	}
	const ir = optimize(lower(typed, { ...lowering, diagnostics: sink }), { level, cpu, diagnostics: sink });
	if (options.stage === "ir") return { output: printModule(ir) };
	if (sink.errors > 0) return {};

	const wantsText = options.stage === "asm";
	const paths = options.paths ?? asGiven;
	const { object, asm } = emit(ir, typed, placesOf(preprocessor.buffer, paths), {
		cpu: `v${cpu}`,
		debug,
		fileName: debugName(path, paths),
		diagnostics: sink,
		asm: wantsText,
		bigEndian: options.target.bigEndian,
	});
	if (sink.errors > 0) return {};
	return { object, output: wantsText ? asm! : writeElf(object) };
}

/** What line information says of a token: where the outermost macro was called. */
function placesOf(tokens: TokenBuffer, paths: PathOptions): Places {
	const names = new Map<string, string>();
	const named = (file: string): string => {
		let name = names.get(file);
		if (name === undefined) names.set(file, (name = debugName(file, paths)));
		return name;
	};
	return {
		locate: (span) => {
			if (span.from >= tokens.length) return null;
			const place = tokens.place(span.from);
			return { ...place, file: named(place.file), text: tokens.lineText(span.from) };
		},
	};
}
