/**
 * Everything that is known around a rejection, from the place where it happened and the path to it: the C expression, the variables, where
 * their values come from, the size of the object, the call. Whatever cannot be found is null; nothing is guessed beyond the line's text.
 *
 * In: the image and a rejection, of ours or read from a kernel's log; out: `Clues`, of which words and edits are made.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import type { LineRecord, ProgramImage } from "../../image.ts";
import { lineAt } from "../../fault.ts";
import type { Rejection } from "../facts.ts";
import { MAP } from "../maps.ts";
import { type AccessText, accessAt, argumentsOf, assignedIn, objectOf, withoutComment } from "./c-text.ts";
import { type Known, parseState } from "./known.ts";
import { openBound } from "./open-loop.ts";
import { type Trace, calleeName, trace } from "./trace.ts";

export interface Origin {
	readonly insn: number;
	readonly line: LineRecord | null;
	readonly why: string;
	readonly kind: Trace["kind"];
	/** The newest comparison of the value, if any. */
	readonly compared: LineRecord | null;
	/** That comparison was one of 32 bits. */
	readonly half: boolean;
}

export interface Clues {
	readonly image: ProgramImage;
	readonly groups: readonly string[];
	readonly insn: number;
	readonly line: LineRecord | null;
	/** State of the register concerned. */
	readonly known: Known | null;
	/** C variable concerned. */
	readonly name: string | null;
	readonly origin: Origin | null;
	readonly access: AccessText | null;
	/** What was added to the pointer. */
	readonly index: {
		readonly name: string | null;
		readonly scale: number;
		readonly low: bigint | null;
		readonly high: bigint | null;
		readonly origin: Origin | null;
	} | null;
	/** Bytes of the object pointed to. */
	readonly object: number | null;
	readonly accessSize: number;
	/** Constant part of the offset. */
	readonly accessOffset: number;
	/** Bytes of the packet that a check must cover. */
	readonly packetEnd: number | null;
	readonly callee: string | null;
	/** C text of the argument concerned, and its number from 1. */
	readonly argument: { readonly number: number; readonly text: string | null } | null;
	/** What the next argument says of the object's size, where the object given to a function is too small. */
	readonly size: { readonly text: string | null; readonly low: bigint | null; readonly high: bigint | null } | null;
	/** Object and size of a memcpy on the line, of the side concerned. */
	readonly copied: { readonly text: string; readonly name: string | null; readonly size: string | null } | null;
	/** The call that acquired what leaks. */
	readonly acquired: {
		readonly line: LineRecord | null;
		readonly insn: number;
		readonly callee: string;
		readonly name: string | null;
	} | null;
	/** The call that made a pointer unusable: by giving it back, or by moving the packet. */
	readonly lost: { readonly line: LineRecord | null; readonly insn: number; readonly callee: string; readonly moved: boolean } | null;
	readonly busiest: { readonly line: number; readonly visits: number } | null;
	/** The line stands alone under a condition without braces. */
	readonly bare: boolean;
	/** The function that calls itself, where calls are nested too deep. */
	readonly recursion: string | null;
	/** How to leave the program without harm. */
	readonly exit: string;
	readonly write: boolean;
	/** The register still is as the function was entered. */
	readonly unread: boolean;
}

const SIZES = [4, 2, 1, 8];

/** What a lookup gives in a map of maps that declares no inner one: the verifier takes it for a value, which nobody means. */
function withoutInner(known: Known, { maps }: ProgramImage): Known {
	if (known.type !== "map_value") return known;
	const map = maps.find(({ name }) => name === known.attributes.get("map"));
	return map?.inner === null && MAPS_OF_MAPS.has(map.type) ? { ...known, type: "inner_map" } : known;
}
const MAPS_OF_MAPS: ReadonlySet<number> = new Set([MAP.ARRAY_OF_MAPS, MAP.HASH_OF_MAPS]);

export function gather(image: ProgramImage, rejection: Rejection, groups: readonly string[]): Clues {
	const { message, loop } = rejection;
	// Where the budget ran out says nothing; the loop does.
	const insn = loop?.insn ?? rejection.insn;
	const line = insn >= 0 ? lineAt(image, loop?.insn ?? rejection.busiest?.insn ?? insn) : null;
	const at = image.insns[insn];
	const executed = rejection.executed ?? [];
	const notes = rejection.notes ?? [];
	const cls = at === undefined ? 0 : at.opcode & 7;
	const isCall = at?.opcode === 0x85;
	const memory = at !== undefined && cls >= 1 && cls <= 3;
	const adds = at?.opcode === 0x0f;
	const register = suspect(image, rejection, at);
	const text = rejection.state?.[`R${register}`];
	const known = text === undefined ? null : withoutInner(parseState(text), image);
	const from = register >= 0 && register <= 10 ? trace(image, executed, 0, register) : null;
	const origin = placed(image, from);
	const callee = isCall ? calleeName(image, insn) : null;
	const passed = callee === null || line === null ? null : argumentsOf(line.text, callee);
	const argument = isCall && register >= 1 && register <= 5 ? { number: register, text: passed?.[register - 1] ?? null } : null;
	const originName =
		from === null || origin?.line === null || origin === null || from.kind === "argument" || from.kind === "lost"
			? null
			: assignedIn(origin.line.text);
	const access =
		line === null || isCall ? null : accessAt(line.text, line.column, originName, memory ? (cls === 1 ? "load" : "store") : null);
	const copy = memory ? copied(line, cls === 1) : null;
	const base = access === null ? null : originName !== null && access.base.startsWith(`${originName}->`) ? originName : access.base;
	const atomic = cls === 3 && line !== null ? /__(?:sync|atomic)_\w+\s*\(([^,]+),/.exec(line.text) : null;
	// What is stored is not what the line's expression points through.
	const stored = memory && cls !== 1 && register === at.src && register !== at.dst;
	const passedName = argument?.text ? (objectOf(argument.text) ?? argument.text) : null;
	const name =
		passedName ??
		(atomic === null ? null : objectOf(atomic[1])) ??
		(adds || (memory && !stored) ? base : null) ??
		copy?.name ??
		originName ??
		(/stack/.test(message) ? storedName(image, executed) : null);
	const next = argument !== null && known !== null && known.type !== "scalar" ? rejection.state?.[`R${register + 1}`] : undefined;
	const sizeKnown = next === undefined ? null : parseState(next);
	const numbers = firstMatch([...notes, message], /(?:value_size|mem_size|key_size)=(\d+) off=(-?\d+) size=(\d+)/);
	const packet = firstMatch([...notes, message], /invalid access to packet, off=(-?\d+) size=(\d+)/);
	const sized = known?.attributes.get("vs") ?? known?.attributes.get("sz") ?? known?.attributes.get("mem_size");
	const after = adds ? nextAccess(image, insn) : null;
	const size = numbers ? Number(numbers[3]) : packet ? Number(packet[2]) : (after?.size ?? (memory ? SIZES[(at.opcode >> 3) & 3] : 1));
	const offset = Number(known?.attributes.get("off") ?? 0) + (memory ? at.off : (after?.off ?? 0));
	const added = adds && rejection.register < 0 ? { register: at.dst === register ? at.src : at.dst, at: 0 } : (from?.added ?? null);
	return {
		image,
		groups,
		insn,
		line,
		known,
		name,
		origin,
		access,
		callee,
		argument,
		index: indexOf(image, rejection, added, known, access?.index ?? null, name),
		object: numbers ? Number(numbers[1]) : sized !== undefined ? Number(sized) : sizeOfArgument(rejection, isCall, register),
		size:
			sizeKnown === null || sizeKnown.type !== "scalar" || !/mem|outside|stack|beyond|value/.test(message)
				? null
				: { text: passed?.[register] ?? null, low: sizeKnown.low, high: sizeKnown.high },
		copied: copy,
		accessSize: size,
		accessOffset: offset,
		packetEnd: packet ? Number(packet[1]) + Number(packet[2]) : known?.type === "pkt" ? offset + size : null,
		acquired: acquiredBy(image, [...notes, message]),
		lost: known?.type === "scalar" ? lostAt(image, executed, from) : null,
		busiest: busiestLine(image, rejection),
		exit: exitOf(image, insn),
		write: memory && cls !== 1,
		unread: from?.kind === "argument" && (image.funcInfo.length < 2 || insn < image.funcInfo[1][0]),
		bare: line !== null && isBare(image, line),
		recursion: recursionAt(image, insn, executed),
	};
}

/** The register that the rejection is about: it may say so itself, or the instruction tells. −1: neither does. */
function suspect(image: ProgramImage, rejection: Rejection, at: Insn | undefined): number {
	const { message, loop } = rejection;
	if (loop && loop.register >= 0) return loop.register;
	if (!loop && at !== undefined && /jumps is too complex|too large\. Processed/.test(message)) {
		const bound = openBound(image, rejection.executed ?? [], rejection.state, at);
		if (bound >= 0) return bound;
	}
	if (rejection.register >= 0) return rejection.register;
	if (at === undefined) return -1;
	const cls = at.opcode & 7;
	if (cls === 1) return at.src;
	if (cls === 2 || cls === 3) return at.dst;
	return at.opcode === 0x0f ? pointerOf(rejection, at.dst, at.src) : -1;
}

function firstMatch(texts: readonly string[], pattern: RegExp): RegExpExecArray | null {
	for (const text of texts) {
		const match = pattern.exec(text);
		if (match !== null) return match;
	}
	return null;
}

/** Of `__builtin_memcpy(&to, &from, n)` the object that is read, or the one that is written. */
function copied(line: LineRecord | null, read: boolean): Clues["copied"] {
	const passed = line === null ? null : (argumentsOf(line.text, "memcpy") ?? argumentsOf(line.text, "memmove"));
	if (passed === null || passed.length < 2) return null;
	const text = passed[read ? 1 : 0];
	return { text, name: objectOf(text), size: passed[2] ?? null };
}

/** The access, on the same line, that the sum is computed for. */
function nextAccess(image: ProgramImage, insn: number): { size: number; off: number } | null {
	const { dst } = image.insns[insn];
	const line = lineAt(image, insn);
	for (let i = insn + 1; i < Math.min(insn + 8, image.insns.length); i++) {
		const next = image.insns[i];
		const cls = next.opcode & 7;
		if (cls === 5 || cls === 6 || lineAt(image, i)?.line !== line?.line) return null;
		if ((cls === 1 && next.src === dst) || ((cls === 2 || cls === 3) && next.dst === dst))
			return { size: SIZES[(next.opcode >> 3) & 3], off: next.off };
		if (next.dst === dst && cls !== 2 && cls !== 3) return null;
	}
	return null;
}

/** The record before, in the source, is a condition without a brace. */
function isBare(image: ProgramImage, line: LineRecord): boolean {
	return image.lineInfo.some(
		(other) =>
			other.line === line.line - 1 &&
			other.file === line.file &&
			/^\s*(?:\}\s*)?(?:else\b|(?:if|for|while)\s*\().*[^{;]$/.test(withoutComment(other.text)),
	);
}

function recursionAt(image: ProgramImage, insn: number, executed: readonly number[]): string | null {
	const call = image.insns[insn];
	if (call?.opcode !== 0x85 || call.src !== 1 || !executed.includes(insn)) return null;
	const start = insn + call.imm + 1;
	const type = image.btf?.types[image.funcInfo.find(([at]) => at === start)?.[1] ?? 0];
	return type?.kind === "func" ? type.name : "the function";
}

function placed(image: ProgramImage, from: Trace | null): Origin | null {
	if (from === null) return null;
	return {
		insn: from.insn,
		line: from.kind === "argument" ? null : lineAt(image, from.insn),
		why: from.why,
		kind: from.kind,
		compared: from.compared < 0 ? null : lineAt(image, from.compared),
		half: from.compared >= 0 && (image.insns[from.compared].opcode & 7) === 6,
	};
}

function pointerOf({ state }: Rejection, dst: number, src: number): number {
	return parseState(state?.[`R${dst}`] ?? "").type === "scalar" ? src : dst;
}

function indexOf(
	image: ProgramImage,
	rejection: Rejection,
	added: Trace["added"],
	known: Known | null,
	text: string | null,
	pointer: string | null,
): Clues["index"] {
	const variable = text !== null && !/^\w*\d+$/.test(text.replace(/^0x/, "0")) ? text : null;
	const moved = known !== null && known.type !== "scalar" && known.low !== known.high;
	if (added === null)
		return moved || variable !== null
			? { name: variable, scale: 1, low: known?.low ?? null, high: known?.high ?? null, origin: null }
			: null;
	const value = trace(image, rejection.executed ?? [], added.at, added.register);
	if (value?.kind === "constant" && !moved) return null;
	// What is being added right now is known itself; what was added before, by the pointer's variable part.
	const own = added.at === 0 ? rejection.state?.[`R${added.register}`] : undefined;
	const { low, high } = own === undefined ? (known ?? { low: null, high: null }) : parseState(own);
	const origin = placed(image, value);
	const scale = value?.scale ?? 1;
	const part = (bound: bigint | null): bigint | null => (bound === null || scale < 1 ? bound : bound / BigInt(Math.trunc(scale)));
	// What the line at hand assigns is its result, not its index.
	const assigned =
		origin?.line && value?.kind !== "argument" && origin.line.line !== lineAt(image, rejection.insn)?.line
			? assignedIn(origin.line.text)
			: null;
	return { name: variable ?? (assigned === pointer ? null : assigned), scale, low: part(low), high: part(high), origin };
}

/** A pointer that became a number: the newest call that gives back or moves what it pointed to. */
function lostAt(image: ProgramImage, executed: readonly number[], from: Trace | null): Clues["lost"] {
	if (from === null || (from.kind !== "call" && from.kind !== "load")) return null;
	for (const at of executed) {
		if (at === from.insn) return null;
		const { opcode, src } = image.insns[at];
		if (opcode !== 0x85 || src === 1) continue;
		const callee = calleeName(image, at);
		const moved =
			from.kind === "load" &&
			/adjust|pull_data|push_data|pop_data|vlan_(?:push|pop)|change_(?:proto|tail|head)|store_bytes|csum_replace|clone_redirect/.test(
				callee,
			);
		if (moved || (from.kind === "call" && /submit|discard|release|drop|_put|destroy|unlock/.test(callee)))
			return { line: lineAt(image, at), insn: at, callee, moved };
	}
	return null;
}

/** A memory argument's size is in the next register. */
function sizeOfArgument(rejection: Rejection, isCall: boolean, register: number): number | null {
	if (!isCall || register < 2) return null;
	const before = rejection.state?.[`R${register - 1}`];
	if (before === undefined) return null;
	const { attributes, type } = parseState(before);
	const size = attributes.get("vs") ?? attributes.get("sz");
	if (size !== undefined) return Number(size) - Number(attributes.get("off") ?? 0);
	const stack = /^fp-(\d+)$/.exec(type);
	return stack === null ? null : Number(stack[1]);
}

/** The last line before that gave something on the stack a value. */
function storedName(image: ProgramImage, executed: readonly number[]): string | null {
	for (const at of executed.slice(0, 200)) {
		const { opcode, dst } = image.insns[at];
		if (((opcode & 7) !== 2 && (opcode & 7) !== 3) || dst !== 10) continue;
		const line = lineAt(image, at);
		const name = line === null ? null : assignedIn(line.text);
		if (name !== null) return name.split(/->|\.|\[/)[0];
	}
	return null;
}

function acquiredBy(image: ProgramImage, texts: readonly string[]): Clues["acquired"] {
	const match = texts.map((text) => /alloc_insn=(\d+)/.exec(text)).find((found) => found !== null);
	if (match === null || match === undefined) return null;
	const insn = Number(match[1]);
	const line = lineAt(image, insn);
	const callee = image.insns[insn]?.opcode === 0x85 ? calleeName(image, insn) : "the call";
	const assigned = line === null ? null : assignedIn(line.text);
	const passed = line === null ? null : argumentsOf(line.text, callee);
	// Some fill a variable of the caller's instead of returning a pointer.
	const made = callee === "bpf_ringbuf_reserve_dynptr" ? passed?.[3] : /^bpf_iter_\w+_new$/.test(callee) ? passed?.[0] : undefined;
	return { insn, line, callee, name: made?.replace(/^&/, "") ?? assigned };
}

function busiestLine(image: ProgramImage, { busiest }: Rejection): Clues["busiest"] {
	if (busiest === undefined) return null;
	const line = lineAt(image, busiest.insn);
	return line === null ? null : { line: line.line, visits: busiest.visits };
}

const EXITS: Readonly<Record<number, string>> = {
	3: "return TC_ACT_OK;",
	4: "return TC_ACT_OK;",
	6: "return XDP_PASS;",
	8: "return 1;",
	9: "return 1;",
	13: "return 1;",
	14: "return SK_PASS;",
	15: "return 1;",
	16: "return SK_PASS;",
	18: "return 1;",
	23: "return 1;",
	25: "return 1;",
	30: "return SK_PASS;",
	32: "return NF_ACCEPT;",
};

function exitOf(image: ProgramImage, insn: number): string {
	const inMain = image.funcInfo.length < 2 || insn < image.funcInfo[1][0];
	return (inMain && typeof image.type === "number" ? EXITS[image.type] : undefined) ?? "return 0;";
}
