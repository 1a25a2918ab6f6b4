import type { Attr, Block, Inst, IrCallee, IrCore, IrFunction, IrGlobal, IrModule, Value } from "./types.ts";
import type { Sym } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import { attrNames } from "./ops.ts";

/**
 * IR → text. `parse.ts` reads it back; printing what was parsed gives the same text.
 *
 *     function @sum(ptr %0) -> i32 global section "xdp" {
 *     entry.1:
 *       %2 = load i32 size=4 %0
 *       %3 = icmp.ult i32 %2, i32 10
 *       branch %3, then.4, else.5
 *
 * Constants carry their type; a block is `name.id`, a value `%id`. What tells variants of an operation apart follows it
 * after a dot: `icmp.ult`, `bswap.16`, `atomic.add`.
 */
export interface PrintOptions {
	/** Adds `; from..to` (tokens of the source) after each instruction. Not read back. */
	readonly locations?: boolean;
}

export function printModule(module: IrModule, options: PrintOptions = {}): string {
	const parts = module.globals.map(printGlobal);
	if (parts.length > 0) parts.push("");
	for (const fn of module.functions) parts.push(printFunction(fn, options), "");
	return `${parts.join("\n").trimEnd()}\n`;
}

const nameOf = (symbol: Sym | IrGlobal): string => ("kind" in symbol ? (symbol.asmLabel ?? symbol.name) : symbol.name);

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Names are bare when they can be. */
const quoteName = (name: string): string => (/^[A-Za-z_.$][\w.$]*$/.test(name) ? `@${name}` : `@${JSON.stringify(name)}`);

function printGlobal(global: IrGlobal): string {
	let text = `global ${quoteName(global.name)} section ${JSON.stringify(global.section)} size ${global.size} align ${global.align} ${global.symbol.linkage}`;
	if (global.readonly) text += " readonly";
	if (global.bytes !== undefined) text += ` bytes ${hex(global.bytes)}`;
	for (const reloc of global.relocs) text += ` reloc ${reloc.offset} ${quoteName(nameOf(reloc.symbol))}+${reloc.addend}`;
	return text;
}

export function printFunction(fn: IrFunction, options: PrintOptions = {}): string {
	const params = fn.params.map((param) => `${param.ty} %${param.id}`).join(", ");
	let head = `function ${quoteName(fn.name)}(${params}) -> ${fn.result ?? "void"} ${fn.symbol.linkage}`;
	if (fn.symbol.inline !== "none") head += ` inline-${fn.symbol.inline}`;
	if (fn.symbol.naked) head += " naked";
	if (fn.nullIsAddress) head += " null-is-address";
	if (fn.symbol.section !== null) head += ` section ${JSON.stringify(fn.symbol.section)}`;
	const lines = [`${head} {`];
	for (const block of fn.blocks) {
		lines.push(`${label(block)}:${block.unroll === undefined ? "" : ` unroll ${block.unroll}`}`);
		for (const inst of block.insts) {
			const where = options.locations && inst.loc !== null ? ` ; ${inst.loc.from}..${inst.loc.to}` : "";
			lines.push(`  ${printInst(inst)}${where}`);
		}
	}
	lines.push("}");
	return lines.join("\n");
}

const label = (block: Block): string => `${block.name}.${block.id}`;

function printValue(value: Value): string {
	if (value.op === "const") return `${value.ty} ${value.value}`;
	if (value.op === "undef") return `${value.ty} undef`;
	return `%${value.id}`;
}

function printAttr(name: keyof Attr, attr: Attr): string | null {
	const value = attr[name];
	if (value === undefined || value === false) return null;
	switch (name) {
		case "signed":
		case "volatile":
		case "fetch":
			return name;
		case "global":
			return quoteName(nameOf(value as Sym | IrGlobal));
		case "callee":
			return printCallee(value as IrCallee);
		case "core":
			return `core=${printCore(value as IrCore)}`;
		case "asm":
			return `asm=${JSON.stringify(value)}`;
		case "variable":
		case "name":
			return `${name}=${JSON.stringify(value)}`;
		case "pred":
		case "bits":
		case "rmw":
		case "cases":
			return null;
		default:
			return `${name}=${String(value)}`;
	}
}

function printCallee(callee: IrCallee): string {
	switch (callee.kind) {
		case "helper":
			return `helper ${callee.name}#${callee.id}`;
		case "function":
			return quoteName(nameOf(callee.symbol));
		case "indirect":
			return "indirect";
	}
}

/** Types have no text of their own here: the root's name is enough to recognise it. */
const printCore = (core: IrCore): string => JSON.stringify([typeName(core.root), core.access, core.relo, String(core.value)]);

function typeName(type: CType): string {
	switch (type.kind) {
		case "record":
			return `${type.union ? "union" : "struct"} ${type.name ?? "<anonymous>"}`;
		case "enum":
			return `enum ${type.name ?? "<anonymous>"}`;
		case "typedef":
		case "int":
		case "float":
			return type.name;
		case "qualified":
		case "tagged":
			return typeName(type.target);
		default:
			return type.kind;
	}
}

export function printInst(inst: Inst): string {
	const attr = inst.attr ?? {};
	const suffix = attr.pred ?? attr.rmw ?? (attr.bits === undefined ? undefined : String(attr.bits));
	const words: string[] = [suffix === undefined || inst.op === "alloca" ? inst.op : `${inst.op}.${suffix}`];
	if (inst.ty !== null) words.push(inst.ty);
	for (const name of attrNames(inst.op)) {
		const text = printAttr(name, attr);
		if (text !== null) words.push(text);
	}
	const operands: string[] = [];
	if (inst.op === "phi") {
		inst.args.forEach((arg, i) => operands.push(`[${printValue(arg)}, ${label(inst.blocks![i])}]`));
	} else {
		for (const arg of inst.args) operands.push(printValue(arg));
		inst.blocks?.forEach((block, i) => {
			const value = inst.op === "switch" && i > 0 ? `${attr.cases![i - 1]}: ` : "";
			operands.push(value + label(block));
		});
	}
	const text = `${words.join(" ")}${operands.length > 0 ? ` ${operands.join(", ")}` : ""}`;
	return inst.ty === null ? text : `%${inst.id} = ${text}`;
}
