import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const folders = ["assembler", "compiler", "linker", "runtime", "cli", "examples", "test"];
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
	resolve: {
		// The package's own name, as its users import it, means the sources.
		alias: [
			{ find: /^ebpfcc$/, replacement: at("index.node.ts") },
			{ find: /^ebpfcc\/vite$/, replacement: at("runtime/vite.ts") },
			{ find: /^ebpfcc\/(.+)$/, replacement: `${at(".")}/$1/index.ts` },
		],
	},
	test: {
		include: folders.map((folder) => `${folder}/**/*.test.ts`),
		// A project of its own, with a configuration of its own: test/e2e/vitest-coverage.test.ts runs it.
		exclude: ["**/node_modules/**", "examples/vitest-plugin/**", "test/e2e/.project-*/**"],
		testTimeout: 120_000,
		hookTimeout: 120_000,
	},
});
