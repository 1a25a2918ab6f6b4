/**
 * `ebpfcc/vite`: `import { programs, maps } from "./filter.bpf.c"` in vitest and Vite.
 * The plugin compiles the C file and verifies its programs; the module that takes its place holds the object's bytes and each program's JavaScript, with a source map
 * to the C, loads them, and exports programs, maps, globals and each program by name. So breakpoints, stack traces and V8's coverage speak of the C file.
 * The compiler is asked for by the package's own name: the runtime does not contain it.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import type { ProgramImage } from "./image.ts";
import type { EmittedText } from "./jit/js/emit.ts";
import { createJsEngine } from "./jit/js.ts";
import type { ModulePart } from "./jit/sourcemap.ts";
import { moduleMap } from "./jit/sourcemap.ts";
import type { LoadOptions } from "./load.ts";
import { load } from "./load.ts";
import { digestOf } from "./prepared.ts";

/** `*.bpf.c` unless `include` says otherwise. */
export interface EbpfPluginOptions {
	/** Which imports are programs. */
	readonly include?: RegExp;
	/** Options of `load` that fit into JSON, for every program. */
	readonly load?: Readonly<Record<string, unknown>>;
	/** File with the kernel's BTF, for `vmlinux.h`. */
	readonly btf?: string;
}

/** The part of Vite's plugin interface that is used. */
export interface EbpfPlugin {
	readonly name: string;
	readonly enforce: "pre";
	load(this: PluginContext, id: string): Promise<PluginModule | null>;
}

/** The module in place of the C file. */
export interface PluginModule {
	readonly code: string;
	/** JSON. */
	readonly map: string;
}

interface PluginContext {
	addWatchFile(path: string): void;
	error(message: string): never;
}

const identifier = /^[A-Za-z_$][\w$]*$/;

/**
 * The plugin. What does not compile or is rejected becomes Vite's error.
 * @example export default defineConfig({ plugins: [ebpf()] })
 */
export function ebpf(options: EbpfPluginOptions = {}): EbpfPlugin {
	const include = options.include ?? /\.bpf\.c$/;
	return {
		name: "ebpfcc",
		enforce: "pre",
		async load(id) {
			const [path] = id.split("?");
			if (!include.test(path)) return null;
			const { compile, defaultOptions, openObject, renderDiagnostic } = await import("ebpfcc");
			const provider = {
				read: (name: string) => (existsSync(name) && statSync(name).isFile() ? readFileSync(name) : null),
				identity: (name: string) => realpathSync(name),
			};
			const btf = options.btf;
			const result = compile(path, readFileSync(path), {
				...defaultOptions(provider),
				...(btf === undefined ? {} : { vmlinux: () => readFileSync(btf) }),
			});
			for (const { path: dependency } of result.dependencies) if (existsSync(dependency)) this.addWatchFile(dependency);
			if (!result.ok || result.object === null || !(result.output instanceof Uint8Array)) {
				return this.error(result.diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, result.tokens, { color: false })).join("\n"));
			}
			const names = openObject(result.object, { type: 0 })
				.programs.map(({ image }) => image.name)
				.filter((name) => identifier.test(name) && !["programs", "maps", "globals", "loaded"].includes(name));
			const texts = await prepareTexts(result.output, options.load ?? {}).catch((error: unknown) =>
				this.error(`${path}: ${error instanceof Error ? error.message : String(error)}`),
			);
			return moduleOf(path, result.output, options.load ?? {}, names, texts);
		},
	};
}

interface PreparedText {
	readonly image: ProgramImage;
	readonly emitted: EmittedText;
	readonly names: readonly string[];
}

/** Verifies the programs and takes their JavaScript. */
async function prepareTexts(bytes: Uint8Array, options: LoadOptions): Promise<readonly PreparedText[]> {
	const texts: PreparedText[] = [];
	const instantiate = (image: ProgramImage, emitted: EmittedText, names: readonly string[]): null => {
		texts.push({ image, emitted, names });
		return null;
	};
	(await load(bytes, { ...options, engine: createJsEngine({ instantiate }) })).close();
	return texts;
}

function moduleOf(
	path: string,
	bytes: Uint8Array,
	options: LoadOptions,
	exported: readonly string[],
	texts: readonly PreparedText[],
): PluginModule {
	const lines = [
		'import { loadPrepared } from "ebpfcc/runtime";',
		`const bytes = Uint8Array.from(atob("${Buffer.from(bytes).toString("base64")}"), (c) => c.charCodeAt(0));`,
		"const texts = [];",
	];
	const parts: ModulePart[] = [];
	for (const { image, emitted, names } of texts) {
		lines.push(
			`texts.push({ name: ${JSON.stringify(image.name)}, digest: ${digestOf(emitted.text, names)}, text: function (${names.join(", ")}) {`,
		);
		parts.push({ image, emitted, before: lines.length });
		lines.push(...emitted.text.split("\n"), "} });");
	}
	lines.push(
		`export const loaded = await loadPrepared(bytes, ${JSON.stringify(options)}, texts);`,
		"export const { programs, maps, globals } = loaded;",
		...exported.map((name) => `export const ${name} = programs[${JSON.stringify(name)}];`),
		"export default loaded;",
	);
	const sources = new Map<string, string>();
	for (const { image } of texts)
		for (const { file } of image.lineInfo) if (!sources.has(file) && existsSync(file)) sources.set(file, readFileSync(file, "utf8"));
	return { code: lines.join("\n"), map: moduleMap(parts, path, sources) };
}

export default ebpf;
