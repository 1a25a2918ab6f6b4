/**
 * A campaign over mutated objects: whatever the bytes are, reading ends soon, in an object or in a refusal that says where; and what was
 * read goes through every tool without harm.
 *
 * In: named objects, a seed, how many mutations or seconds. Out: figures, and what went wrong with the number that makes it again.
 * Time is the processor's, not the clock's: the machine may be busy.
 */
import { dumpBtfAsC } from "../../assembler/btf/c-dump.ts";
import { printBtf } from "../../assembler/btf/print.ts";
import { typeSource } from "../../assembler/btf/type-source.ts";
import { FormatError } from "../../assembler/bytes.ts";
import { describeRelocations, describeSections, describeSymbols } from "../../assembler/elf/describe.ts";
import { readElf, readLayout } from "../../assembler/elf/read.ts";
import { writeElf } from "../../assembler/elf/write.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { disassemble } from "../../assembler/text/disassemble.ts";
import { sourceLines } from "../../assembler/text/source-lines.ts";
import { describeObject } from "../../linker/bindings/model.ts";
import { cSkeleton } from "../../linker/bindings/skeleton.ts";
import { typescriptBindings } from "../../linker/bindings/typescript.ts";
import { minCoreBtf } from "../../linker/core/min-btf.ts";
import { link } from "../../linker/link.ts";
import { openObject } from "../../runtime/loader/open.ts";
import { mutate, random } from "./mutate.ts";

export interface NamedObject {
	readonly name: string;
	readonly bytes: Uint8Array;
}

export interface Campaign {
	readonly seed: number;
	readonly mutations: number;
	/** Stops sooner after so many seconds. */
	readonly seconds: number;
	/** Only this mutation: what a failure names. */
	readonly only?: number;
}

export interface CampaignReport {
	readonly tried: number;
	/** Read, with and without a complaint of a later tool. */
	readonly read: number;
	readonly refused: number;
	readonly slowest: { readonly milliseconds: number; readonly mutation: string };
	/** Of the process at its largest, in bytes. */
	readonly memory: number;
	readonly failures: readonly { readonly mutation: string; readonly problem: string }[];
}

const LIMIT_MS = 1000;
const MOST_FAILURES = 20;

export function fuzzObjects(objects: readonly NamedObject[], { seed, mutations, seconds, only }: Campaign): CampaignReport {
	const end = performance.now() + seconds * 1000;
	const failures: { mutation: string; problem: string }[] = [];
	const originals = objects.map(({ bytes }) => readElf(bytes));
	let slowest = { milliseconds: 0, mutation: "" };
	let [tried, read, refused] = [0, 0, 0];
	for (let i = only ?? 0; i < (only === undefined ? mutations : only + 1); i++) {
		if (performance.now() > end || failures.length >= MOST_FAILURES) break;
		const which = i % objects.length;
		const mutation = `${i} (${objects[which].name})`;
		const pick = random(seed + i * 0x9e3779b1);
		const bytes = mutate(objects[which].bytes, pick);
		const before = process.cpuUsage();
		let object: ObjectFile | undefined;
		try {
			object = readElf(bytes);
			// All tools on all mutations would take hours: each gets some.
			for (let n = only === undefined ? 2 : TOOLS.length; n > 0; n--) {
				const tool = TOOLS[only === undefined ? pick(TOOLS.length) : n - 1];
				tool(object, bytes, originals[which]);
			}
			read++;
		} catch (error) {
			if (error instanceof FormatError && /at offset \d+/.test(error.message)) object === undefined ? refused++ : read++;
			else failures.push({ mutation, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
		}
		const { user, system } = process.cpuUsage(before);
		const milliseconds = (user + system) / 1000;
		if (milliseconds > slowest.milliseconds) slowest = { milliseconds, mutation };
		if (milliseconds > LIMIT_MS) failures.push({ mutation, problem: `took ${Math.round(milliseconds)} ms` });
		tried++;
	}
	return { tried, read, refused, slowest, memory: process.resourceUsage().maxRSS * 1024, failures };
}

type Tool = (object: ObjectFile, bytes: Uint8Array, original: ObjectFile) => void;

const TOOLS: readonly Tool[] = [
	(object) => void disassemble(object, { relocations: true, before: sourceLines(object) }),
	(object, bytes) => {
		const layout = readLayout(bytes);
		describeSections(layout);
		describeSymbols(layout, object);
		describeRelocations(layout, object);
	},
	({ btf }) => {
		if (btf === undefined) return;
		printBtf(btf);
		dumpBtfAsC(btf);
	},
	(object) => {
		// What was read can be written, and that can be read.
		const again = writeElf(object);
		try {
			readElf(again);
		} catch (error) {
			throw new Error(`what was written is not read: ${error instanceof Error ? error.message : error}`);
		}
	},
	(object, _, original) => {
		const { object: linked, errors } = link([
			{ name: "a.o", object },
			{ name: "b.o", object: original },
		]);
		if (linked !== undefined) writeElf(linked);
		else if (errors.length === 0 || errors.some(({ message }) => message === "")) throw new Error("a link fails without a reason");
	},
	(object, bytes) => {
		const { module } = typescriptBindings(describeObject(object), "fuzz.o");
		// Names are data: whatever they are, the text is JavaScript. It is not run.
		new Function(module.replace(/^export \{ \$\d+ as [A-Za-z_$][\w$]* \};$/gm, "").replace(/^export /gm, ""));
		cSkeleton(object, bytes, "fuzz");
	},
	(object, _, original) => {
		// Opening collects what is wrong and throws nothing.
		const { programs, errors } = openObject(object, { guessType: true, ...(original.btf === undefined ? {} : { kernelBtf: typeSource(original.btf) }) });
		for (const error of [...errors, ...programs.flatMap((program) => program.errors)]) if (error.message === "") throw new Error("an object is not opened without a reason");
	},
	(object, _, original) => {
		if (original.btf !== undefined) minCoreBtf(typeSource(original.btf), [{ name: "a.o", object }]);
		if (object.btf !== undefined) minCoreBtf(typeSource(object.btf), [{ name: "b.o", object: original }]);
	},
];
