import type { AsmOperand, MInst, SymbolRef } from "./machine.ts";

/** The text of an inline assembly statement whose registers are known: what its template says of its operands is replaced, as the assembler wants it. */

export interface Expanded {
	readonly text: string;
	readonly error: string | null;
}

/** Label that stands for a target of `asm goto` in the expanded text. */
export const gotoLabel = (index: number): string => `.Lgoto${index}`;

/** `%0`, `%[name]`, `%w0`, `%l[name]`, `%=`, `%%` (GCC manual, "Extended Asm"). */
export function expandTemplate(inst: MInst, nameOf: (symbol: SymbolRef) => string, unique: number): Expanded {
	const { flavor, operands } = inst.asm!;
	let error: string | null = null;
	const fail = (message: string): string => {
		error ??= message;
		return "0";
	};
	const text = flavor.template.replace(
		/%(?:(%)|(=)|([a-zA-Z])?(?:\[([^\]]*)\]|(\d+))|(.?))/gs,
		(whole, percent?: string, equals?: string, modifier?: string, name?: string, digits?: string) => {
			if (percent !== undefined) return "%";
			if (equals !== undefined) return String(unique);
			if (name === undefined && digits === undefined) return fail(`invalid % escape "${whole}" in inline assembly`);
			if (modifier === "l") {
				const label = name !== undefined ? flavor.labels.indexOf(name) : Number(digits) - operands.length;
				return label >= 0 && label < flavor.labels.length ? gotoLabel(label) : fail(`unknown label "${name ?? digits}" in inline assembly`);
			}
			const index = name !== undefined ? operands.findIndex((operand) => operand.name === name) : Number(digits);
			if (index < 0 && name !== undefined && flavor.labels.includes(name)) return gotoLabel(flavor.labels.indexOf(name));
			if (index >= operands.length && digits !== undefined && index - operands.length < flavor.labels.length)
				return gotoLabel(index - operands.length);
			const operand = operands[index];
			if (operand === undefined)
				return fail(
					name !== undefined
						? `unknown symbolic operand name "${name}" in inline assembly`
						: `invalid operand number ${digits} in inline assembly`,
				);
			return print(operand, operands, modifier, nameOf);
		},
	);
	return { text: directives(mayGoto(text)), error };
}

/**
 * Directives that choose or repeat statements: `.ifc a, b` … `.else` … `.endif` (headers choose bytes by the register that an operand
 * got), `.rept n` … `.endr`.
 */
function directives(text: string): string {
	if (!/\.(ifn?c|rept)\b/.test(text)) return text;
	const open: boolean[] = [];
	/** Innermost last: what is to be repeated, and how often. */
	const repeated: { readonly times: number; readonly body: string[] }[] = [{ times: 1, body: [] }];
	for (const statement of text.split(/[;\n]/)) {
		const test = /^\s*\.if(n?)c\s+(.*?)\s*,\s*(.*?)\s*$/.exec(statement);
		const rept = /^\s*\.rept\s+(\d+)\s*$/.exec(statement);
		if (test !== null) open.push((test[2] === test[3]) === (test[1] === ""));
		else if (/^\s*\.else\s*$/.test(statement)) open.push(!open.pop());
		else if (/^\s*\.endif\s*$/.test(statement)) open.pop();
		else if (!open.every(Boolean)) continue;
		else if (rept !== null) repeated.push({ times: Math.min(Number(rept[1]), MAX_REPEAT), body: [] });
		else if (/^\s*\.endr\s*$/.test(statement) && repeated.length > 1) {
			const { times, body } = repeated.pop()!;
			const into = repeated[repeated.length - 1].body;
			for (let i = 0; i < times && into.length < MAX_REPEAT; i++) into.push(...body);
		} else repeated[repeated.length - 1].body.push(statement);
	}
	return repeated.map(({ body }) => body.join("\n")).join("\n");
}

/** More instructions than Linux takes. */
const MAX_REPEAT = 2_000_000;

function print(
	operand: AsmOperand,
	operands: readonly AsmOperand[],
	modifier: string | undefined,
	nameOf: (symbol: SymbolRef) => string,
): string {
	if (operand.imm !== null) return String(modifier === "n" ? -operand.imm : operand.imm);
	if (operand.symbol !== null) {
		const { addend } = operand.symbol;
		return `${nameOf(operand.symbol)}${addend === 0 ? "" : addend > 0 ? `+${addend}` : addend}`;
	}
	if (operand.memory !== null) {
		const off = operand.memory.off + (operand.memory.slot?.offset ?? 0);
		return `(r${operand.reg} ${off < 0 ? "-" : "+"} ${Math.abs(off)})`;
	}
	const reg = operand.matches !== null ? operands[operand.matches].reg : operand.reg;
	return `${modifier === "w" || operand.narrow ? "w" : "r"}${reg}`;
}

/**
 * Headers of the kernel write `may_goto` as data, because old assemblers do not know it:
 * `.byte 0xe5; .byte 0; .long ((label - 1b - 8) / 8) & 0xffff; .short 0`. It becomes the instruction.
 */
const mayGoto = (text: string): string =>
	text.replace(
		/\.byte\s+0xe5\s*[;\n]\s*\.byte\s+0\s*[;\n]\s*\.long\s+\(\((\S+)\s*-\s*1b\s*-\s*8\)\s*\/\s*8\)\s*&\s*0xffff\s*[;\n]\s*\.short\s+0/g,
		"may_goto $1",
	);
