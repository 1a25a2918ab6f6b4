/**
 * What one module imports and shares between its functions, collected while they are emitted: helpers by number, kernel
 * functions by name, services of the host, lookup functions by map, the globals of access sites.
 */
import type { Facts } from "../../verifier/facts.ts";
import type { JitProgram } from "../program.ts";
import { TAIL_CALL } from "../op.ts";
import type { Surroundings } from "../surroundings.ts";
import type { FunctionType, WasmImport } from "./encode.ts";
import { I32 } from "./opcodes.ts";

export class Linkage {
	readonly facts: Facts | null;
	readonly checked: boolean;
	readonly around: Surroundings;
	readonly program: JitProgram;
	readonly imports: WasmImport[] = [];
	/** Hash maps with a lookup function in the module, in the order of their functions. */
	readonly lookups: number[] = [];
	/** Pairs of globals: the guard's, then those of each function's windows. */
	readonly pairs: number;
	/** The budget is a local of the only function. */
	readonly localFuel: boolean;
	readonly #windowBases: readonly number[];
	readonly #byName = new Map<string, number>();
	readonly #frozenImports: number;

	/** `importCount`: how many imports there will be; known from a first pass over the operations. */
	constructor(program: JitProgram, around: Surroundings, imports: readonly WasmImport[]) {
		this.program = program;
		this.around = around;
		this.facts = around.facts;
		this.checked = around.checked;
		for (const entry of imports) {
			this.#byName.set(entry.name, this.imports.length);
			this.imports.push(entry);
		}
		this.#frozenImports = imports.length;
		let pairs = 1;
		this.#windowBases = program.functions.map((fn) => {
			const base = pairs;
			pairs += fn.plan?.windows.length ?? 0;
			return base;
		});
		this.pairs = pairs;
		this.localFuel = program.functions.length === 1;
	}

	importIndex(name: string): number {
		const index = this.#byName.get(name);
		if (index === undefined) throw new Error(`internal error: ${name} was not imported`);
		return index;
	}

	/** Index of a subprogram in the module's function space. */
	functionIndex(id: number): number {
		return this.#frozenImports + id;
	}

	lookupIndex(map: number): number {
		let at = this.lookups.indexOf(map);
		if (at < 0) at = this.lookups.push(map) - 1;
		return this.#frozenImports + this.#fixedFunctions + at;
	}

	/** Subprograms; the main program's other version; with checks, what empties the windows. */
	get #fixedFunctions(): number {
		return this.program.functions.length + (this.program.functions[0].slow === null ? 0 : 1) + (this.checked ? 1 : 0);
	}

	slowIndex(): number {
		return this.#frozenImports + this.program.functions.length;
	}

	emptyIndex(): number {
		return this.#frozenImports + this.#fixedFunctions - 1;
	}

	/** First of a window's two globals. */
	windowPair(functionId: number, window: number): number {
		return GLOBALS.guard + 2 * (this.#windowBases[functionId] + window);
	}
}

/** Indexes of the globals that every module has. */
export const GLOBALS = { fuel: 0, generation: 1, guard: 2 } as const;

export const low = (params: number): FunctionType => ({ params: new Array<typeof I32>(params).fill(I32), results: [I32] });

/** The imports that a program's operations need. */
export function collectImports(program: JitProgram, around: Surroundings): WasmImport[] {
	const found = new Map<string, WasmImport>();
	const need = (name: string, type: FunctionType): void => {
		found.set(name, { name, type });
	};
	if (around.checked) need("check", { params: [I32, I32, I32, I32, I32], results: [] });
	if (program.functions[0].slow !== null) need("guard", low(1));
	for (const fn of program.functions) {
		for (const block of fn.cfg.blocks) {
			for (let pc = block.start; pc < block.end; pc++) {
				const op = fn.ops[pc];
				if (op?.kind === "helper" && op.id === TAIL_CALL) need("tail", low(4));
				else if (op?.kind === "callx") need("callx", low(7));
				else if (op?.kind === "helper" || op?.kind === "kfunc") need(around.callee(op, pc), low(around.shape(op, pc).args));
				else if (op?.kind === "packet") need("packet", low(2));
			}
		}
	}
	return [...found.values()];
}
