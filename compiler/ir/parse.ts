import type { ObjectSym, FunctionSym, Sym } from "../types/typed.ts";
import type { CType, IntType } from "../types/types.ts";
import type { Attr, Block, Inst, IrFunction, IrGlobal, IrModule, Op, Pred, Ty, Value } from "./types.ts";
import { attrNames, ops } from "./ops.ts";
import { constant } from "./values.ts";

/**
 * Text (as `print.ts` writes it) → IR. For tests and for people: a pass is tested with two texts. Symbols are made up
 * from their names and the IR types, so BTF made from a parsed module knows only int, long long and void *.
 */
class IrSyntaxError extends Error {
	override readonly name = "IrSyntaxError";
}

const TOKEN =
	/\s+|;[^\n]*|("(?:[^"\\]|\\.)*")|(@[A-Za-z_.$][\w.$]*|@"(?:[^"\\]|\\.)*")|(%\d+)|(->)|(-?\d+(?![\w.])|\d[\da-f]*(?![\w.]))|([A-Za-z_][\w.#-]*)|([{}()[\],:=+])/y;

interface Token {
	readonly text: string;
	readonly at: number;
}

function tokenize(text: string): Token[] {
	const tokens: Token[] = [];
	let at = 0;
	while (at < text.length) {
		// JSON attributes are taken whole.
		const json = /(asm|core)=/y;
		json.lastIndex = at;
		if (json.test(text)) {
			const end = jsonEnd(text, json.lastIndex);
			tokens.push({ text: text.slice(at, end), at });
			at = end;
			continue;
		}
		TOKEN.lastIndex = at;
		const match = TOKEN.exec(text);
		if (match === null) throw new IrSyntaxError(`line ${lineOf(text, at)}: unexpected ${JSON.stringify(text.slice(at, at + 10))}`);
		const token = match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5] ?? match[6] ?? match[7];
		if (token !== undefined) tokens.push({ text: token, at });
		at = TOKEN.lastIndex;
	}
	return tokens;
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

function jsonEnd(text: string, from: number): number {
	let depth = 0;
	for (let i = from; i < text.length; i++) {
		const char = text[i];
		if (char === '"') {
			for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
		} else if (char === "{" || char === "[") depth++;
		else if (char === "}" || char === "]") {
			if (--depth === 0) return i + 1;
		}
	}
	throw new IrSyntaxError(`line ${lineOf(text, from)}: unclosed attribute`);
}

const INT: IntType = { kind: "int", name: "int", size: 4, signed: true, rank: 3 };
const LLONG: IntType = { kind: "int", name: "long long", size: 8, signed: true, rank: 5 };
const TYPES: Record<Ty, CType> = { i32: INT, i64: LLONG, ptr: { kind: "pointer", target: { kind: "void" } } };
const SPAN = { from: 0, to: 0 };

const symBase = (name: string) =>
	({ name, span: SPAN, weak: false, visibility: "default", section: null, used: true, declTags: [] }) as const;

const functionSym = (name: string, params: readonly Ty[], result: Ty | null): FunctionSym => ({
	...symBase(name),
	kind: "function",
	linkage: "extern",
	type: {
		kind: "function",
		result: result === null ? { kind: "void" } : TYPES[result],
		params: params.map((ty) => ({ type: TYPES[ty] })),
		variadic: false,
		unprototyped: false,
	},
	inline: "none",
	naked: false,
	noreturn: false,
	pure: false,
	cold: false,
});

const objectSym = (name: string): ObjectSym => ({
	...symBase(name),
	kind: "object",
	linkage: "extern",
	type: INT,
	storage: "static",
	align: 4,
	addressTaken: true,
});

export function parseModule(text: string): IrModule {
	const tokens = tokenize(text);
	let at = 0;
	const fail = (what: string): never => {
		const token = tokens[Math.min(at, tokens.length - 1)];
		throw new IrSyntaxError(`line ${lineOf(text, token?.at ?? 0)}: ${what}, found ${JSON.stringify(tokens[at]?.text ?? "the end")}`);
	};
	const peek = (): string | undefined => tokens[at]?.text;
	const next = (): string => tokens[at++]?.text ?? fail("unexpected end");
	const eat = (word: string): boolean => (peek() === word ? (at++, true) : false);
	const expect = (word: string): void => {
		if (!eat(word)) fail(`expected ${JSON.stringify(word)}`);
	};
	const number = (): number => Number(/^-?\d+$/.test(peek() ?? "") ? next() : fail("expected a number"));
	const string = (): string => (peek()?.startsWith('"') ? (JSON.parse(next()) as string) : fail("expected a string"));
	const symbolName = (): string => {
		const token = peek()?.startsWith("@") ? next() : fail("expected a name");
		return token[1] === '"' ? (JSON.parse(token.slice(1)) as string) : token.slice(1);
	};
	const isTy = (word: string | undefined): word is Ty => word === "i32" || word === "i64" || word === "ptr";
	const type = (): Ty => (isTy(peek()) ? (next() as Ty) : fail("expected a type"));

	const functions: IrFunction[] = [];
	const globals: IrGlobal[] = [];
	const globalNames = new Map<string, IrGlobal>();
	const functionSyms = new Map<string, FunctionSym>();
	/** Names are looked up when everything is read. */
	const later: (() => void)[] = [];
	const lookFunction = (name: string, params: readonly Ty[] = [], result: Ty | null = null): FunctionSym => {
		const known = functionSyms.get(name);
		if (known !== undefined) return known;
		const made = functionSym(name, params, result);
		functionSyms.set(name, made);
		return made;
	};
	const look = (name: string): IrGlobal | Sym => globalNames.get(name) ?? lookFunction(name);

	function parseGlobal(): void {
		const name = symbolName();
		expect("section");
		const section = string();
		expect("size");
		const size = number();
		expect("align");
		const align = number();
		const symbol = objectSym(name);
		symbol.linkage = next() as ObjectSym["linkage"];
		const readonly = eat("readonly");
		if (readonly)
			symbol.type = { kind: "qualified", const: true, volatile: false, restrict: false, atomic: false, addressSpace: 0, target: INT };
		let bytes: Uint8Array | undefined;
		if (eat("bytes")) {
			// A run of digits may have come apart into numbers and words.
			let digits = "";
			while (peek() !== undefined && /^[0-9a-f]+$/.test(peek()!)) digits += next();
			bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
			if (bytes.length !== size) fail(`${bytes.length} bytes for a size of ${size}`);
		}
		const relocs: { offset: number; symbol: Sym | IrGlobal; addend: number }[] = [];
		while (eat("reloc")) {
			const offset = number();
			const target = symbolName();
			expect("+");
			const addend = number();
			later.push(() => relocs.push({ offset, symbol: look(target), addend }));
		}
		const global: IrGlobal = { symbol, name, section, size, align, relocs, readonly, ...(bytes === undefined ? {} : { bytes }) };
		globals.push(global);
		globalNames.set(name, global);
	}

	function parseFunction(): void {
		const name = symbolName();
		const values = new Map<number, Inst>();
		const blocks = new Map<string, Block>();
		const params: Inst[] = [];
		let maxId = 0;
		const id = (word: string): number => {
			const n = Number(word);
			maxId = Math.max(maxId, n);
			return n;
		};
		expect("(");
		while (!eat(")")) {
			const ty = type();
			const word = next();
			const inst: Inst = { id: id(word.slice(1)), op: "param", ty, args: [], attr: { param: params.length }, loc: null };
			params.push(inst);
			values.set(inst.id, inst);
			eat(",");
		}
		expect("->");
		const result = eat("void") ? null : type();
		const symbol = lookFunction(
			name,
			params.map((param) => param.ty!),
			result,
		);
		symbol.type = functionSym(
			name,
			params.map((param) => param.ty!),
			result,
		).type;
		symbol.linkage = next() as FunctionSym["linkage"];
		let nullIsAddress = false;
		while (!eat("{")) {
			const word = next();
			if (word.startsWith("inline-")) symbol.inline = word.slice(7) as FunctionSym["inline"];
			else if (word === "naked") symbol.naked = true;
			else if (word === "null-is-address") nullIsAddress = true;
			else if (word === "section") symbol.section = string();
			else fail("unknown word before {");
		}
		const block = (word: string): Block => {
			const known = blocks.get(word);
			if (known !== undefined) return known;
			const dot = word.lastIndexOf(".");
			if (dot < 0) fail(`${word} is no block (name.number)`);
			const made: Block = { id: id(word.slice(dot + 1)), name: word.slice(0, dot), insts: [] };
			blocks.set(word, made);
			return made;
		};
		const fn: IrFunction = { symbol, name, params, result, blocks: [], nextId: 0, end: null, ...(nullIsAddress ? { nullIsAddress } : {}) };
		functions.push(fn);
		let current: Block | null = null;
		while (!eat("}")) {
			if (tokens[at + 1]?.text === ":") {
				current = block(next());
				expect(":");
				if (eat("unroll")) current.unroll = number();
				fn.blocks.push(current);
				continue;
			}
			if (current === null) return fail("expected a block label");
			current.insts.push(parseInst(values, block, id));
		}
		fn.nextId = maxId + 1;
	}

	function parseInst(values: Map<number, Inst>, block: (word: string) => Block, id: (word: string) => number): Inst {
		let number_ = -1;
		if (peek()?.startsWith("%")) {
			number_ = id(next().slice(1));
			expect("=");
		}
		const [name, suffix] = next().split(".");
		if (!Object.hasOwn(ops, name)) fail(`unknown operation ${name} before`);
		const op = name as Op;
		const inst: Inst = { id: number_, op, ty: null, args: [], loc: null };
		if (number_ >= 0) {
			inst.ty = type();
			values.set(number_, inst);
		}
		const attr: { -readonly [K in keyof Attr]: Attr[K] } = {};
		if (suffix !== undefined) {
			if (op === "icmp") attr.pred = suffix as Pred;
			else if (op === "atomic") attr.rmw = suffix as NonNullable<Attr["rmw"]>;
			else attr.bits = Number(suffix) as NonNullable<Attr["bits"]>;
		}
		const names = attrNames(op);
		for (;;) {
			const word = peek();
			if (word === undefined) break;
			if (word.startsWith("asm=")) attr.asm = JSON.parse(next().slice(4)) as NonNullable<Attr["asm"]>;
			else if (word.startsWith("core=")) {
				const [root, access, relo, value] = JSON.parse(next().slice(5)) as [string, string, number, string];
				attr.core = { root: coreRoot(root), access, relo, value: BigInt(value) };
			} else if (word.startsWith("@") && names.includes("global")) {
				const target = symbolName();
				later.push(() => {
					attr.global = look(target);
				});
			} else if (word.startsWith("@") && names.includes("callee")) {
				const target = symbolName();
				later.push(() => {
					attr.callee = { kind: "function", symbol: lookFunction(target) };
				});
			} else if (word === "helper" && op === "call") {
				next();
				const [helper, helperId] = next().split("#");
				attr.callee = { kind: "helper", id: Number(helperId), name: helper };
			} else if (word === "indirect" && op === "call") {
				next();
				attr.callee = { kind: "indirect" };
			} else if (word === "signed" || word === "volatile" || word === "fetch") {
				attr[next() as "signed"] = true;
			} else if (tokens[at + 1]?.text === "=" && (names as readonly string[]).includes(word)) {
				next();
				next();
				if (word === "variable" || word === "name") attr[word] = string();
				else attr[word as "size"] = number();
			} else break;
		}
		const operand = (store: (value: Value) => void): void => {
			const word = peek()!;
			if (word.startsWith("%")) {
				const wanted = id(next().slice(1));
				later.push(() => store(values.get(wanted) ?? fail(`no value %${wanted}`)));
				store(constant("i32", 0));
			} else {
				const ty = type();
				store(eat("undef") ? { op: "undef", ty } : constant(ty, BigInt(next())));
			}
		};
		const cases: bigint[] = [];
		const startsOperand = (): boolean => (/^[%[]/.test(peek() ?? "}") && tokens[at + 1]?.text !== "=") || isTy(peek());
		const isBlock = (): boolean => /^[A-Za-z_][\w.-]*\.\d+$/.test(peek() ?? "") && tokens[at + 1]?.text !== ":";
		const targets: Block[] = [];
		for (let first = true; first ? startsOperand() || isBlock() : eat(","); first = false) {
			const position = inst.args.length;
			const store = (value: Value): void => {
				inst.args[position] = value;
			};
			if (op === "phi") {
				expect("[");
				operand(store);
				expect(",");
				targets.push(block(next()));
				expect("]");
			} else if (startsOperand()) operand(store);
			else {
				if (tokens[at + 1]?.text === ":") {
					cases.push(BigInt(next()));
					expect(":");
				}
				targets.push(block(next()));
			}
		}
		if (targets.length > 0 || op === "phi") inst.blocks = targets;
		if (op === "switch") attr.cases = cases;
		if (names.length > 0) inst.attr = attr;
		return inst;
	}

	while (at < tokens.length) {
		if (eat("global")) parseGlobal();
		else if (eat("function")) parseFunction();
		else fail("expected global or function");
	}
	for (const action of later) action();
	for (const fn of functions) numberEffects(fn);
	return { functions, globals, extraTypes: [] };
}

/** Instructions without a value have no number in the text; they get the next free ones. */
function numberEffects(fn: IrFunction): void {
	for (const block of fn.blocks) {
		block.insts = block.insts.map((inst) => (inst.id < 0 ? Object.assign(inst, { id: fn.nextId++ }) : inst));
	}
}

function coreRoot(name: string): CType {
	const [tag, rest] = name.split(" ");
	if ((tag === "struct" || tag === "union") && rest !== undefined) {
		return {
			kind: "record",
			union: tag === "union",
			name: rest === "<anonymous>" ? null : rest,
			body: null,
			preserveAccessIndex: true,
			declTags: [],
			span: null,
		};
	}
	if (tag === "enum" && rest !== undefined) return { kind: "enum", name: rest, body: null, preserveAccessIndex: false, span: null };
	return { kind: "typedef", name, target: INT, declTags: [] };
}
