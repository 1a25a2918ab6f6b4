/**
 * `ebpfcc/vite`: `import { programs, maps } from "./filter.bpf.c"` in vitest and Vite.
 * The plugin compiles the C file; the module that takes its place holds the object's bytes, loads them, and exports programs, maps, globals and each program by name.
 * The compiler is asked for by the package's own name: the runtime does not contain it.
 */
import { existsSync, readFileSync, statSync } from "node:fs";

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
	load(this: PluginContext, id: string): Promise<string | null>;
}

interface PluginContext {
	addWatchFile(path: string): void;
	error(message: string): never;
}

const identifier = /^[A-Za-z_$][\w$]*$/;

/** @example export default defineConfig({ plugins: [ebpf()] }) */
export function ebpf(options: EbpfPluginOptions = {}): EbpfPlugin {
	const include = options.include ?? /\.bpf\.c$/;
	return {
		name: "ebpfcc",
		enforce: "pre",
		async load(id) {
			const [path] = id.split("?");
			if (!include.test(path)) return null;
			const { compile, defaultOptions, openObject, renderDiagnostic } = await import("ebpfcc");
			const provider = { read: (name: string) => (existsSync(name) && statSync(name).isFile() ? readFileSync(name) : null) };
			const btf = options.btf;
			const result = compile(path, readFileSync(path), { ...defaultOptions(provider), ...(btf === undefined ? {} : { vmlinux: () => readFileSync(btf) }) });
			for (const { path: dependency } of result.dependencies) if (existsSync(dependency)) this.addWatchFile(dependency);
			if (!result.ok || result.object === null || !(result.output instanceof Uint8Array)) {
				return this.error(result.diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, result.tokens, { color: false })).join("\n"));
			}
			const names = openObject(result.object, { type: 0 }).programs.map(({ image }) => image.name).filter((name) => identifier.test(name) && !["programs", "maps", "globals", "loaded"].includes(name));
			return [
				'import { load } from "ebpfcc/runtime";',
				`const bytes = Uint8Array.from(atob("${Buffer.from(result.output).toString("base64")}"), (c) => c.charCodeAt(0));`,
				`export const loaded = await load(bytes, ${JSON.stringify(options.load ?? {})});`,
				"export const { programs, maps, globals } = loaded;",
				...names.map((name) => `export const ${name} = programs[${JSON.stringify(name)}];`),
				"export default loaded;",
			].join("\n");
		},
	};
}

export default ebpf;
