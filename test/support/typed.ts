import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { parseUnit } from "../../compiler/grammar/parse-unit.ts";
import type { ExternalTypes, ParsedUnit } from "../../compiler/grammar/unit.ts";
import { newPreprocessor } from "../../compiler/preprocess/preprocess.ts";
import { STANDARDS } from "../../compiler/preprocess/predefined.ts";
import { check } from "../../compiler/types/check.ts";
import type { TypedUnit } from "../../compiler/types/typed.ts";
import type { Preprocessed, PreprocessOptions } from "../../compiler/preprocess/options.ts";

export interface Checked {
	readonly unit: ParsedUnit;
	readonly typed: TypedUnit;
	readonly diagnostics: readonly Diagnostic[];
	readonly errors: readonly string[];
}

const TARGET = { cpu: 3, std: "gnu17", optimize: 2, optimizeSize: false, strictAliasing: true, strictOverflow: true, deleteNullChecks: true, bigEndian: false, debug: true } as const;

/** `#pragma clang diagnostic ignored` in force where the message points. */
function ignored({ pragmas }: Preprocessed, d: Diagnostic): boolean {
	const { group, span } = d;
	if (group === undefined || span === null) return false;
	return pragmas.diagnostics.findLast((mark) => mark.token <= span.from)?.levels.get(group) === "ignored";
}

/** Preprocesses, parses and checks one text. Without options nothing can be included. */
export function checkText(text: string, options: Partial<PreprocessOptions> = {}, path = "test.c", external: ExternalTypes | null = null): Checked {
	const diagnostics: Diagnostic[] = [];
	const report = (d: Diagnostic): void => {
		diagnostics.push(d);
	};
	const preprocessor = newPreprocessor(
		{ target: TARGET, macros: [], includes: [], dirs: [], provider: { read: () => null }, builtinHeader: () => undefined, virtualVmlinux: () => external !== null, ...options },
		report,
	);
	const preprocessed = preprocessor.run(path, text);
	const unit = parseUnit(preprocessed, external, { report });
	const typed = check(unit, { sink: { report }, c23: STANDARDS[preprocessor.options.target.std]?.c23 ?? false });
	const shown = diagnostics.filter((d) => !ignored(preprocessed, d));
	return { unit, typed, diagnostics: shown, errors: shown.filter((d) => d.severity === "error").map((d) => d.message) };
}
