/**
 * Headers and parts of headers that are one fact with a table of ours: helper prototypes, and the enums of map types, program types, attach
 * types and helper numbers. A line `//@map` in a header is where the table's enum goes.
 */
import { attachTypes } from "../../assembler/spec/attach-types.ts";
import { helperDeclaration, helpers } from "../../assembler/spec/helpers.ts";
import { mapTypes } from "../../assembler/spec/map-types.ts";
import { programTypes } from "../../assembler/spec/program-types.ts";

/** Structures that helper prototypes name; most programs have only some of them. */
function structsOfHelpers(): string[] {
	const names = new Set<string>();
	for (const { result, params } of helpers) for (const match of `${result} ${params}`.matchAll(/struct (\w+)/g)) names.add(match[1]);
	return [...names].sort();
}

function helperDefs(): string {
	return [
		"/* Every helper of the kernel, called through its number. Made from the compiler's table of helpers. */",
		"#ifndef __BPF_HELPER_DEFS__",
		"#define __BPF_HELPER_DEFS__",
		"#ifndef __VMLINUX_H__",
		"#include <linux/types.h>",
		"#endif",
		...structsOfHelpers().map((name) => `struct ${name};`),
		...helpers.map(helperDeclaration),
		"#endif",
		"",
	].join("\n");
}

function enumeration(name: string, rows: readonly (readonly [string, number])[], end: string): string {
	return [`enum ${name} {`, ...rows.map(([row, value]) => `\t${row} = ${value},`), `\t${end}`, "};"].join("\n");
}

const ENUMS: Readonly<Record<string, () => string>> = {
	map: () =>
		enumeration(
			"bpf_map_type",
			[
				["BPF_MAP_TYPE_UNSPEC", 0],
				...mapTypes.map(({ name, id }) => [`BPF_MAP_TYPE_${name}`, id] as const),
				["BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED", 19],
				["BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED", 21],
			],
			"__MAX_BPF_MAP_TYPE = 34",
		),
	prog: () =>
		enumeration(
			"bpf_prog_type",
			[
				["BPF_PROG_TYPE_UNSPEC", 0],
				...programTypes.filter(({ id }) => id > 0).map(({ name, id }) => [`BPF_PROG_TYPE_${name}`, id] as const),
			],
			"__MAX_BPF_PROG_TYPE",
		),
	attach: () =>
		enumeration(
			"bpf_attach_type",
			attachTypes.map(({ name, id }) => [`BPF_${name}`, id] as const),
			"__MAX_BPF_ATTACH_TYPE",
		),
	func: () =>
		enumeration(
			"bpf_func_id",
			[["BPF_FUNC_unspec", 0], ...helpers.map(({ name, id }) => [name.replace(/^bpf_/, "BPF_FUNC_"), id] as const)],
			"__BPF_FUNC_MAX_ID",
		),
};

/** A header with its tables filled in. */
export function fillTables(text: string): string {
	return text.replace(/^\/\/@(\w+)$/gm, (_, name: string) => ENUMS[name]());
}

export const DERIVED: Readonly<Record<string, () => string>> = { "bpf/bpf_helper_defs.h": helperDefs };
