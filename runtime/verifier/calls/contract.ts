/**
 * Contracts as data: parses the rows of contracts.ts once, and names helpers by number.
 */
import { helpers } from "../../../assembler/spec/helpers.ts";
import { contracts } from "./contracts.ts";

export type ArgKind =
	| "any"
	| "map"
	| "key"
	| "value"
	| "ctx"
	| "mem"
	| "size"
	| "size0"
	| "alloc"
	| "func"
	| "stack"
	| "sk"
	| "sock_common"
	| "socket"
	| "btf"
	| "spin_lock"
	| "timer"
	| "str"
	| "kptr"
	| "ringbuf"
	| "percpu"
	| "dynptr";

export interface Arg {
	readonly kind: ArgKind;
	/** Struct name of btf ("*": decided by the kptr), dynptr kind. */
	readonly of: string;
	readonly nullable: boolean;
	readonly release: boolean;
	readonly read: boolean;
	readonly write: boolean;
	readonly uninit: boolean;
	readonly aligned: boolean;
	/** Fixed size of mem, 0 when the next argument gives it. */
	readonly bytes: number;
}

export interface Contract {
	readonly name: string;
	readonly gpl: boolean;
	readonly packet: boolean;
	readonly sleeps: boolean;
	readonly fastcall: boolean;
	readonly args: readonly Arg[];
	readonly result: {
		readonly kind: string;
		readonly of: string;
		readonly nullable: boolean;
		readonly readonly: boolean;
		readonly trusted: boolean;
	};
}

const cache = new Map<string, Contract>();

export function contract(name: string): Contract {
	let c = cache.get(name);
	if (!c) {
		const text = (contracts as Readonly<Record<string, string>>)[name];
		if (text === undefined) throw new Error(`bug: no contract ${name}`);
		cache.set(name, (c = parse(name, text)));
	}
	return c;
}

function parse(name: string, text: string): Contract {
	const m = /^(?:([GPSF]+) )?(\S+) \((.*)\)$/.exec(text)!;
	const flags = m[1] ?? "";
	const [, kind, of, q, suffix] = /^([a-z_]+)(?::(\w+|\*))?(\?)?(?:\.(\w+))?$/.exec(m[2])!;
	return {
		name,
		gpl: flags.includes("G"),
		packet: flags.includes("P"),
		sleeps: flags.includes("S"),
		fastcall: flags.includes("F"),
		args: m[3] === "" ? [] : m[3].split(", ").map(parseArg),
		result: { kind, of: of ?? "", nullable: q === "?", readonly: suffix?.includes("r") ?? false, trusted: suffix?.includes("t") ?? false },
	};
}

function parseArg(text: string): Arg {
	const [, kind, bytes, of, q, bang, mode] = /^([a-z_]+?)(\d+)?(?::(\w+|\*))?(\?)?(!)?(?:\.(\w+))?$/.exec(
		text === "size0" ? "size_zero" : text,
	)!;
	const m = mode ?? "";
	return {
		kind: (kind === "size_zero" ? "size0" : kind) as ArgKind,
		of: of ?? "",
		nullable: q === "?",
		release: bang === "!",
		read: m.includes("r"),
		write: m.includes("w"),
		uninit: m.includes("u"),
		aligned: m.includes("a"),
		bytes: bytes ? Number(bytes) : 0,
	};
}

const byId: (string | undefined)[] = [];
for (const h of helpers) byId[h.id] = h.name.replace(/^bpf_/, "");

/** "map_lookup_elem"; undefined when no helper has the number. */
export const helperName = (id: number): string | undefined => byId[id];
