import { ebpf } from "ebpfcc/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
	plugins: [ebpf()],
	test: { coverage: { provider: "v8", include: ["**/*.bpf.c"], reporter: ["text", "json"] } },
});
