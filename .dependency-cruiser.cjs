// Who may import whom. The arrows of docs/internals/README.md, checked.
const only = (from, to) => ({
	name: `${from}-imports`,
	severity: "error",
	comment: `${from}/ may import ${to.length ? to.join(", ") : "nothing of ours"}`,
	from: { path: `^${from}/`, pathNot: "\\.test\\.ts$" },
	to: { path: `^(?!(${[from, ...to].join("|")})/)(assembler|compiler|linker|runtime|cli|examples|test)/` },
});
const NODE_ONLY = "^(cli/|runtime/node/|runtime/vite\\.ts$|examples/|test/)";
module.exports = {
	forbidden: [
		only("assembler", []),
		only("compiler", ["assembler"]),
		only("linker", ["assembler"]),
		only("runtime", ["assembler", "linker"]),
		{
			name: "core-runs-in-a-browser",
			severity: "error",
			comment: "Node's modules are for the command line and runtime/node",
			from: { path: "^(assembler|compiler|linker|runtime)/", pathNot: ["\\.test\\.ts$", NODE_ONLY] },
			to: { dependencyTypes: ["core"] },
		},
		{
			name: "analyses-know-no-pass",
			severity: "error",
			comment: "an analysis answers whoever asks, and changes nothing",
			from: { path: "^compiler/opt/analysis/", pathNot: "\\.test\\.ts$" },
			to: { path: "^compiler/opt/", pathNot: "^compiler/opt/(analysis/|pass\\.ts$)" },
		},
		{
			name: "a-machine-is-a-type-to-its-parts",
			severity: "error",
			comment: "the machine makes use of helpers, maps and timers; they get it as an argument",
			from: { path: "^runtime/((helpers|maps|programs)/|(program|timers|invoke)\\.ts$)", pathNot: "\\.test\\.ts$" },
			to: { path: "^runtime/machine\\.ts$", dependencyTypesNot: ["type-only"] },
		},
		{
			name: "passes-are-types-to-a-verification",
			severity: "error",
			comment: "what a verification's passes share names their state, and calls none of them",
			from: { path: "^runtime/verifier/env\\.ts$" },
			to: { path: "^runtime/verifier/", dependencyTypesNot: ["type-only"] },
		},
	],
	options: {
		doNotFollow: { path: "node_modules" },
		tsPreCompilationDeps: true,
		enhancedResolveOptions: { extensions: [".ts", ".js", ".mjs"], conditionNames: ["import", "node", "default"] },
	},
};
