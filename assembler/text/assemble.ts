/**
 * An assembly file to an object: what `clang -S -target bpf` or `ebpfcc -S` writes, or a hand-written file.
 *
 * Statement by statement into an `ObjectBuilder`, then: place everything, resolve what is known, leave relocations for the rest by
 * LLVM's rules (a local symbol is its section plus an offset in the bytes; BPF's relocations have no addend of their own).
 * Source: LLVM's ELF object writer for the rules; Documentation/bpf/llvm_reloc.rst for the relocation types.
 */
import { FormatError } from "../bytes.ts";
import { readBtfExt } from "../btf/ext-read.ts";
import { readBtf } from "../btf/read.ts";
import { BtfView } from "../btf/view.ts";
import { encode } from "../encode.ts";
import type { ObjectFile, ObjectSymbol, Reloc, Section } from "../object.ts";
import { R_BPF_64_32, R_BPF_64_64, R_BPF_64_ABS32, R_BPF_64_ABS64, R_BPF_64_NODYLD32, SHF, SHT } from "../spec/elf.ts";
import { type Fixup, type Label, ObjectBuilder, type SectionBuilder, type SymbolBuilder } from "./builder.ts";
import { Cursor, type Value } from "./cursor.ts";
import { DIRECTIVES } from "./directives.ts";
import { parseInstruction } from "./kernel.ts";
import { type TextError, TextFault, tokenize } from "./lex.ts";
import { type Dialect, parseInsns } from "./parse.ts";

export interface AssembleOptions {
	readonly endian?: "little" | "big";
	/** The ubpf dialect has no sections or symbols: its instructions become `.text`. */
	readonly dialect?: Dialect;
}

export interface Assembled {
	/** Nothing if there are errors. */
	readonly object?: ObjectFile;
	readonly errors: readonly TextError[];
}

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
		// Nine lines of ten are one number of debug information.
		const fast = FAST.exec(line);
		if (fast !== null) {
			o.current.integer(Number(fast[2]), fast[1] === "byte" ? 1 : fast[1] === "short" ? 2 : 4, little);
			continue;
		}
		try {
			const c = new Cursor(
				tokenize(line).map((token) => (token.line === 1 && at === 1 ? token : { ...token, line: token.line + at - 1 })),
			);
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
		if (symbol.label || symbol.equals || symbol.common)
			throw new TextFault(`symbol "${token.text}" is defined twice`, token);
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
		o.symbol(token.text).equals = c.expression();
		return;
	}
	if (token.kind === "name" && token.text.startsWith("."))
		throw new TextFault(`unknown directive ${token.text}`, token);
	const { insns, ref } = parseInstruction(c);
	if (!c.atEnd()) c.fail("expected the end of the instruction");
	if (ref) {
		o.current.fixups.push({
			kind: ref.kind,
			label: o.current.here(),
			value: { constant: ref.addend, symbol: ref.symbol },
			line: ref.at.line,
			column: ref.at.column,
		});
		if (!/^\d+[bf]$/.test(ref.symbol)) o.symbol(ref.symbol);
	}
	o.current.put(encode(insns, o.little ? "little" : "big"));
}

/** Labels of the compiler's own: LLVM's for BPF are `.L…` and, for blocks, `LBB0_1`. */
const TEMPORARY = /^(\.L|LBB\d+_\d+$)/;

interface Place {
	readonly section: SectionBuilder;
	readonly address: number;
}

function finish(o: ObjectBuilder): ObjectFile {
	const absolute = (label: Label): number => label.section.addressOf(label);
	/** Where a symbol is, through `.set`. */
	const locate = (name: string, from: Label | undefined, depth = 0): Place | bigint | undefined => {
		const numeric = /^(\d+)([bf])$/.exec(name);
		if (numeric !== null) {
			const labels = (o.numeric.get(numeric[1]) ?? []).filter((label) => label.section === from?.section);
			const at = from ? absolute(from) : 0;
			const label =
				numeric[2] === "b" ? labels.findLast((l) => absolute(l) <= at) : labels.find((l) => absolute(l) > at);
			return label && { section: label.section, address: absolute(label) };
		}
		const symbol = o.symbols.get(name);
		if (symbol?.label) return { section: symbol.label.section, address: absolute(symbol.label) };
		if (symbol?.equals === undefined || depth > 20) {
			// A section's name is a symbol at its start.
			const section = symbol?.binding === undefined ? o.known(name) : undefined;
			return section && { section, address: 0 };
		}
		if (symbol.equals.symbol === undefined) return symbol.equals.constant;
		if (symbol.equals.minus !== undefined) return difference(symbol.equals);
		const base = locate(symbol.equals.symbol, from, depth + 1);
		if (base === undefined || typeof base === "bigint") return base;
		return { section: base.section, address: base.address + Number(symbol.equals.constant) };
	};
	/** A constant, or the difference of two labels of one section. */
	const difference = (value: Value): bigint => {
		if (value.symbol === undefined) return value.constant;
		const a = locate(value.symbol, undefined);
		const b = value.minus === undefined ? undefined : locate(value.minus, undefined);
		if (typeof a === "bigint" && value.minus === undefined) return a + value.constant;
		if (a === undefined || b === undefined || typeof a === "bigint" || typeof b === "bigint" || a.section !== b.section)
			throw new FormatError(
				`"${value.symbol}${value.minus === undefined ? "" : ` - ${value.minus}`}" is not known when assembling`,
				0,
			);
		return BigInt(a.address - b.address) + value.constant;
	};

	for (let round = 0; ; round++) {
		let changed = false;
		for (const section of o.sections) changed = section.place(round === 0 ? () => 0n : difference) || changed;
		if (!changed && round > 0) break;
		if (round > 50) throw new FormatError("the lengths of LEB128 values do not settle", 0);
	}

	const sectionSymbols = new Set<SectionBuilder>();
	const pending: { section: SectionBuilder; offset: number; type: number; target: SymbolBuilder | SectionBuilder }[] =
		[];
	const contents = new Map<SectionBuilder, Uint8Array>();
	for (const section of o.sections) {
		const bytes = section.contents(difference);
		contents.set(section, bytes);
		for (const fixup of section.fixups) {
			const reloc = applyFixup(o, fixup, bytes, locate, difference);
			if (reloc === undefined) continue;
			pending.push({ section, ...reloc });
			if ("usedInRelocation" in reloc.target) reloc.target.usedInRelocation = true;
			else if (section.name !== ".BTF" && section.name !== ".BTF.ext") sectionSymbols.add(reloc.target);
		}
	}

	// .BTF and .BTF.ext are read back: an object holds them as types, not as bytes.
	const kept = o.sections.filter((section) => section.name !== ".BTF" && section.name !== ".BTF.ext");
	const indexOf = new Map(kept.map((section, i) => [section, i]));
	const symbols: ObjectSymbol[] = [];
	const symbolIndex = new Map<SymbolBuilder | SectionBuilder, number>();
	if (o.fileName !== undefined)
		symbols.push({
			name: o.fileName,
			section: "absolute",
			value: 0,
			size: 0,
			binding: "local",
			type: "file",
			visibility: "default",
		});
	for (const section of kept)
		if (sectionSymbols.has(section)) {
			symbolIndex.set(section, symbols.length);
			symbols.push({
				name: "",
				section: indexOf.get(section)!,
				value: 0,
				size: 0,
				binding: "local",
				type: "section",
				visibility: "default",
			});
		}
	const finished = [...o.symbols.values()].filter(
		(symbol) =>
			symbol.usedInRelocation ||
			(!TEMPORARY.test(symbol.name) &&
				(symbol.label || symbol.equals || symbol.common || symbol.binding !== undefined)),
	);
	const bindingOf = (symbol: SymbolBuilder): ObjectSymbol["binding"] =>
		symbol.binding ?? (symbol.label || symbol.equals ? "local" : "global");
	for (const local of [true, false])
		for (const symbol of finished) {
			const binding = bindingOf(symbol);
			if ((binding === "local") !== local) continue;
			const place = locate(symbol.name, undefined);
			symbolIndex.set(symbol, symbols.length);
			symbols.push({
				name: symbol.name,
				section: symbol.common
					? "common"
					: place === undefined
						? "undefined"
						: typeof place === "bigint"
							? "absolute"
							: indexOf.get(place.section)!,
				value: symbol.common
					? symbol.common.align
					: place === undefined
						? 0
						: typeof place === "bigint"
							? Number(place)
							: place.address,
				size: symbol.size ? Number(difference(symbol.size)) : 0,
				binding,
				type: symbol.type,
				visibility: symbol.visibility,
			});
		}

	const sections = kept.map((section): Section => {
		const relocs: Reloc[] = pending
			.filter((p) => p.section === section)
			.map(({ offset, type, target }) => ({ offset, type, symbol: symbolIndex.get(target)! }));
		return {
			name: section.name,
			type: section.type,
			flags: section.flags,
			align: section.align,
			entsize: section.entsize,
			size: section.size,
			data: contents.get(section)!,
			relocs: relocs.sort((a, b) => a.offset - b.offset),
		};
	});
	const object: ObjectFile = { endian: o.little ? "little" : "big", sections, symbols };
	const btf = o.known(".BTF");
	if (btf === undefined) return object;
	const view = new BtfView(contents.get(btf)!);
	const ext = o.known(".BTF.ext");
	return { ...object, btf: readBtf(view), ...(ext ? { btfExt: readBtfExt(contents.get(ext)!, view) } : {}) };
}

/** Writes what is known into the bytes; returns the relocation that is left. */
function applyFixup(
	o: ObjectBuilder,
	{ kind, label, value, line, column }: Fixup,
	bytes: Uint8Array,
	locate: (name: string, from: Label | undefined) => Place | bigint | undefined,
	difference: (value: Value) => bigint,
): { offset: number; type: number; target: SymbolBuilder | SectionBuilder } | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const { little } = o;
	const at = label.section.addressOf(label);
	const fault = (message: string): never => {
		throw new TextFault(message, { line, column });
	};
	const put = (width: 1 | 2 | 4 | 8, where: number, constant: bigint): void => {
		if (width === 8) view.setBigInt64(where, BigInt.asIntN(64, constant), little);
		else if (constant < -(1n << BigInt(width * 8 - 1)) || constant >= 1n << BigInt(width * 8))
			fault(`${constant} does not fit ${width * 8} bits`);
		else if (width === 4) view.setInt32(where, Number(BigInt.asIntN(32, constant)), little);
		else if (width === 2) view.setInt16(where, Number(BigInt.asIntN(16, constant)), little);
		else view.setInt8(where, Number(BigInt.asIntN(8, constant)));
	};
	const width = { data1: 1, data2: 2, data4: 4, data8: 8, off: 2, imm_jump: 4, call: 4, imm64: 8, imm: 4 }[kind] as
		| 1
		| 2
		| 4
		| 8;
	if (value.minus !== undefined) {
		put(width, at, difference(value));
		return undefined;
	}
	const name = value.symbol!;
	const place = locate(name, label);
	const symbol = o.symbols.get(name);
	if (typeof place === "bigint") {
		const constant = place + value.constant;
		if (kind === "imm64") {
			put(4, at + 4, BigInt.asIntN(32, constant));
			put(4, at + 12, BigInt.asIntN(32, constant >> 32n));
		} else if (kind === "off") put(2, at + 2, constant);
		else put(kind.startsWith("data") ? width : 4, kind.startsWith("data") ? at : at + 4, constant);
		return undefined;
	}
	const addend = Number(value.constant);
	const bound = symbol?.binding === "global" || symbol?.binding === "weak" || place === undefined;
	switch (kind) {
		case "off":
		case "imm_jump": {
			if (place === undefined) return fault(`label "${name}" is not defined`);
			if (place.section !== label.section) return fault(`label "${name}" is in section ${place.section.name}`);
			const distance = (place.address + addend - at - 8) / 8;
			if (!Number.isInteger(distance)) return fault(`"${name}" is not at an instruction`);
			if (kind === "off" && (distance < -0x8000 || distance > 0x7fff))
				return fault(`"${name}" is ${distance} instructions away: too far for 16 bits`);
			put(kind === "off" ? 2 : 4, kind === "off" ? at + 2 : at + 4, BigInt(distance));
			return undefined;
		}
		case "call": {
			if (!bound && place!.section === label.section) {
				put(4, at + 4, BigInt((place!.address + addend - at - 8) / 8));
				return undefined;
			}
			put(4, at + 4, BigInt(Math.floor(((bound ? 0 : place!.address) + addend - 8) / 8)));
			return { offset: at, type: R_BPF_64_32, target: bound ? symbol! : place!.section };
		}
		case "imm64":
			put(4, at + 4, BigInt((bound ? 0 : place!.address) + addend));
			return { offset: at, type: R_BPF_64_64, target: bound ? symbolOf(o, name) : place!.section };
		case "imm":
			return fault(`"${name}" is not a number`);
		case "data4":
		case "data8": {
			put(width, at, BigInt((bound ? 0 : place!.address) + addend));
			// What BTF says of places is for no loader to touch.
			const told =
				place !== undefined &&
				(name.startsWith(".L")
					? (place.section.flags & SHF.execinstr) !== 0
					: (place.section.flags & (SHF.alloc | SHF.write)) === (SHF.alloc | SHF.write));
			return {
				offset: at,
				type: kind === "data8" ? R_BPF_64_ABS64 : told ? R_BPF_64_NODYLD32 : R_BPF_64_ABS32,
				target: bound ? symbolOf(o, name) : place!.section,
			};
		}
		case "data1":
		case "data2":
			return fault(`the address of "${name}" does not fit ${width * 8} bits`);
		default:
			return kind satisfies never;
	}
}

const symbolOf = (o: ObjectBuilder, name: string): SymbolBuilder => o.symbol(name);

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
