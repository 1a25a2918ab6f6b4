import type { IrGlobal, Inst, Value } from "../../ir/types.ts";
import { helperByName } from "../../../assembler/spec/helpers.ts";
import { mapTypeId } from "../../../assembler/spec/map-types.ts";
import { isInst } from "../../ir/values.ts";
import { asArray, asPointer, asRecord } from "../../types/basic.ts";
import { rootOf } from "./slots.ts";

/**
 * Where an address lies between words, whatever its type says. Events and map values are packed records often, of which C knows no more than that
 * each byte is one; but the kernel gives out nothing that does not begin with a word.
 */
export interface Alignment {
	/** A power of two, 8 at most: the address is `phase` more than a multiple of it. */
	readonly align: number;
	readonly phase: number;
}

/**
 * The maps of the program's own values, which begin with a word. A trie's follow the key's bytes as they are, and those of devices lie behind a number of
 * 32 bits of the kernel's.
 */
const IN_WORDS: ReadonlySet<number> = new Set(
	(["HASH", "ARRAY", "PERCPU_HASH", "PERCPU_ARRAY", "LRU_HASH", "LRU_PERCPU_HASH"] as const).map(mapTypeId),
);

const idOf = (name: string): number => helperByName(`bpf_${name}`)!.id;
const LOOKUPS: ReadonlySet<number> = new Set(["map_lookup_elem", "map_lookup_percpu_elem"].map(idOf));
const GIVES_WORDS: ReadonlySet<number> = new Set(
	["ringbuf_reserve", "sk_storage_get", "inode_storage_get", "task_storage_get", "cgrp_storage_get", "get_local_storage"].map(idOf),
);

/** What can be proven of an address, and what is claimed of it where that is more. Stack slots are aligned as we like (up to 8). */
export function alignmentOf(address: Value, claimed: number): Alignment {
	const { root, offset } = rootOf(address);
	const { align, phase } = offset === null ? UNKNOWN : moved(alignmentOfRoot(root, new Set()), offset);
	return claimed >= align ? { align: claimed, phase: 0 } : { align, phase };
}

/** The alignment as one number: no access may be wider at the address itself. */
export const naturalOf = ({ align, phase }: Alignment): number => (phase === 0 ? align : phase & -phase);

/** Of two addresses that go on together: the words that both have at the same distance. */
export function togetherOf(a: Alignment, b: Alignment): Alignment {
	let align = Math.min(a.align, b.align);
	while ((a.phase - b.phase) % align !== 0) align /= 2;
	return { align, phase: a.phase % align };
}

const UNKNOWN: Alignment = { align: 1, phase: 0 };
const WORD: Alignment = { align: 8, phase: 0 };

const moved = ({ align, phase }: Alignment, by: number): Alignment => ({ align, phase: (((phase + by) % align) + align) % align });

function alignmentOfRoot(root: Value, seen: Set<Inst>): Alignment {
	if (!isInst(root)) return UNKNOWN;
	switch (root.op) {
		case "alloca":
			return { align: Math.min(8, Math.max(root.attr!.align!, 1)), phase: 0 };
		case "global": {
			const target = root.attr!.global!;
			return "section" in target && "size" in target
				? moved({ align: Math.min(8, target.align), phase: 0 }, root.attr!.offset ?? 0)
				: UNKNOWN;
		}
		case "call":
			return isInWords(root) ? WORD : UNKNOWN;
		case "phi": {
			// Looked up, and looked up again after an update.
			if (seen.has(root)) return WORD;
			seen.add(root);
			return root.args.map((arg) => alignmentOfRoot(arg, seen)).reduce(togetherOf);
		}
		default:
			return UNKNOWN;
	}
}

function isInWords({ attr, args }: Inst): boolean {
	const { callee } = attr!;
	if (callee?.kind !== "helper") return false;
	if (GIVES_WORDS.has(callee.id)) return true;
	if (!LOOKUPS.has(callee.id)) return false;
	const map = args[0];
	// Of an inner map nothing is known.
	if (!isInst(map) || map.op !== "global") return false;
	const type = mapType(map.attr!.global as IrGlobal);
	return type !== null && IN_WORDS.has(type);
}

/** `__uint(type, N)`, or the first number of a `struct bpf_map_def`. */
function mapType({ section, symbol, bytes }: IrGlobal): number | null {
	if (section === ".maps") {
		const member = asRecord(symbol.type)?.body?.members.find(({ name }) => name === "type");
		const number = member === undefined ? null : (asPointer(member.type)?.target ?? null);
		return number === null ? null : (asArray(number)?.length ?? null);
	}
	return section === "maps" && bytes !== undefined && bytes.length >= 4
		? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
		: null;
}
