/**
 * Real programs with the running kernel's verdicts: what the corpus measurement left in its folder (programs.jsonl and the objects of both compilers), opened
 * as its loader opened them.
 *
 * The loader works around what has nothing to do with a verdict: undefined symbols made weak, maps left out, static programs made global, sizes that a user
 * program would set. A record says which, and the image that the verifier gets is changed alike.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { BtfView } from "../../assembler/btf/view.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { mapTypeId } from "../../assembler/spec/map-types.ts";
import { programTypeId } from "../../assembler/spec/program-types.ts";
import type { MapDef, ProgramImage } from "../../runtime/image.ts";
import { readObject } from "../../runtime/load.ts";
import { formatLoadError } from "../../runtime/loader/error.ts";
import type { KconfigValue } from "../../runtime/loader/externs.ts";
import { openObject } from "../../runtime/loader/open.ts";

/** What the loader said of one program of one object. */
export interface KernelRecord {
	readonly prog: string | null;
	readonly type?: string;
	readonly accepted: boolean;
	readonly verifier_ran?: boolean;
	readonly err?: number;
	readonly processed?: number;
	readonly verify_usec?: number;
	readonly weak?: boolean;
	readonly unstatic?: boolean;
	readonly nomaps?: readonly string[];
	readonly why?: string;
	readonly stage?: string;
	readonly reason?: readonly string[];
}

export interface MeasuredObject {
	/** "selftests-bpf/progs/loop1.c" */
	readonly id: string;
	readonly file: string;
	readonly records: readonly KernelRecord[];
}

export const CACHE = process.env.CORPUS_DIR ?? join(homedir(), ".cache/bpf-corpus");

/** The objects of one of the two compilers, in the measurement's order. */
export function measuredObjects(out: string, compiler: "clang" | "ours"): MeasuredObject[] {
	const objects = new Map<string, { id: string; file: string; records: KernelRecord[] }>();
	const lines = readFileSync(join(out, "programs.jsonl"), "utf8").split("\n").filter((line) => line !== "");
	for (const line of lines) {
		const { id, prog, ...both } = JSON.parse(line) as { id: string; prog: string | null; clang: KernelRecord | null; ours: KernelRecord | null };
		const record = both[compiler];
		if (record === null || prog === null || record.prog === null) continue;
		const base = join(compiler === "clang" ? join(CACHE, "baseline") : join(out, "obj"), id);
		// Objects without a licence section were linked with one.
		const file = [`${base}.licensed.o`, `${base}.o`].find(existsSync);
		if (file === undefined) continue;
		const object = objects.get(id) ?? { id, file, records: [] };
		objects.set(id, object);
		object.records.push(record);
	}
	return [...objects.values()];
}

export interface OpenedMeasured {
	/** The program as the kernel got it; a text: why there is none. */
	program(record: KernelRecord): ProgramImage | string;
}

export function openMeasured(object: MeasuredObject, kernel: BtfView | null, kconfig: Readonly<Record<string, KconfigValue>>): OpenedMeasured {
	const plain = readObject(new Uint8Array(readFileSync(object.file)));
	// libbpf knows that system calls are wrapped by a kprobe on one.
	const known = { LINUX_HAS_SYSCALL_WRAPPER: "CONFIG_KPROBE_EVENTS" in kconfig, ...kconfig };
	const open = (file: ObjectFile) => openObject(file, { ...(kernel === null ? {} : { kernelBtf: kernel }), kconfig: known, guessType: true });
	const variants = new Map<string, ReturnType<typeof open>>();
	return {
		program(record) {
			const key = `${record.weak === true}${record.unstatic === true}`;
			const opened = variants.get(key) ?? open(workaround(plain, record));
			variants.set(key, opened);
			const found = opened.programs.find(({ image }) => image.name === record.prog);
			if (found === undefined) return "the object has no such program";
			// Changed symbols concern this program alone; what is wrong with maps that were left out concerns nobody.
			if (found.errors.length > 0) return found.errors.map(formatLoadError).join("; ");
			const maps = opened.maps.map(created);
			return withoutMaps({ ...found.image, maps }, record.nomaps ?? []);
		},
	};
}

function workaround(object: ObjectFile, { weak, unstatic }: KernelRecord): ObjectFile {
	if (weak !== true && unstatic !== true) return object;
	return {
		...object,
		symbols: object.symbols.map((symbol) => {
			if (weak === true && symbol.section === "undefined" && symbol.binding === "global") return { ...symbol, binding: "weak" as const };
			const entry = symbol.type === "function" && symbol.binding === "local" && typeof symbol.section === "number" && object.sections[symbol.section].name !== ".text";
			return unstatic === true && entry ? { ...symbol, binding: "global" as const } : symbol;
		}),
	};
}

const sizeless = new Set(["SK_STORAGE", "TASK_STORAGE", "INODE_STORAGE", "CGROUP_STORAGE", "CGRP_STORAGE", "PERCPU_CGROUP_STORAGE", "STRUCT_OPS", "BLOOM_FILTER"].map((name) => mapTypeId(name as Parameters<typeof mapTypeId>[0])));
const ringBuffers = new Set([mapTypeId("RINGBUF"), mapTypeId("USER_RINGBUF")]);
const mapsOfMaps = new Set([mapTypeId("ARRAY_OF_MAPS"), mapTypeId("HASH_OF_MAPS")]);

/** Sizes as the loader set them. */
function created(map: MapDef): MapDef {
	const out = { ...map };
	if (out.maxEntries === 0 && !sizeless.has(out.type)) out.maxEntries = ringBuffers.has(out.type) ? 4096 : 1;
	if (out.type === mapTypeId("STACK_TRACE") && out.valueSize === 0) Object.assign(out, { keySize: 4, valueSize: 127 * 8 });
	if (mapsOfMaps.has(out.type) && (out.inner === null || out.inner.maxEntries === 0)) {
		const standIn = out.inner === null ? { type: mapTypeId("RINGBUF"), keySize: 0, valueSize: 0, maxEntries: 4096 } : { maxEntries: ringBuffers.has(out.inner.type) ? 4096 : 1 };
		out.inner = { ...(out.inner ?? map), slots: [], inner: null, initial: null, ...(out.inner === null ? { btf: null, keyTypeId: 0, valueTypeId: 0, flags: 0 } : {}), ...standIn };
	}
	return out;
}

/** libbpf's POISON_LDIMM64_MAP_BASE: what takes the place of a map that was not created. */
const NO_MAP = 2001000000;

function withoutMaps(image: ProgramImage, names: readonly string[]): ProgramImage {
	const structOps = image.type === programTypeId("STRUCT_OPS");
	const gone = new Set(image.maps.flatMap((map, i) => (names.includes(map.name) || (map.type === mapTypeId("STRUCT_OPS") && !structOps) ? [i] : [])));
	if (gone.size === 0) return image;
	const insns = [...image.insns];
	for (let i = 0; i < insns.length; i++) {
		const { opcode, src, imm } = insns[i];
		if (opcode !== 0x18) continue;
		if ((src === 1 || src === 2) && gone.has(imm)) insns[i] = insns[i + 1] = { opcode: 0x85, dst: 0, src: 0, off: 0, imm: NO_MAP + imm };
		i++;
	}
	return { ...image, insns };
}
