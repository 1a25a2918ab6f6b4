/**
 * The directives that `clang -S -target bpf` writes and hand-written files use, a row each. In: the cursor behind the directive's name.
 *
 * `.file` and `.loc` collect what becomes a line table when all is read, `.cfi_startproc` and `.cfi_endproc` call frames. Registers of frames
 * (`.cfi_offset` and the like) are read and dropped: BPF's frames restore none.
 */
import { SHF, SHT } from "../spec/elf.ts";
import type { ObjectBuilder } from "./builder.ts";
import type { Cursor } from "./cursor.ts";
import { TextFault } from "./lex.ts";
import type { FixupKind } from "./section.ts";

type Directive = (c: Cursor, o: ObjectBuilder) => void;

const ignore: Directive = (c) => c.skipStatement();

const data =
	(size: 1 | 2 | 4 | 8): Directive =>
	(c, o) => {
		if (c.atEnd()) return;
		o.lines.flush(o.current);
		do {
			const at = c.token;
			const value = o.withHere(c.expression());
			if (value.symbol !== undefined) {
				if (value.minus === undefined) o.symbol(value.symbol);
				o.current.fixups.push({
					kind: `data${size}` as FixupKind,
					label: o.current.here(),
					value,
					line: at.line,
					column: at.column,
				});
				o.current.fill(size);
				continue;
			}
			const bits = BigInt(size * 8);
			if (value.constant >= 1n << bits || value.constant < -(1n << (bits - 1n)))
				throw new TextFault(`${value.constant} does not fit ${bits} bits`, at);
			o.current.integer(value.constant, size, o.little);
		} while (c.accept(","));
	};

const text =
	(end: string): Directive =>
	(c, o) => {
		o.lines.flush(o.current);
		do {
			if (c.token.kind !== "string") c.fail("expected a string");
			const bytes = c.token.text + end;
			c.at++;
			o.current.put(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
		} while (c.accept(","));
	};

const count = (c: Cursor, most = 1 << 28): number => {
	const at = c.token;
	const value = c.constant();
	if (value < 0n || value > BigInt(most)) throw new TextFault(`${value} is not between 0 and ${most}`, at);
	return Number(value);
};

const space: Directive = (c, o) => {
	const size = count(c);
	o.current.fill(size, c.accept(",") ? count(c, 255) : 0);
};

const align =
	(power: boolean): Directive =>
	(c, o) => {
		const at = c.token;
		const value = count(c, power ? 12 : 4096);
		const to = power ? 2 ** value : value;
		if (to !== 0 && (to & (to - 1)) !== 0) throw new TextFault(`${to} is no power of two`, at);
		const fill = c.accept(",") && !c.is(",") ? count(c, 255) : 0;
		if (c.accept(",")) count(c);
		if (to > 1) o.current.alignTo(to, fill);
	};

const name = (c: Cursor): string => {
	if (c.token.kind !== "name" && c.token.kind !== "string") c.fail("expected a name");
	return c.tokens[c.at++].text;
};

const each =
	(set: (o: ObjectBuilder, name: string) => void): Directive =>
	(c, o) => {
		do set(o, name(c));
		while (c.accept(","));
	};

const binding = (value: "local" | "global" | "weak"): Directive =>
	each((o, n) => {
		const symbol = o.symbol(n);
		// A weak symbol stays weak.
		if (symbol.binding !== "weak") symbol.binding = value;
	});

const visibility = (value: "internal" | "hidden" | "protected"): Directive =>
	each((o, n) => {
		o.symbol(n).visibility = value;
	});

const FLAG_LETTERS: Readonly<Record<string, number>> = {
	a: SHF.alloc,
	w: SHF.write,
	x: SHF.execinstr,
	M: SHF.merge,
	S: SHF.strings,
	e: SHF.exclude,
};
const SECTION_TYPES: Readonly<Record<string, number>> = {
	"@progbits": SHT.progbits,
	"@nobits": SHT.nobits,
	"@llvm_addrsig": SHT.llvm_addrsig,
	"%progbits": SHT.progbits,
	"%nobits": SHT.nobits,
};

/** What a section is when only its name is given. */
function usual(sectionName: string): { type: number; flags: number } {
	const is = (prefix: string): boolean => sectionName === prefix || sectionName.startsWith(`${prefix}.`);
	if (is(".text")) return { type: SHT.progbits, flags: SHF.alloc | SHF.execinstr };
	if (is(".bss")) return { type: SHT.nobits, flags: SHF.alloc | SHF.write };
	if (is(".data")) return { type: SHT.progbits, flags: SHF.alloc | SHF.write };
	return { type: SHT.progbits, flags: is(".rodata") ? SHF.alloc : 0 };
}

const section: Directive = (c, o) => {
	const sectionName = sectionWord(c);
	let { type, flags } = usual(sectionName);
	let entsize = 0;
	const given = c.accept(",");
	if (given) {
		const at = c.token;
		if (at.kind !== "string") c.fail("expected the section's flags");
		c.at++;
		flags = 0;
		for (const letter of at.text) {
			if (!Object.hasOwn(FLAG_LETTERS, letter)) throw new TextFault(`unknown section flag "${letter}"`, at);
			flags |= FLAG_LETTERS[letter];
		}
		if (c.accept(",")) {
			const kind = (c.accept("%") ? "%" : "") + name(c);
			if (!Object.hasOwn(SECTION_TYPES, kind)) c.fail(`unknown section type "${kind}"`);
			type = SECTION_TYPES[kind];
			if (c.accept(",")) entsize = count(c, 4096);
		}
	}
	o.previous.push(o.current);
	o.current = (!given && o.known(sectionName)) || o.section(sectionName, type, flags >>> 0, entsize);
};

/** A section's name may hold what no other name may: `raw_tp/sys_enter`, `fentry.s/x`, `?tc`. It ends at a comma or blank. */
function sectionWord(c: Cursor): string {
	if (c.token.kind === "string") return name(c);
	let word = "";
	let end = c.token.column;
	while (!c.atEnd() && !c.is(",") && (word === "" || c.token.column === end)) {
		word += c.token.text;
		end = c.token.column + c.token.text.length;
		c.at++;
	}
	return word;
}

const switchTo =
	(sectionName: string): Directive =>
	(_, o) => {
		const { type, flags } = usual(sectionName);
		o.previous.push(o.current);
		o.current = o.section(sectionName, type, flags, 0);
	};

const SYMBOL_TYPES: Readonly<Record<string, "function" | "object" | "none">> = {
	function: "function",
	object: "object",
	notype: "none",
	STT_FUNC: "function",
	STT_OBJECT: "object",
	STT_NOTYPE: "none",
};

const common: Directive = (c, o) => {
	const symbol = o.symbol(name(c));
	c.expect(",");
	const size = count(c);
	const to = c.accept(",") ? count(c, 4096) : 1;
	symbol.type = "object";
	symbol.size = { constant: BigInt(size) };
	if (symbol.binding !== "local") {
		symbol.common = { size, align: to };
		symbol.binding ??= "global";
		return;
	}
	const bss = o.section(".bss", SHT.nobits, SHF.alloc | SHF.write, 0);
	if (to > 1) bss.alignTo(to, 0);
	symbol.label = bss.here();
	bss.fill(size);
};

const leb =
	(signed: boolean): Directive =>
	(c, o) => {
		do o.current.uleb(c.expression(), signed);
		while (c.accept(","));
	};

/** `.file "name"`: the symbol of the file. `.file 1 "directory" "name" md5 0x…`: a row of the line table's files. */
const file: Directive = (c, o) => {
	const string = (): string => {
		if (c.token.kind !== "string") c.fail("expected a string");
		const bytes = c.tokens[c.at++].text;
		return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
	};
	if (c.token.kind === "string") {
		const given = string();
		o.fileName ??= given;
		return;
	}
	const at = c.token;
	const number = count(c, 0xffff);
	let directory = "";
	let fileName = string();
	const next: Cursor["token"] = c.token;
	if (next.kind === "string") [directory, fileName] = [fileName, string()];
	let md5: string | undefined;
	if (c.accept("md5")) {
		if (c.token.kind !== "number") c.fail("expected a number");
		md5 = c.tokens[c.at++].value.toString(16).padStart(32, "0");
	}
	if (c.is("source")) c.fail("source text in debug information is not supported");
	if (number === 0) o.lines.root = { directory, name: fileName, md5 };
	else if (o.lines.files.has(number)) throw new TextFault(`file ${number} is given twice`, at);
	else o.lines.files.set(number, { directory, name: fileName, md5 });
};

const loc: Directive = (c, o) => {
	const at = c.token;
	const number = count(c, 0xffff);
	if (number === 0 ? o.lines.root === undefined : !o.lines.files.has(number)) throw new TextFault(`there is no file ${number}`, at);
	const place = { line: 0, column: 0, isa: 0, discriminator: 0 };
	const marks = { statement: o.lines.statement, basicBlock: false, prologueEnd: false, epilogueBegin: false };
	if (c.token.kind === "number") place.line = count(c);
	if (c.token.kind === "number") place.column = count(c, 0xffff);
	while (!c.atEnd()) {
		if (c.accept("is_stmt")) marks.statement = count(c, 1) === 1;
		else if (c.accept("basic_block")) marks.basicBlock = true;
		else if (c.accept("prologue_end")) marks.prologueEnd = true;
		else if (c.accept("epilogue_begin")) marks.epilogueBegin = true;
		else if (c.accept("isa")) place.isa = count(c);
		else if (c.accept("discriminator")) place.discriminator = count(c);
		else c.fail("expected an attribute of the place");
	}
	o.lines.loc({ file: number, ...place, ...marks }, o.current);
};

export const DIRECTIVES: Readonly<Record<string, Directive>> = {
	".byte": data(1),
	".short": data(2),
	".2byte": data(2),
	".hword": data(2),
	".long": data(4),
	".int": data(4),
	".4byte": data(4),
	".word": data(4),
	".quad": data(8),
	".8byte": data(8),
	".ascii": text(""),
	".asciz": text("\0"),
	".string": text("\0"),
	".zero": space,
	".space": space,
	".skip": space,
	".fill": (c, o) => {
		const times = count(c, 1 << 24);
		const size = c.accept(",") ? count(c, 8) : 1;
		const value = c.accept(",") ? c.constant() : 0n;
		for (let i = 0; i < times; i++) o.current.integer(value, size, o.little);
	},
	".p2align": align(true),
	".align": align(false),
	".balign": align(false),
	".uleb128": leb(false),
	".sleb128": leb(true),
	".text": switchTo(".text"),
	".data": switchTo(".data"),
	".bss": switchTo(".bss"),
	".section": section,
	".previous": (c, o) => {
		o.current = o.previous.pop() ?? c.fail("there is no previous section");
	},
	".pushsection": section,
	".popsection": (c, o) => {
		o.current = o.previous.pop() ?? c.fail("there is no previous section");
	},
	".globl": binding("global"),
	".global": binding("global"),
	".weak": binding("weak"),
	".local": binding("local"),
	".hidden": visibility("hidden"),
	".internal": visibility("internal"),
	".protected": visibility("protected"),
	".comm": common,
	".type": (c, o) => {
		const symbol = o.symbol(name(c));
		c.expect(",");
		const at = c.token;
		if (!c.accept("%")) c.accept("@");
		const word = (at.kind === "name" || at.kind === "punct" ? name2(c) : c.fail("expected a symbol type")).replace(/^@/, "");
		if (!Object.hasOwn(SYMBOL_TYPES, word)) throw new TextFault(`unknown symbol type "${word}"`, at);
		symbol.type = SYMBOL_TYPES[word];
	},
	".size": (c, o) => {
		const symbol = o.symbol(name(c));
		c.expect(",");
		symbol.size = o.withHere(c.expression());
	},
	".set": (c, o) => {
		const symbol = o.symbol(name(c));
		c.expect(",");
		symbol.equals = o.withHere(c.expression());
	},
	".equ": (c, o) => DIRECTIVES[".set"](c, o),
	".extern": ignore,
	".file": file,
	".loc": loc,
	".ident": (c, o) => {
		const known = o.known(".comment") !== undefined;
		const comment = o.section(".comment", SHT.progbits, SHF.merge | SHF.strings, 1);
		if (c.token.kind !== "string") c.fail("expected a string");
		comment.put(Uint8Array.from(`${known ? "" : "\0"}${c.token.text}\0`, (char) => char.charCodeAt(0)));
		c.at++;
	},
	".addrsig": (_, o) => {
		o.significant ??= [];
	},
	".addrsig_sym": (c, o) => {
		const symbol = o.symbol(name(c));
		o.significant ??= [];
		o.significant.push(symbol);
	},
	".cfi_sections": (c, o) => {
		o.frameSection = false;
		do if (name(c) === ".debug_frame") o.frameSection = true;
		while (c.accept(","));
	},
	".cfi_startproc": (c, o) => {
		if (o.openFrame !== undefined) c.fail("the function before has no .cfi_endproc");
		c.accept("simple");
		o.openFrame = o.current.here();
		const before = o.frames.at(-1);
		if (before !== undefined && before.end.section !== o.current) o.lines.end(before.end);
	},
	".cfi_endproc": (c, o) => {
		if (o.openFrame === undefined) return c.fail("there is no .cfi_startproc before");
		o.frames.push({ start: o.openFrame, end: o.current.here() });
		o.openFrame = undefined;
	},
	".cfi_def_cfa_offset": ignore,
	".cfi_offset": ignore,
};

function name2(c: Cursor): string {
	return c.token.kind === "name" ? name(c) : c.fail("expected a symbol type");
}
