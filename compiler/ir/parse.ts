import type { FunctionSym, ObjectSym, Sym } from "../types/typed.ts";
import type { Attr, Block, Inst, IrFunction, IrGlobal, IrModule, Op, Pred, Ty, Value } from "./types.ts";
import { attrNames, ops } from "./ops.ts";
import { coreRoot, functionSym, objectSym, READONLY, Symbols } from "./symbols.ts";
import { TokenReader } from "./tokens.ts";
import { constant } from "./values.ts";

/**
 * Text (as `print.ts` writes it) → IR. For tests and for people: a pass is tested with two texts. Symbols are made up
 * from their names and the IR types, so BTF made from a parsed module knows only int, long long and void *.
 */
export function parseModule(text: string): IrModule {
	const module: Module = { read: new TokenReader(text), symbols: new Symbols(), later: [] };
	const functions: IrFunction[] = [];
	const globals: IrGlobal[] = [];
	while (!module.read.ended) {
		if (module.read.eat("global")) globals.push(parseGlobal(module));
		else if (module.read.eat("function")) functions.push(new FunctionParser(module).parse());
		else module.read.fail("expected global or function");
	}
	for (const action of module.later) action();
	for (const fn of functions) numberEffects(fn);
	return { functions, globals, extraTypes: [] };
}

interface Module {
	readonly read: TokenReader;
	readonly symbols: Symbols;
	/** Names are looked up when everything is read. */
	readonly later: (() => void)[];
}

function parseGlobal({ read, symbols, later }: Module): IrGlobal {
	const name = read.symbol();
	read.expect("section");
	const section = read.string();
	read.expect("size");
	const size = read.number();
	read.expect("align");
	const align = read.number();
	const symbol = objectSym(name);
	symbol.linkage = read.next() as ObjectSym["linkage"];
	const readonly = read.eat("readonly");
	if (readonly) symbol.type = READONLY;
	const bytes = read.eat("bytes") ? parseBytes(read, size) : undefined;
	const relocs: { offset: number; symbol: Sym | IrGlobal; addend: number }[] = [];
	while (read.eat("reloc")) {
		const offset = read.number();
		const target = read.symbol();
		read.expect("+");
		const addend = read.number();
		later.push(() => relocs.push({ offset, symbol: symbols.get(target), addend }));
	}
	const global: IrGlobal = { symbol, name, section, size, align, relocs, readonly, ...(bytes === undefined ? {} : { bytes }) };
	symbols.add(global);
	return global;
}

function parseBytes(read: TokenReader, size: number): Uint8Array {
	// A run of digits may have come apart into numbers and words.
	let digits = "";
	for (let word = read.peek(); word !== undefined && /^[0-9a-f]+$/.test(word); word = read.peek()) digits += read.next();
	const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
	if (bytes.length !== size) read.fail(`${bytes.length} bytes for a size of ${size}`);
	return bytes;
}

type Attributes = { -readonly [K in keyof Attr]: Attr[K] };

class FunctionParser {
	readonly #module: Module;
	readonly #read: TokenReader;
	readonly #values = new Map<number, Inst>();
	readonly #blocks = new Map<string, Block>();
	#maxId = 0;

	constructor(module: Module) {
		this.#module = module;
		this.#read = module.read;
	}

	parse(): IrFunction {
		const read = this.#read;
		const name = read.symbol();
		const params = this.#params();
		read.expect("->");
		const result = read.eat("void") ? null : read.type();
		const types = params.map((param) => param.ty!);
		const symbol = this.#module.symbols.function(name, types, result);
		symbol.type = functionSym(name, types, result).type;
		symbol.linkage = read.next() as FunctionSym["linkage"];
		const nullIsAddress = this.#qualities(symbol);
		const fn: IrFunction = { symbol, name, params, result, blocks: [], nextId: 0, end: null, ...(nullIsAddress ? { nullIsAddress } : {}) };
		this.#body(fn);
		fn.nextId = this.#maxId + 1;
		return fn;
	}

	#params(): Inst[] {
		const params: Inst[] = [];
		this.#read.expect("(");
		while (!this.#read.eat(")")) {
			const ty = this.#read.type();
			const id = this.#id(this.#read.next().slice(1));
			const inst: Inst = { id, op: "param", ty, args: [], attr: { param: params.length }, loc: null };
			params.push(inst);
			this.#values.set(inst.id, inst);
			this.#read.eat(",");
		}
		return params;
	}

	/** The words in front of the body. True: address 0 is an address like any other. */
	#qualities(symbol: FunctionSym): boolean {
		const read = this.#read;
		let nullIsAddress = false;
		while (!read.eat("{")) {
			const word = read.next();
			if (word.startsWith("inline-")) symbol.inline = word.slice(7) as FunctionSym["inline"];
			else if (word === "naked") symbol.naked = true;
			else if (word === "null-is-address") nullIsAddress = true;
			else if (word === "section") symbol.section = read.string();
			else read.fail("unknown word before {");
		}
		return nullIsAddress;
	}

	#body(fn: IrFunction): void {
		const read = this.#read;
		let current: Block | null = null;
		while (!read.eat("}")) {
			if (read.peek(1) === ":") {
				current = this.#block(read.next());
				read.expect(":");
				if (read.eat("unroll")) current.unroll = read.number();
				fn.blocks.push(current);
				continue;
			}
			if (current === null) return read.fail("expected a block label");
			current.insts.push(this.#inst());
		}
	}

	#id(word: string): number {
		const id = Number(word);
		this.#maxId = Math.max(this.#maxId, id);
		return id;
	}

	#block(word: string): Block {
		const known = this.#blocks.get(word);
		if (known !== undefined) return known;
		const dot = word.lastIndexOf(".");
		if (dot < 0) this.#read.fail(`${word} is no block (name.number)`);
		const made: Block = { id: this.#id(word.slice(dot + 1)), name: word.slice(0, dot), insts: [] };
		this.#blocks.set(word, made);
		return made;
	}

	#inst(): Inst {
		const read = this.#read;
		let id = -1;
		if (read.peek()?.startsWith("%")) {
			id = this.#id(read.next().slice(1));
			read.expect("=");
		}
		const [name, suffix] = read.next().split(".");
		if (!Object.hasOwn(ops, name)) read.fail(`unknown operation ${name} before`);
		const op = name as Op;
		const inst: Inst = { id, op, ty: null, args: [], loc: null };
		if (id >= 0) {
			inst.ty = read.type();
			this.#values.set(id, inst);
		}
		const attr: Attributes = {};
		if (suffix !== undefined) {
			if (op === "icmp") attr.pred = suffix as Pred;
			else if (op === "atomic") attr.rmw = suffix as NonNullable<Attr["rmw"]>;
			else attr.bits = Number(suffix) as NonNullable<Attr["bits"]>;
		}
		while (this.#attribute(op, attr));
		this.#operands(inst, attr);
		if (attrNames(op).length > 0) inst.attr = attr;
		return inst;
	}

	/** One of the attributes in front of the operands; false: none is left. */
	#attribute(op: Op, attr: Attributes): boolean {
		const read = this.#read;
		const names: readonly string[] = attrNames(op);
		const word = read.peek();
		if (word === undefined) return false;
		if (word.startsWith("asm=")) attr.asm = JSON.parse(read.next().slice(4)) as NonNullable<Attr["asm"]>;
		else if (word.startsWith("core=")) {
			const [root, access, relo, value] = JSON.parse(read.next().slice(5)) as [string, string, number, string];
			attr.core = { root: coreRoot(root), access, relo, value: BigInt(value) };
		} else if (word.startsWith("@") && (names.includes("global") || names.includes("callee"))) this.#symbol(names, attr);
		else if (op === "call" && word === "helper") {
			read.next();
			const [helper, number] = read.next().split("#");
			attr.callee = { kind: "helper", id: Number(number), name: helper };
		} else if (op === "call" && word === "indirect") {
			read.next();
			attr.callee = { kind: "indirect" };
		} else if (word === "signed" || word === "volatile" || word === "fetch") {
			attr[read.next() as "signed"] = true;
		} else if (read.peek(1) === "=" && names.includes(word)) {
			read.next();
			read.next();
			if (word === "variable" || word === "name") attr[word] = read.string();
			else attr[word as "size"] = read.number();
		} else return false;
		return true;
	}

	#symbol(names: readonly string[], attr: Attributes): void {
		const { symbols, later } = this.#module;
		const target = this.#read.symbol();
		if (names.includes("global"))
			later.push(() => {
				attr.global = symbols.get(target);
			});
		else
			later.push(() => {
				attr.callee = { kind: "function", symbol: symbols.function(target) };
			});
	}

	#operands(inst: Inst, attr: Attributes): void {
		const read = this.#read;
		const { op } = inst;
		const cases: bigint[] = [];
		const targets: Block[] = [];
		for (let first = true; first ? this.#startsOperand() || this.#startsBlock() : read.eat(","); first = false) {
			const position = inst.args.length;
			const store = (value: Value): void => {
				inst.args[position] = value;
			};
			if (op === "phi") {
				read.expect("[");
				this.#operand(store);
				read.expect(",");
				targets.push(this.#block(read.next()));
				read.expect("]");
			} else if (this.#startsOperand()) this.#operand(store);
			else {
				if (read.peek(1) === ":") {
					cases.push(BigInt(read.next()));
					read.expect(":");
				}
				targets.push(this.#block(read.next()));
			}
		}
		if (targets.length > 0 || op === "phi") inst.blocks = targets;
		if (op === "switch") attr.cases = cases;
	}

	#startsOperand(): boolean {
		return (/^[%[]/.test(this.#read.peek() ?? "}") && this.#read.peek(1) !== "=") || this.#read.isType();
	}

	#startsBlock(): boolean {
		return /^[A-Za-z_][\w.-]*\.\d+$/.test(this.#read.peek() ?? "") && this.#read.peek(1) !== ":";
	}

	#operand(store: (value: Value) => void): void {
		const read = this.#read;
		if (read.peek()!.startsWith("%")) {
			const wanted = this.#id(read.next().slice(1));
			this.#module.later.push(() => store(this.#values.get(wanted) ?? read.fail(`no value %${wanted}`)));
			store(constant("i32", 0));
		} else {
			const ty: Ty = read.type();
			store(read.eat("undef") ? { op: "undef", ty } : constant(ty, BigInt(read.next())));
		}
	}
}

/** Instructions without a value have no number in the text; they get the next free ones. */
function numberEffects(fn: IrFunction): void {
	for (const block of fn.blocks) {
		block.insts = block.insts.map((inst) => (inst.id < 0 ? Object.assign(inst, { id: fn.nextId++ }) : inst));
	}
}
