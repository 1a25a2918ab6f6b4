/**
 * A campaign over mutated C: tokens deleted, doubled, exchanged, replaced by others of the text, the text cut off. Whatever it says, the compiler ends
 * soon, with an object or with errors; a fault of its own is a failure here.
 *
 * In: named sources, a seed, how many mutations or seconds. Out: figures, and what went wrong with the number that makes it again.
 * Time is the processor's, not the clock's: the machine may be busy.
 */
import { compile } from "../../compiler/driver/compile.ts";
import type { CompileOptions } from "../../compiler/driver/options.ts";
import { random, type Random } from "./mutate.ts";

export interface NamedSource {
	readonly name: string;
	readonly text: string;
	readonly options: CompileOptions;
}

export interface SourceCampaign {
	readonly seed: number;
	readonly mutations: number;
	readonly seconds: number;
	/** Only this mutation: what a failure names. */
	readonly only?: number;
}

export interface SourceReport {
	readonly tried: number;
	readonly compiled: number;
	readonly refused: number;
	/** Processor time of the slowest mutation, in milliseconds. */
	readonly slowest: { readonly mutation: number; readonly milliseconds: number };
	readonly failures: readonly { readonly mutation: number; readonly source: string; readonly problem: string }[];
}

/** Milliseconds of processor time that one mutation may take beyond what its source takes. */
const PATIENCE = 5_000;

export function fuzzSources(sources: readonly NamedSource[], { seed, mutations, seconds, only }: SourceCampaign): SourceReport {
	const end = process.cpuUsage().user + seconds * 1e6;
	const failures: { mutation: number; source: string; problem: string }[] = [];
	let tried = 0;
	let compiled = 0;
	let slowest = { mutation: -1, milliseconds: 0 };
	for (let mutation = only ?? 0; mutation < (only === undefined ? mutations : only + 1) && process.cpuUsage().user < end; mutation++) {
		const { name, text, options } = sources[mutation % sources.length];
		const mutant = mutateSource(text, random(seed + mutation * 7919));
		tried++;
		const start = process.cpuUsage().user;
		try {
			if (compile(name, mutant, options).ok) compiled++;
		} catch (thrown) {
			failures.push({ mutation, source: name, problem: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
		}
		const milliseconds = (process.cpuUsage().user - start) / 1e3;
		if (milliseconds > slowest.milliseconds) slowest = { mutation, milliseconds };
		if (milliseconds > PATIENCE) failures.push({ mutation, source: name, problem: `took ${milliseconds.toFixed(0)} ms` });
	}
	return { tried, compiled, refused: tried - compiled, slowest, failures };
}

/** Words, numbers, literals, punctuators and the white space between them. */
const TOKEN = /\s+|\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.]+|<<=|>>=|\.\.\.|->|\+\+|--|&&|\|\||[-+*/%&|^<>=!]=|<<|>>|./g;

/** What stands where it should not is as likely an operator or a bracket as a word of the text. */
const STRANGERS = ["(", ")", "{", "}", "[", "]", ";", ",", "*", "&", "->", ".", "=", "==", "+", "-", "<<", "?", ":", "#", "##", "...", "int", "struct", "static", "const", "return", "if", "else", "sizeof", "0", "1", "-1", "0xffffffffffffffff", '"s"', "'c'", "\n", "\\", "typedef", "__attribute__((packed))", "volatile", "goto", "case", "switch", "asm"];

export function mutateSource(text: string, below: Random): string {
	const tokens = text.match(TOKEN) ?? [];
	const count = 1 + below(2);
	for (let i = 0; i < count && tokens.length > 1; i++) {
		const at = below(tokens.length);
		switch (below(7)) {
			case 0:
				tokens.splice(at, 1);
				break;
			case 1:
				tokens.splice(at, 0, tokens[at]);
				break;
			case 2: {
				const other = below(tokens.length);
				[tokens[at], tokens[other]] = [tokens[other], tokens[at]];
				break;
			}
			case 3:
				tokens[at] = tokens[below(tokens.length)];
				break;
			case 4:
				tokens[at] = STRANGERS[below(STRANGERS.length)];
				break;
			case 5:
				tokens.splice(at, 0, STRANGERS[below(STRANGERS.length)]);
				break;
			default:
				// Seldom, or nothing of a text would ever be left.
				if (below(4) === 0) tokens.length = at;
				else tokens.splice(at, 1 + below(6));
		}
	}
	return tokens.join("");
}
