/**
 * The running kernel's verdict on cases, many in flight: maps and BTF are made once and kept in slots, because making them costs more than the load.
 * Loads only; nothing is run, attached or pinned.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shared } from "../support/shared.ts";
import type { RecordedCase, RecordedMap } from "../support/case-image.ts";

export interface Answer {
	/** Accepted; absent when there is no verdict. */
	readonly ok?: boolean;
	readonly errno?: number;
	/** The last message of a rejection. */
	readonly log?: string;
	/** The whole log, where one was asked for. */
	readonly fulllog?: string;
	/** Instructions processed. */
	readonly proc?: number;
	readonly error?: string;
	readonly crash?: boolean;
	readonly timeout?: boolean;
	/** A map that the kernel would not make. */
	readonly mapErrno?: number;
}

interface Process {
	command(line: string): Promise<Answer>;
	load(program: Readonly<Record<string, unknown>>): Promise<Answer>;
	close(): Promise<void>;
}
interface OracleModule {
	probe(): Promise<string | null>;
	openOracle(options: { readonly maxLoads: number }): Promise<Process>;
}

export interface LoadOptions {
	/** With no capability but CAP_BPF. */
	readonly capBpf?: boolean;
	/** The log of this level comes back: 1, the path to the rejection; 2, all paths. */
	readonly logLevel?: number;
}

/** Longer logs are left out; the kernel's buffer is as long. */
export const LONGEST_LOG = (1 << 20) - 1;

export interface Oracle {
	/** `folder` is where the case's BTF lies, in btf/. */
	load(one: RecordedCase, folder: string, how?: LoadOptions): Promise<Answer>;
	close(): Promise<void>;
}

/** Inner maps have slots of their own, below those of the others: a worker that is replaced gets its maps again in the order of their slots. */
const OUTER = 2048;
const KEPT = 1024;
const after = (slot: number): number => OUTER + ((slot + 1 - OUTER) % KEPT);
/** A program array belongs to the first program that uses it, storages of cgroups too: these are made for each load. */
const OWNED = new Set([3, 19, 21]);
const LD_IMM64 = 0x18;

/** Null, and a line on the console, when there is no kernel to ask. */
export async function openOracle(maxLoads = 200_000): Promise<Oracle | null> {
	const file = shared("oracle/oracle.mjs");
	if (file === null) return null;
	const module = (await import(file)) as OracleModule;
	const why = await module.probe();
	if (why !== null) {
		console.log(`skipped: ${why}`);
		return null;
	}
	return withSlots(await module.openOracle({ maxLoads }));
}

interface Slot {
	readonly slot: number;
	readonly made: Promise<Answer>;
}

function withSlots(process: Process): Oracle {
	const btfs = new Map<string, number>();
	const refused = new Set<string>();
	const maps = new Map<string, Slot>();
	let next = OUTER;

	const btfSlot = (file: string): number => {
		let slot = btfs.get(file);
		if (slot === undefined) {
			btfs.set(file, (slot = btfs.size));
			void process.command(`btf ${slot} ${readFileSync(file).toString("hex")}`).then((answer) => {
				if (answer.ok === true) return;
				refused.add(file);
				console.log(`not measurable: the kernel does not load the BTF of ${file}: ${JSON.stringify(answer)}`);
			});
		}
		return slot;
	};
	/** A map that is not made with its BTF is tried again without, as libbpf does. */
	const make = async (slot: number, map: RecordedMap, folder: string): Promise<Answer> => {
		const answer = await command(slot, map, folder);
		if (answer.ok === true || map.btf === undefined) return answer;
		return command(slot, { ...map, btf: undefined }, folder);
	};
	const command = async (slot: number, map: RecordedMap, folder: string): Promise<Answer> => {
		const words = ["map", slot, `type=${map.type}`, `key=${map.key_size}`, `val=${map.value_size}`, `max=${map.max_entries}`, `flags=${map.map_flags ?? 0}`];
		if (map.map_extra) words.push(`extra=${map.map_extra}`);
		const made: Promise<Answer>[] = [];
		if (map.inner !== undefined) {
			const inner = make(slot - OUTER, map.inner, folder);
			if (map.inner.btf !== undefined) await inner;
			made.push(inner);
			words.push(`inner=${slot - OUTER}`);
		}
		if (map.btf_vmlinux_value_type_id) words.push(`bvv=${map.btf_vmlinux_value_type_id}`);
		if (map.btf !== undefined) words.push(`btf=${btfSlot(join(folder, "btf", map.btf))}`, `bk=${map.btf_key_type_id ?? 0}`, `bv=${map.btf_value_type_id ?? 0}`);
		if (map.init) words.push(`init=${map.init}`);
		if (map.frozen) words.push("freeze=1");
		made.push(process.command(words.join(" ")));
		const all = await Promise.all(made);
		return all.find((answer) => answer.ok !== true) ?? all[0];
	};
	/** The slot of a map like this one; `taken`: those that the program has already, since two equal maps are two. */
	const mapSlot = (map: RecordedMap, folder: string, taken: Set<number>): Slot => {
		const text = JSON.stringify(map);
		for (let copy = 0; ; copy++) {
			const key = `${copy} ${text}`;
			let known = maps.get(key);
			if (known !== undefined && taken.has(known.slot)) continue;
			if (known === undefined || OWNED.has(map.type)) {
				let { slot } = known ?? { slot: next };
				if (known === undefined) {
					while (taken.has(slot)) slot = after(slot);
					next = after(slot);
					for (const [other, { slot: used }] of maps) if (used === slot) maps.delete(other);
				}
				known = { slot, made: make(slot, map, folder) };
				maps.set(key, known);
			}
			taken.add(known.slot);
			return known;
		}
	};

	/** What was asked for last: a program waits for the maps that are made for it, and those that come after it wait for that. */
	let asked: Promise<unknown> = Promise.resolve();

	async function send(one: RecordedCase, folder: string, { capBpf = false, logLevel = 0 }: LoadOptions): Promise<{ readonly answer: Promise<Answer>; readonly slots: readonly Slot[] }> {
		const taken = new Set<number>();
		const slots = (one.maps ?? []).map((map) => mapSlot(map, folder, taken));
		if (one.maps?.some((map) => map.btf !== undefined || map.inner?.btf !== undefined)) for (const { made } of slots) await made;
		const insns = Buffer.from(one.insns ?? "", "hex");
		for (let at = 0; at + 16 <= insns.length; at += 8) {
			if (insns[at] !== LD_IMM64) continue;
			const pseudo = insns[at + 1] >> 4;
			const slot = slots[insns.readInt32LE(at + 4)] as Slot | undefined;
			if (pseudo === 1 || pseudo === 2) insns.writeInt32LE(slot?.slot ?? 4095, at + 4);
			at += 8;
		}
		const answer = process.load({
			insns: insns.toString("hex"), type: one.prog_type, attachType: one.expected_attach_type ?? 0, flags: one.prog_flags ?? 0, attachId: one.attach?.btf_id,
			btf: one.btf === undefined ? undefined : btfSlot(join(folder, "btf", one.btf)), funcInfo: one.func_info,
			...(capBpf ? { caps: "bpf" } : {}), ...(logLevel > 0 ? { log: logLevel, logMax: LONGEST_LOG } : {}),
		});
		return { answer, slots };
	}

	return {
		async load(one, folder, how = {}) {
			const sent = asked.then(() => send(one, folder, how));
			asked = sent;
			const { answer, slots } = await sent;
			await answer;
			if (one.btf !== undefined && refused.has(join(folder, "btf", one.btf))) return { error: "BTF refused" };
			for (const { made } of slots) {
				const { ok, errno } = await made;
				if (ok !== true) return { ...(await answer), mapErrno: errno ?? 0 };
			}
			return answer;
		},
		close: () => process.close(),
	};
}
