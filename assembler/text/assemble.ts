/**
 * An assembly file to an object: what `clang -S -target bpf` or `ebpfcc -S` writes, or a hand-written file.
 *
 * Statement by statement into an `ObjectBuilder`; `finish.ts` makes an object of it. Of clang's text it makes the bytes that clang writes itself.
 */
import { FormatError } from "../bytes.ts";
import { encode } from "../encode.ts";
import type { ObjectFile } from "../object.ts";
import { SHF, SHT } from "../spec/elf.ts";
import { ObjectBuilder } from "./builder.ts";
import { Cursor } from "./cursor.ts";
import { DIRECTIVES } from "./directives.ts";
import { finish } from "./finish.ts";
import { parseInstruction } from "./kernel.ts";
import { type TextError, TextFault, tokenize } from "./lex.ts";
import { type Dialect, parseInsns } from "./parse.ts";

/** Byte order (little unless said) and dialect. */
export interface AssembleOptions {
	readonly endian?: "little" | "big";
	/** The ubpf dialect has no sections or symbols: its instructions become `.text`. */
	readonly dialect?: Dialect;
}

/** An object, or all that is wrong with the text. */
export interface Assembled {
	/** Nothing if there are errors. */
	readonly object?: ObjectFile;
	readonly errors: readonly TextError[];
}

/** Text of an assembly file to an object, or what is wrong with it. @example assemble(".text\nexit\n").object */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
	const little = options.endian !== "big";
	if (options.dialect === "ubpf") return assembleUbpf(text, little);
	const o = new ObjectBuilder(little);
	const errors: TextError[] = [];
	const report = (error: unknown): void => {
		if (error instanceof TextFault) errors.push({ message: error.message, line: error.line, column: error.column });
		else if (error instanceof FormatError) errors.push({ message: error.message, line: 1, column: 1 });
		else throw error;
	};

	let number = 0;
	for (const { line, at } of logicalLines(text)) {
		number = at;
		if (line.includes("APP") && /^\s*#(NO_)?APP\s*$/.test(line)) o.inlineAsm = !line.includes("NO_");
		// Nine lines of ten are one number of debug information.
		const fast = FAST.exec(line);
		if (fast !== null) {
			o.lines.flush(o.current);
			o.current.integer(Number(fast[2]), fast[1] === "byte" ? 1 : fast[1] === "short" ? 2 : 4, little);
			continue;
		}
		try {
			const c = new Cursor(tokenize(line).map((token) => (token.line === 1 && at === 1 ? token : { ...token, line: token.line + at - 1 })));
			while (c.at < c.tokens.length) {
				if (c.atEnd()) c.at++;
				else if (!defineLabel(c, o)) statement(c, o);
			}
		} catch (error) {
			report(error);
			if (errors.length > 100) break;
		}
	}
	if (errors.length > 0) return { errors };
	try {
		return { object: finish(o), errors };
	} catch (error) {
		report(error instanceof FormatError ? new TextFault(error.message, { line: number, column: 1 }) : error);
		return { errors };
	}
}

const FAST = /^\s*\.(byte|short|long)\s+(\d{1,9})\s*(?:#.*)?$/;

/** Lines, joined where a block comment spans several. */
function* logicalLines(text: string): Generator<{ line: string; at: number }> {
	let at = 1;
	for (let start = 0; start <= text.length; ) {
		let end = text.indexOf("\n", start);
		if (end < 0) end = text.length;
		let line = text.slice(start, end);
		const first = at;
		while (line.includes("/*") && end < text.length && /\/\*(?:(?!\*\/)[\s\S])*$/.test(line)) {
			const next = text.indexOf("\n", end + 1);
			end = next < 0 ? text.length : next;
			line = text.slice(start, end);
			at++;
		}
		if (line !== "") yield { line, at: first };
		start = end + 1;
		at++;
	}
}

function defineLabel(c: Cursor, o: ObjectBuilder): boolean {
	const { token } = c;
	if (c.peek().kind !== "punct" || c.peek().text !== ":") return false;
	if (token.kind === "number") {
		const list = o.numeric.get(token.text) ?? [];
		o.numeric.set(token.text, list);
		list.push(o.current.here());
	} else if (token.kind === "name" || token.kind === "string") {
		const symbol = o.symbol(token.text);
		if (symbol.label || symbol.equals || symbol.common) throw new TextFault(`symbol "${token.text}" is defined twice`, token);
		symbol.label = o.current.here();
	} else return false;
	c.at += 2;
	return true;
}

function statement(c: Cursor, o: ObjectBuilder): void {
	const { token } = c;
	if (token.kind === "name" && token.text.startsWith(".")) {
		const directive = Object.hasOwn(DIRECTIVES, token.text) ? DIRECTIVES[token.text] : undefined;
		if (directive !== undefined) {
			c.at++;
			directive(c, o);
			if (!c.atEnd()) c.fail("expected the end of the statement");
			return;
		}
	}
	if (token.kind === "name" && c.peek().kind === "punct" && c.peek().text === "=" && !/^[rw]\d+$/.test(token.text)) {
		c.at += 2;
		o.symbol(token.text).equals = o.withHere(c.expression());
		return;
	}
	if (token.kind === "name" && token.text.startsWith(".")) throw new TextFault(`unknown directive ${token.text}`, token);
	const { insns, ref } = parseInstruction(c);
	if (!c.atEnd()) c.fail("expected the end of the instruction");
	o.lines.flush(o.current);
	if (ref) {
		o.current.fixups.push({
			kind: ref.kind,
			label: o.current.here(),
			value: { constant: ref.addend, symbol: ref.symbol },
			line: ref.at.line,
			column: ref.at.column,
		});
		if (!/^\d+[bf]$/.test(ref.symbol)) o.symbol(ref.symbol).inlineAsm ||= o.inlineAsm;
	}
	o.current.put(encode(insns, o.little ? "little" : "big"));
}

function assembleUbpf(text: string, little: boolean): Assembled {
	const { insns, errors } = parseInsns(text, { dialect: "ubpf" });
	if (errors.length > 0) return { errors };
	const endian = little ? "little" : "big";
	const data = encode(insns, endian);
	return {
		errors,
		object: {
			endian,
			symbols: [],
			sections: [
				{
					name: ".text",
					type: SHT.progbits,
					flags: SHF.alloc | SHF.execinstr,
					align: 8,
					entsize: 0,
					size: data.length,
					data,
					relocs: [],
				},
			],
		},
	};
}
