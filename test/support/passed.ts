import { expect } from "vitest";
import { checkIr } from "../../compiler/ir/check.ts";
import { parseModule } from "../../compiler/ir/parse.ts";
import { printFunction } from "../../compiler/ir/print.ts";
import type { IrFunction } from "../../compiler/ir/types.ts";
import type { OptContext, Pass } from "../../compiler/opt/pass.ts";

/** Text in, passes over the first function, messages and its instructions out, one a line, values and blocks counted from 0. */
export function passed(text: string, passes: readonly Pass[], cpu: OptContext["cpu"] = 3): string {
	const module = parseModule(text);
	const messages: string[] = [];
	const context: OptContext = { level: 2, cpu, module, diagnostics: { report: ({ message }) => messages.push(message) } };
	const [fn] = module.functions;
	for (const pass of passes) {
		pass.run(fn, context);
		expect(checkIr(fn), pass.name).toEqual([]);
	}
	return [...messages, renumbered(fn)].join("\n");
}

export function renumbered(fn: IrFunction): string {
	const values = new Map<string, string>();
	const blocks = new Map<string, string>();
	const short = (map: Map<string, string>, name: string, letter: string): string => map.get(name) ?? (map.set(name, `${letter}${map.size}`), map.get(name)!);
	return printFunction(fn)
		.split("\n")
		.slice(1, -1)
		.join("\n")
		.replace(/%\d+/g, (name) => short(values, name, "%"))
		.replace(/\b[a-z][\w.]*\.\d+(?=[:,\]\n ]|$)/g, (name) => (/^(icmp|bswap|sextfrom)/.test(name) ? name : short(blocks, name, "b")))
		.replace(/^\s+/gm, "");
}

/** A function of a pointer and an i32 around the lines. */
export const functionOf = (lines: string, head = "function @f(ptr %0, i32 %1) -> i32 static"): string => `${head} {\n${lines}\n}\n`;
