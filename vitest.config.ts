import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["assembler/**/*.test.ts", "compiler/**/*.test.ts", "linker/**/*.test.ts", "runtime/**/*.test.ts", "cli/**/*.test.ts", "examples/**/*.test.ts", "test/**/*.test.ts"],
		testTimeout: 120_000,
		hookTimeout: 120_000,
	},
});
