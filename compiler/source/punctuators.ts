/** Punctuators by their first byte, the longest first: the text is cut by maximal munch (C11 6.4p4). Digraphs are the tokens that they spell. */
import { kindOf, PUNCTUATORS, type Punctuator } from "./kinds.ts";

export interface Munch {
	readonly kind: number;
	readonly bytes: readonly number[];
}

const DIGRAPHS: Readonly<Record<string, Punctuator>> = { "<:": "[", ":>": "]", "<%": "{", "%>": "}", "%:": "#", "%:%:": "##" };

const byFirst: readonly Munch[][] = Array.from({ length: 256 }, () => []);
for (const [spelling, meant] of [...PUNCTUATORS.map((own) => [own, own] as const), ...Object.entries(DIGRAPHS)]) {
	const bytes = [...spelling].map((c) => c.charCodeAt(0));
	byFirst[bytes[0]].push({ kind: kindOf(meant), bytes });
}
for (const list of byFirst) list.sort((a, b) => b.bytes.length - a.bytes.length);

/** The kinds that digraphs spell too, and how. */
const digraphs = new Map(Object.entries(DIGRAPHS).map(([digraph, meant]) => [kindOf(meant), digraph]));

export function digraphOf(kind: number): string | undefined {
	return digraphs.get(kind);
}

/** The punctuator at `start`, or undefined. */
export function punctuatorAt(text: Uint8Array, start: number): Munch | undefined {
	const list = byFirst[text[start]];
	for (let i = 0; i < list.length; i++) {
		const { bytes } = list[i];
		let at = 1;
		while (at < bytes.length && text[start + at] === bytes[at]) at++;
		if (at === bytes.length) return list[i];
	}
	return undefined;
}
