/** Every message that the verifier can give has a row, and the row's code is the one that the check names. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DIAGNOSES, diagnose } from "./diagnoses.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const sources = readdirSync(folder, { recursive: true }).map(String).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("words"));

interface Message { readonly file: string; readonly text: string; readonly code: string | undefined }

/** What stands for a number or a name in a message template. */
const SAMPLES: readonly (readonly [part: RegExp, sample: string])[] = [
	[/^R\(/, "R1"], [/^reason$/, "offset is outside of the packet"], [/^extra$/, " read from"], [/^where$/, "off=8 size=8"], [/^text$/, "The sequence of"], [/regno|insn|curframe|frames|\.type$|insn\.|index|size|off|limit|depth|length|value|imm|\bid\b|min|max|\bi\b|\bat\b|count|previous|\bn\b|Uid|refObjId|named|processed|Processed|own/i, "8"], [/./, "name"],
];

function* messages(): Generator<Message> {
	for (const file of sources) {
		const text = readFileSync(folder + file, "utf8");
		for (const match of text.matchAll(/\b(?:reject\([^,]+(?:\([^)]*\))?,|badReturn\(|bad\()\s*(?:(?:\w+|[^"`;{]{0,60}) \? )?(?:"([^"]+)"|`((?:[^`\\]|\\.)+)`)(?=([^;]*);)/g)) {
			const template = match[1] ?? match[2];
			const message = template.replace(/\$\{((?:[^{}]|\{[^{}]*\})+)\}/g, (_, code: string) => /.*"([^"]*)"/.exec(code)?.[1] ?? SAMPLES.find(([part]) => part.test(code))![1]);
			yield { file, text: message, code: /code: "(V\d+)"/.exec(match[3])?.[1] };
		}
	}
}

describe("diagnoses", () => {
	const all = [...messages()];

	it("are there for every message", () => {
		expect(all.length).toBeGreaterThan(250);
		expect(all.filter(({ text }) => diagnose(text) === null).map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
	});

	it("have the code that the check names", () => {
		const other = all.flatMap(({ file, text, code }) => (code === undefined || diagnose(text)?.row.code === code ? [] : [`${file}: ${text}: ${code} is ${diagnose(text)?.row.code}`]));
		expect(other).toEqual([]);
	});

	it("say what must hold", () => {
		for (const { code, title, needed } of DIAGNOSES) expect(title !== "" && (needed !== "" || code > "V0990"), code).toBe(true);
	});
});
