/**
 * The bill of a verification: instructions, visits by the verifier and bytes of stack, for each C line and each C variable.
 *
 * In: the image and how often each slot was visited; out: two lists, dearest first. A line's stack is what it stores below the frame pointer; a
 * byte that several lines store counts for the first. A variable's instructions are those of the lines that set it, its stack the bytes that they
 * store; bytes that no line with a name stores (registers saved around calls) have none. From the text of the lines: no debug information is read.
 */
import type { ProgramImage } from "../../image.ts";
import { lineAt } from "../../fault.ts";
import { argumentsOf, assignedIn, objectOf } from "./c-text.ts";
import { calleeName } from "./trace.ts";

export interface Cost {
	/** "prog.c:12", or the variable's name. */
	readonly name: string;
	/** The line's text; of a variable, the line that it appears in first. */
	readonly text: string;
	readonly insns: number;
	readonly visits: number;
	readonly stack: number;
}

export interface Bill {
	readonly lines: readonly Cost[];
	readonly variables: readonly Cost[];
}

interface Sum {
	name: string;
	text: string;
	insns: number;
	visits: number;
	stack: number;
}

const SIZES = [4, 2, 1, 8];
const FRAME_POINTER = 10;

export function bill(image: ProgramImage, visits: Uint32Array): Bill {
	const lines = new Map<string, Sum>();
	const variables = new Map<string, Sum>();
	const owned = new Set<string>();
	const objects = addressed(image);
	const sum = (into: Map<string, Sum>, name: string, text: string): Sum => {
		const known = into.get(name);
		if (known !== undefined) return known;
		const made = { name, text, insns: 0, visits: 0, stack: 0 };
		into.set(name, made);
		return made;
	};
	for (let at = 0; at < image.insns.length; at++) {
		const { opcode, dst, off } = image.insns[at];
		const record = lineAt(image, at);
		const text = record?.text.trim() ?? "";
		const line = sum(lines, record === null ? "?" : `${record.file}:${record.line}`, text);
		const cls = opcode & 7;
		const stores = (cls === 2 || cls === 3) && dst === FRAME_POINTER;
		const frame = frameOf(image, at);
		const set = record === null ? null : assignedIn(record.text);
		const name = stores ? (objects.get(`${frame}:${off}`) ?? set) : set;
		const variable = name === null ? null : sum(variables, name.split(/->|\.|\[/)[0], text);
		for (const one of variable === null ? [line] : [line, variable]) {
			one.insns++;
			one.visits += visits[at];
		}
		if (stores) {
			for (let byte = off; byte < off + SIZES[(opcode >> 3) & 3]; byte++) {
				if (owned.has(`${frame}:${byte}`)) continue;
				owned.add(`${frame}:${byte}`);
				line.stack++;
				if (variable !== null) variable.stack++;
			}
		}
		if (opcode === 0x18) at++;
	}
	const dearest = (sums: Map<string, Sum>): Cost[] => [...sums.values()].sort((a, b) => b.visits - a.visits || b.stack - a.stack);
	return { lines: dearest(lines), variables: dearest(variables) };
}

/** Names of objects on the stack whose addresses calls get, by function and offset of their first byte. */
function addressed(image: ProgramImage): Map<string, string> {
	const out = new Map<string, string>();
	const at = new Map<number, number>();
	for (const [i, { opcode, dst, src, imm }] of image.insns.entries()) {
		if (opcode === 0xbf && src === FRAME_POINTER) at.set(dst, 0);
		else if (opcode === 0x07 && at.has(dst)) at.set(dst, (at.get(dst) ?? 0) + imm);
		else if (opcode === 0x85 && src !== 1) {
			const line = lineAt(image, i);
			const passed = line === null ? null : argumentsOf(line.text, calleeName(image, i));
			for (const [register, off] of at) {
				const name = register <= 5 && passed?.[register - 1] ? objectOf(passed[register - 1]) : null;
				if (name !== null && off < 0) out.set(`${frameOf(image, i)}:${off}`, name);
			}
			at.clear();
		} else if ((opcode & 7) !== 2 && (opcode & 7) !== 3 && (opcode & 7) !== 5 && (opcode & 7) !== 6) at.delete(dst);
	}
	return out;
}

const frameOf = (image: ProgramImage, at: number): number => image.funcInfo.findLastIndex(([start]) => start <= at);
