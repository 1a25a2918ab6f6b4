/**
 * clang's command line, read into data. Flags stand in one table: how the argument is attached and what it does. An unknown -f or -m only
 * warns, and a -W of a group that nothing here belongs to says nothing, as a compiler in a Makefile must.
 */
import { nearest } from "../diagnostics/suggest.ts";
import type { SearchDir } from "../preprocess/include.ts";
import { STANDARDS, type TargetOptions } from "../preprocess/predefined.ts";
import { DEFAULT_TARGET, type Stage } from "./options.ts";
import { parsePrefixMap, type PrefixMap } from "./paths.ts";

export interface Invocation {
	readonly inputs: readonly { readonly path: string; readonly language: string | null }[];
	readonly output: string | null;
	readonly stage: Stage;
	/** -c: one object per input; otherwise several inputs are linked. */
	readonly compileOnly: boolean;
	readonly target: TargetOptions;
	readonly macros: readonly { readonly kind: "define" | "undefine"; readonly text: string }[];
	readonly includes: readonly string[];
	readonly imacros: readonly string[];
	readonly quote: readonly string[];
	readonly user: readonly string[];
	readonly system: readonly string[];
	readonly after: readonly string[];
	readonly noStandardIncludes: boolean;
	readonly warnings: { readonly flags: readonly string[]; readonly none: boolean; readonly errorLimit: number; readonly systemHeaders: boolean };
	readonly dependencies: { readonly wanted: "none" | "beside" | "only"; readonly system: boolean; readonly file: string | null; readonly targets: readonly string[]; readonly phony: boolean; readonly allowMissing: boolean };
	/** -fdebug-prefix-map, -fmacro-prefix-map, -fdebug-compilation-dir */
	readonly paths: { readonly debug: readonly PrefixMap[]; readonly macro: readonly PrefixMap[]; readonly compilationDir: string | null };
	readonly lineMarkers: boolean;
	readonly diagnosticsFormat: "text" | "json";
	readonly color: boolean | null;
	/** --btf FILE */
	readonly btf: string | null;
	readonly verbose: boolean;
	/** -### */
	readonly dryRun: boolean;
	/** Print something and do nothing else. */
	readonly print: "version" | "version-number" | "help" | "target" | "targets" | "resource-dir" | "search-dirs" | "supported-cpus" | { readonly file: string } | { readonly program: string } | null;
	readonly complaints: readonly { readonly severity: "error" | "warning"; readonly group?: string; readonly code: string; readonly message: string }[];
}

interface State {
	inputs: { path: string; language: string | null }[];
	output: string | null;
	stage: Stage | null;
	compileOnly: boolean;
	cpu: TargetOptions["cpu"];
	std: string;
	optimize: number;
	optimizeSize: boolean;
	strictAliasing: boolean;
	strictOverflow: boolean;
	deleteNullChecks: boolean;
	bigEndian: boolean;
	debug: boolean;
	macros: { kind: "define" | "undefine"; text: string }[];
	includes: string[];
	imacros: string[];
	quote: string[];
	user: string[];
	system: string[];
	after: string[];
	noStandardIncludes: boolean;
	warnings: string[];
	noWarnings: boolean;
	errorLimit: number;
	depsWanted: "none" | "beside" | "only";
	depsSystem: boolean;
	depsFile: string | null;
	depsTargets: string[];
	phony: boolean;
	allowMissing: boolean;
	debugMaps: PrefixMap[];
	macroMaps: PrefixMap[];
	compilationDir: string | null;
	lineMarkers: boolean;
	macrosOnly: boolean;
	json: boolean;
	color: boolean | null;
	btf: string | null;
	verbose: boolean;
	dryRun: boolean;
	print: Invocation["print"];
	language: string | null;
	complaints: { severity: "error" | "warning"; group?: string; code: string; message: string }[];
}

type Action = (state: State, value: string) => void;
/** none: the flag alone; joined: -Dx; separate: -o x; either: -Ix and -I x; equals: --target=x. */
type Form = "none" | "joined" | "separate" | "either" | "equals";

/** What -x may say. The preprocessed forms are C as well: nothing in them is left to replace. */
const LANGUAGES = new Set(["none", "c", "c-header", "cpp-output", "c++", "c++-header", "c++-cpp-output", "assembler", "assembler-with-cpp"]);
const EMIT: Readonly<Record<string, Stage>> = { tokens: "tokens", ast: "ast", typed: "typed", ir: "ir", asm: "asm", obj: "obj" };
const ignore: Action = () => {};

const FLAGS: readonly (readonly [flag: string, form: Form, action: Action])[] = [
	// what to do
	["-c", "none", (s) => { s.compileOnly = true; }],
	["-S", "none", (s) => { s.stage = "asm"; }],
	["-E", "none", (s) => { s.stage = "preprocess"; }],
	["-fsyntax-only", "none", (s) => { s.stage = "syntax"; }],
	["--emit=", "equals", (s, v) => { s.stage = EMIT[v] ?? complain(s, `'--emit=${v}': there are ${Object.keys(EMIT).join(", ")}`, s.stage); }],
	["-emit-llvm", "none", (s) => complain(s, "-emit-llvm: there is no LLVM here; --emit=ir prints the compiler's own intermediate form", undefined)],
	["-o", "either", (s, v) => { s.output = v; }],
	["-x", "either", (s, v) => { s.language = v === "none" ? null : v; if (!LANGUAGES.has(v)) complain(s, `language not recognized: '${v}'`, undefined); }],
	["-P", "none", (s) => { s.lineMarkers = false; }],
	["-dM", "none", (s) => { s.macrosOnly = true; }],
	["-dD", "none", ignore],
	["-dI", "none", ignore],
	["-C", "none", ignore],
	["-CC", "none", ignore],
	// target and code
	["-target", "separate", target],
	["--target=", "equals", target],
	["-mcpu=", "equals", cpu],
	["-march=", "equals", (s, v) => { if (v !== "bpf") unused(s, `-march=${v}`); }],
	["-mlittle-endian", "none", (s) => { s.bigEndian = false; }],
	["-mbig-endian", "none", (s) => { s.bigEndian = true; }],
	["-EL", "none", (s) => { s.bigEndian = false; }],
	["-EB", "none", (s) => { s.bigEndian = true; }],
	["-Ofast", "none", (s) => { s.optimize = 3; }],
	["-Og", "none", (s) => { s.optimize = 1; }],
	["-O", "joined", optimize],
	["-fstrict-aliasing", "none", (s) => { s.strictAliasing = true; }],
	["-fno-strict-aliasing", "none", (s) => { s.strictAliasing = false; }],
	["-fwrapv", "none", (s) => { s.strictOverflow = false; }],
	["-fno-wrapv", "none", (s) => { s.strictOverflow = true; }],
	["-fstrict-overflow", "none", (s) => { s.strictOverflow = true; }],
	["-fno-strict-overflow", "none", (s) => { s.strictOverflow = false; }],
	["-fdelete-null-pointer-checks", "none", (s) => { s.deleteNullChecks = true; }],
	["-fno-delete-null-pointer-checks", "none", (s) => { s.deleteNullChecks = false; }],
	["-gline-tables-only", "none", (s) => { s.debug = true; }],
	["-gdwarf", "joined", (s) => { s.debug = true; }],
	["-g", "joined", (s, v) => { s.debug = v !== "0"; }],
	["-fdebug-prefix-map=", "equals", (s, v) => prefixMap(s, "-fdebug-prefix-map", v, [s.debugMaps])],
	["-fmacro-prefix-map=", "equals", (s, v) => prefixMap(s, "-fmacro-prefix-map", v, [s.macroMaps])],
	["-ffile-prefix-map=", "equals", (s, v) => prefixMap(s, "-ffile-prefix-map", v, [s.debugMaps, s.macroMaps])],
	["-fdebug-compilation-dir=", "equals", (s, v) => { s.compilationDir = v; }],
	["-fdebug-compilation-dir", "separate", (s, v) => { s.compilationDir = v; }],
	["-ffile-compilation-dir=", "equals", (s, v) => { s.compilationDir = v; }],
	["-std=", "equals", (s, v) => { if (Object.hasOwn(STANDARDS, normalStd(v))) s.std = normalStd(v); else complain(s, `invalid value '${v}' in '-std=${v}'`, undefined); }],
	["--std=", "equals", (s, v) => { s.std = Object.hasOwn(STANDARDS, normalStd(v)) ? normalStd(v) : s.std; }],
	["-ansi", "none", (s) => { s.std = "c89"; }],
	// preprocessor
	["-D", "either", (s, v) => { s.macros.push({ kind: "define", text: v }); }],
	["-U", "either", (s, v) => { s.macros.push({ kind: "undefine", text: v }); }],
	["-I", "either", (s, v) => { s.user.push(v); }],
	["-isystem", "either", (s, v) => { s.system.push(v); }],
	["-isystem-after", "either", (s, v) => { s.after.push(v); }],
	["-idirafter", "either", (s, v) => { s.after.push(v); }],
	["-iquote", "either", (s, v) => { s.quote.push(v); }],
	["-include", "either", (s, v) => { s.includes.push(v); }],
	["-imacros", "either", (s, v) => { s.imacros.push(v); }],
	["-isysroot", "either", ignore],
	["--sysroot", "separate", ignore],
	["--sysroot=", "equals", ignore],
	["-nostdinc", "none", (s) => { s.noStandardIncludes = true; }],
	["-nostdlibinc", "none", (s) => { s.noStandardIncludes = true; }],
	["-nobuiltininc", "none", ignore],
	["-undef", "none", ignore],
	["-trigraphs", "none", ignore],
	["-H", "none", (s) => unused(s, "-H")],
	["-Wp,-MD,", "joined", (s, v) => { s.depsWanted = "beside"; s.depsFile = v; }],
	["-Wp,-MMD,", "joined", (s, v) => { s.depsWanted = "beside"; s.depsSystem = false; s.depsFile = v; }],
	// dependencies
	["-MD", "none", (s) => { s.depsWanted = "beside"; }],
	["-MMD", "none", (s) => { s.depsWanted = "beside"; s.depsSystem = false; }],
	["-M", "none", (s) => { s.depsWanted = "only"; }],
	["-MM", "none", (s) => { s.depsWanted = "only"; s.depsSystem = false; }],
	["-MF", "either", (s, v) => { s.depsFile = v; }],
	["-MT", "either", (s, v) => { s.depsTargets.push(v); }],
	["-MQ", "either", (s, v) => { s.depsTargets.push(v.replace(/[ #]/g, "\\$&").replaceAll("$", "$$$$")); }],
	["-MP", "none", (s) => { s.phony = true; }],
	["-MG", "none", (s) => { s.allowMissing = true; }],
	["-MV", "none", ignore],
	["-MJ", "either", ignore],
	// messages
	["-w", "none", (s) => { s.noWarnings = true; }],
	["-pedantic-errors", "none", (s) => { s.warnings.push("error=pedantic"); }],
	["-pedantic", "none", (s) => { s.warnings.push("pedantic"); }],
	["-W", "joined", (s, v) => { if (v === "") s.warnings.push("extra"); else if (!/^[pal],/.test(v)) s.warnings.push(v); }],
	["-ferror-limit=", "equals", (s, v) => { s.errorLimit = Number.parseInt(v, 10) || 0; }],
	["-fmax-errors=", "equals", (s, v) => { s.errorLimit = Number.parseInt(v, 10) || 0; }],
	["--diagnostics=", "equals", (s, v) => { if (v === "json" || v === "text") s.json = v === "json"; else complain(s, `'--diagnostics=${v}': there are text and json`, undefined); }],
	["-fdiagnostics-format=", "equals", (s, v) => { s.json = v === "json"; }],
	["-fcolor-diagnostics", "none", (s) => { s.color = true; }],
	["-fno-color-diagnostics", "none", (s) => { s.color = false; }],
	["-fdiagnostics-color", "none", (s) => { s.color = true; }],
	["-fno-diagnostics-color", "none", (s) => { s.color = false; }],
	["-fdiagnostics-color=", "equals", (s, v) => { s.color = v === "always" ? true : v === "never" ? false : null; }],
	// type information
	["--btf", "separate", (s, v) => { s.btf = v; }],
	["--btf=", "equals", (s, v) => { s.btf = v; }],
	// about the compiler
	["-v", "none", (s) => { s.verbose = true; }],
	["-###", "none", (s) => { s.dryRun = true; }],
	["--version", "none", (s) => { s.print = "version"; }],
	["--help", "none", (s) => { s.print = "help"; }],
	["-help", "none", (s) => { s.print = "help"; }],
	["-dumpversion", "none", (s) => { s.print = "version-number"; }],
	["-dumpmachine", "none", (s) => { s.print = "target"; }],
	["-print-target-triple", "none", (s) => { s.print = "target"; }],
	["-print-effective-triple", "none", (s) => { s.print = "target"; }],
	["-print-resource-dir", "none", (s) => { s.print = "resource-dir"; }],
	["-print-targets", "none", (s) => { s.print = "targets"; }],
	["-print-file-name=", "equals", (s, v) => { s.print = { file: v }; }],
	["-print-prog-name=", "equals", (s, v) => { s.print = { program: v }; }],
	["-print-search-dirs", "none", (s) => { s.print = "search-dirs"; }],
	["-print-supported-cpus", "none", (s) => { s.print = "supported-cpus"; }],
	// accepted because Makefiles pass them; without effect on eBPF code
	["-pipe", "none", ignore],
	["-pthread", "none", ignore],
	["-integrated-as", "none", ignore],
	["-no-integrated-as", "none", ignore],
	["-s", "none", ignore],
	["-static", "none", ignore],
	["-nostdlib", "none", ignore],
	["-nodefaultlibs", "none", ignore],
	["-r", "none", ignore],
	["-L", "either", ignore],
	["-l", "either", ignore],
	["-Qunused-arguments", "none", (s) => { s.warnings.push("no-unused-command-line-argument"); }],
	["-Xclang", "separate", (s, v) => { if (v.startsWith("-target-feature")) return; if (!v.startsWith("+") && v !== "-disable-O0-optnone" && v !== "alu32") unused(s, `-Xclang ${v}`); }],
	["-mllvm", "separate", ignore],
	["-Xassembler", "separate", ignore],
	["-Xlinker", "separate", ignore],
	["-save-temps", "joined", ignore],
	["-no-canonical-prefixes", "none", ignore],
	["-canonical-prefixes", "none", ignore],
	["-Qn", "none", ignore],
	["-Qy", "none", ignore],
	["-time", "none", ignore],
	["--serialize-diagnostics", "separate", ignore],
	["-serialize-diagnostics", "separate", ignore],
];

/** -f and -m options that change nothing here and need no warning. */
const QUIET = new Set([
	"builtin", "common", "asynchronous-unwind-tables", "unwind-tables", "exceptions", "stack-protector", "stack-protector-strong", "stack-protector-all", "stack-clash-protection", 
	"omit-frame-pointer", "PIC", "pic", "PIE", "pie", "function-sections", "data-sections", "unroll-loops", "inline", "inline-functions", "jump-tables", "addrsig", "ident", "merge-all-constants", "ms-extensions", "plan9-extensions",
	"signed-char", "short-enums", "gnu89-inline", "visibility", "debug-types-section", "show-column", "diagnostics-show-option", "caret-diagnostics", "integrated-as", "integrated-cc1", "zero-initialized-in-bss", "threadsafe-statics", "rtti", "vectorize", "slp-vectorize",
	"macro-backtrace-limit", "template-depth", "trapping-math", "math-errno", "tree-vectorize", "freestanding", "hosted", "verbose-asm", "bracket-depth", "constexpr-depth", "spell-checking", "cf-protection", "plt", "semantic-interposition", "lto", "sanitize", "profile-generate", "keep-inline-functions", "dwarf2-cfi-asm", "ferror-limit", "message-length", "unit-at-a-time", "reorder-blocks", "tree-loop-distribute-patterns", "strict-flex-arrays", "trivial-auto-var-init", "diagnostics-show-note-include-stack", "diagnostics-absolute-paths", "time-report", "debug-info-for-profiling", "eliminate-unused-debug-types", "standalone-debug", "no-standalone-debug",
]);

/** -Wp,-DX,-UY and -Xpreprocessor -DX: options for a preprocessor, which is no program of its own here. */
function forwarded(argv: readonly string[]): string[] {
	return argv.flatMap((word) => (word === "-Xpreprocessor" ? [] : /^-Wp,(?!-MM?D,)./.test(word) ? word.slice(4).split(",") : [word]));
}

export function parseArguments(args: readonly string[]): Invocation {
	const argv = forwarded(args);
	const s: State = {
		inputs: [], output: null, stage: null, compileOnly: false, cpu: DEFAULT_TARGET.cpu, std: "gnu17", optimize: 0, optimizeSize: false, strictAliasing: true, strictOverflow: true, deleteNullChecks: true, bigEndian: false, debug: false, macros: [], includes: [], imacros: [],
		quote: [], user: [], system: [], after: [], noStandardIncludes: false, warnings: [], noWarnings: false, errorLimit: 20, depsWanted: "none", depsSystem: true, depsFile: null, depsTargets: [], phony: false,
		allowMissing: false, debugMaps: [], macroMaps: [], compilationDir: null, lineMarkers: true, macrosOnly: false, json: false, color: null, btf: null, verbose: false, dryRun: false, print: null, language: null, complaints: [],
	};
	for (let i = 0; i < argv.length; i++) {
		const word = argv[i];
		if (word === "--") {
			for (const path of argv.slice(i + 1)) s.inputs.push({ path, language: s.language });
			break;
		}
		if (!word.startsWith("-") || word === "-") {
			s.inputs.push({ path: word, language: s.language });
			continue;
		}
		const option = word.startsWith("--print-") ? word.slice(1) : word;
		const row = lookUp(option);
		if (row === null) {
			unknown(s, word);
			continue;
		}
		const [flag, form, action] = row;
		let value = option.slice(flag.length);
		if (form === "separate" || (form === "either" && value === "")) {
			if (++i >= argv.length) {
				complain(s, `argument to '${flag}' is missing`, undefined);
				break;
			}
			value = argv[i];
		}
		action(s, value);
	}
	let stage = s.stage ?? "obj";
	if (s.depsWanted === "only") stage = "preprocess";
	if (s.macrosOnly && stage === "preprocess") stage = "macros";
	return {
		inputs: s.inputs, output: s.output, stage, compileOnly: s.compileOnly,
		target: { cpu: s.cpu, std: s.std, optimize: s.optimize, optimizeSize: s.optimizeSize, strictAliasing: s.strictAliasing, strictOverflow: s.strictOverflow, deleteNullChecks: s.deleteNullChecks, bigEndian: s.bigEndian, debug: s.debug },
		macros: s.macros, includes: s.includes, imacros: s.imacros, quote: s.quote, user: s.user, system: s.system, after: s.after, noStandardIncludes: s.noStandardIncludes,
		warnings: { flags: s.warnings, none: s.noWarnings, errorLimit: s.errorLimit, systemHeaders: s.warnings.includes("system-headers") },
		dependencies: { wanted: s.depsWanted, system: s.depsSystem, file: s.depsFile, targets: s.depsTargets, phony: s.phony, allowMissing: s.allowMissing },
		paths: { debug: s.debugMaps, macro: s.macroMaps, compilationDir: s.compilationDir },
		lineMarkers: s.lineMarkers, diagnosticsFormat: s.json ? "json" : "text", color: s.color, btf: s.btf, verbose: s.verbose, dryRun: s.dryRun, print: s.print, complaints: s.complaints,
	};
}

/** The longest flag that fits. */
function lookUp(word: string): readonly [string, Form, Action] | null {
	let best: readonly [string, Form, Action] | null = null;
	for (const row of FLAGS) {
		const [flag, form] = row;
		const fits = form === "none" || form === "separate" ? word === flag : word.startsWith(flag);
		if (!fits || (best !== null && best[0].length >= flag.length)) continue;
		// "-g" takes only levels and kinds, not the beginning of another word.
		if (flag === "-g" && !/^-g([0-3]|gdb\d?|full|mlt|modules|column-info|no-.*|strict-dwarf|split-dwarf|codeview|btf|record.*|z.*|embed-source)?$/.test(word)) continue;
		if (flag === "-O" && !/^-O(\d+|s|z|fast|g)?$/.test(word)) continue;
		best = row;
	}
	return best;
}

function unknown(s: State, word: string): void {
	if (/^-[fm]/.test(word)) {
		const name = word.slice(2).replace(/^no-/, "").replace(/=.*$/, "");
		if (!QUIET.has(name) && !name.startsWith("builtin-")) unused(s, word);
		return;
	}
	const guess = nearest(word, FLAGS.map(([flag]) => flag));
	complain(s, `unknown argument: '${word}'${guess === null ? "" : `; did you mean '${guess}'?`}`, undefined);
}

function unused(s: State, word: string): void {
	s.complaints.push({ severity: "warning", group: "unused-command-line-argument", code: "W0193", message: `argument unused during compilation: '${word}'` });
}

function complain<T>(s: State, message: string, result: T): T {
	s.complaints.push({ severity: "error", code: "E0194", message });
	return result;
}

function prefixMap(s: State, flag: string, value: string, lists: readonly PrefixMap[][]): void {
	const map = parsePrefixMap(value);
	if (map === null) complain(s, `invalid argument '${value}' to ${flag}: it is OLD=NEW`, undefined);
	else for (const list of lists) list.push(map);
}

function target(s: State, value: string): void {
	const arch = value.replace(/-.*$/, "");
	if (arch === "bpf" || arch === "bpfel") s.bigEndian = false;
	else if (arch === "bpfeb") s.bigEndian = true;
	else complain(s, `target '${value}': ebpfcc compiles for bpf, bpfel and bpfeb`, undefined);
}

const CPUS: Readonly<Record<string, TargetOptions["cpu"]>> = { v1: 1, v2: 2, v3: 3, v4: 4, generic: 3, probe: 3, help: 3 };

function cpu(s: State, value: string): void {
	if (value === "help") s.print = "supported-cpus";
	else if (Object.hasOwn(CPUS, value)) s.cpu = CPUS[value];
	else complain(s, `unknown target CPU '${value}'; there are v1, v2, v3, v4, generic, probe`, undefined);
}

function optimize(s: State, value: string): void {
	s.optimizeSize = value === "s" || value === "z";
	s.optimize = s.optimizeSize ? 2 : value === "" ? 1 : Math.min(3, Number.parseInt(value, 10));
}

function normalStd(value: string): string {
	const aliases: Readonly<Record<string, string>> = { "iso9899:1990": "c90", "iso9899:1999": "c99", "iso9899:2011": "c11", "iso9899:2017": "c17", "iso9899:2018": "c17", "iso9899:2024": "c23" };
	return aliases[value] ?? value;
}

/** Where #include looks, in clang's order; ours stand where clang's own headers do. */
export function searchDirs(invocation: Invocation, machine: readonly string[]): (SearchDir | "built-in")[] {
	const dir = (system: boolean, quoteOnly: boolean) => (path: string): SearchDir => ({ path, system, quoteOnly });
	return [
		...invocation.quote.map(dir(false, true)), ...invocation.user.map(dir(false, false)), ...invocation.system.map(dir(true, false)),
		"built-in" as const, ...(invocation.noStandardIncludes ? [] : machine.map(dir(true, false))), ...invocation.after.map(dir(true, false)),
	];
}
