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
		...["assembler", "compiler", "runtime"].map((top) => ({
			name: `no-cycles-between-stages-of-${top}`,
			severity: "error",
			comment: "nothing flows back; within a stage, functions that recurse through each other may live in several files",
			from: { path: `^(${top}/[^/]+)/` },
			to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] }, via: { pathNot: "^$1/" } },
		})),
	],
	options: {
		doNotFollow: { path: "node_modules" },
		tsPreCompilationDeps: true,
		enhancedResolveOptions: { extensions: [".ts", ".js", ".mjs"], conditionNames: ["import", "node", "default"] },
	},
};
