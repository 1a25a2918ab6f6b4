/**
 * The compiler as one script with V8's compiled code beside it. Reading 800 KB of JavaScript anew costs a process more than most programs
 * take to compile, so the build (test/scripts/build.mjs) runs the script on a few programs and keeps the code that V8 made of it.
 * V8 refuses code of another version or other flags; then the script is read as text, and the code of this version is kept for the
 * next process if the folder can be written to. Without the script (from sources, say) modules are imported as always.
 */

// An `import` of these would have Node make ES modules of them, every lazy part of theirs loaded.
const { readFileSync, renameSync, writeFileSync } = process.getBuiltinModule("node:fs");
const { createRequire } = process.getBuiltinModule("node:module");
const { fileURLToPath } = process.getBuiltinModule("node:url");
const { setFlagsFromString } = process.getBuiltinModule("node:v8");
const { Script } = process.getBuiltinModule("node:vm");

type Compiler = typeof import("./compile.ts");
/** What the script evaluates to. */
type Entry = (require: NodeJS.Require, importMetaUrl: string) => Compiler;

/** The script's name without its ending, made of its content; the build puts it in. */
declare const EBPFCC_SCRIPT: string | undefined;
/** V8's flags under which the build made the script's code; flags are a part of its key. */
declare const EBPFCC_FLAG: string;

export interface Loaded {
	readonly compiler: Compiler;
	/** Called when the work is done. */
	finish(): void;
}

/** `url`: where this module's file is. null: there is no script. */
export function loadScript(url: string): Loaded | null {
	if (typeof EBPFCC_SCRIPT === "undefined") return null;
	setFlagsFromString(EBPFCC_FLAG);
	const base = fileURLToPath(new URL(EBPFCC_SCRIPT, url));
	const source = readOrNull(`${base}.cjs`)?.toString("latin1");
	if (source === undefined) return null;
	const codeFile = `${base}-${process.versions.v8}-${process.arch}.code`;
	const code = readOrNull(codeFile);
	const script = new Script(source, { filename: `${base}.cjs`, ...(code === null ? {} : { cachedData: code }) });
	const compiler = (script.runInThisContext() as Entry)(createRequire(url), url);
	const finish = (): void => {
		if (code !== null && script.cachedDataRejected === false) return;
		// Code made under special flags is of no use to others.
		if (process.execArgv.length === 0 && process.env.NODE_OPTIONS === undefined) keep(codeFile, script.createCachedData());
	};
	return { compiler, finish };
}

/** Whole or not at all: several compilers may run at once. */
function keep(file: string, code: Uint8Array): void {
	try {
		writeFileSync(`${file}.${process.pid}`, code);
		renameSync(`${file}.${process.pid}`, file);
	} catch {
		// The package belongs to somebody else: every process reads the text.
	}
}

function readOrNull(file: string): Buffer | null {
	try {
		return readFileSync(file);
	} catch {
		return null;
	}
}
