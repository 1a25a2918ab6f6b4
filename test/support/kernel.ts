/** The running kernel as a judge: loads and test-runs programs through the oracle beside the repository; nothing is attached or pinned. */
import { encode } from "../../assembler/encode.ts";
import { mapTypeId } from "../../assembler/spec/map-types.ts";
import type { ProgramImage } from "../../runtime/image.ts";
import { writeBtf } from "../../assembler/btf/write.ts";
import { loadableBtf } from "../kernel/loadable-btf.ts";
import { shared } from "./shared.ts";

interface Answer {
	readonly ok?: boolean;
	readonly errno?: number;
	readonly log?: string;
	readonly fulllog?: string;
	readonly error?: string;
	readonly runs?: readonly { readonly ret?: number; readonly errno?: number; readonly out?: string; readonly ctx?: string; readonly maps?: Readonly<Record<string, readonly (readonly [string, string])[]>> }[];
}

export interface Kernel {
	/** Loads the image with its maps and runs it over each packet in turn; without packets once, over its context alone (tracing programs). */
	run(image: ProgramImage, packets: readonly Uint8Array[], context?: Uint8Array): Promise<Answer>;
	/** The verifier's whole log. */
	log(image: ProgramImage, level: number): Promise<string>;
	close(): Promise<void>;
}

interface OracleModule {
	probe(): Promise<string | null>;
	openOracle(): Promise<{ command(line: string): Promise<Answer>; load(program: Readonly<Record<string, unknown>>): Promise<Answer>; close(): Promise<void> }>;
}

/** Hash and array maps and storages, whose values may have fields of the kernel's; others take no types, or need none. */
const TYPED_MAPS = new Set((["HASH", "ARRAY", "PERCPU_HASH", "PERCPU_ARRAY", "LRU_HASH", "LRU_PERCPU_HASH", "SK_STORAGE", "TASK_STORAGE", "CGRP_STORAGE"] as const).map(mapTypeId));

/** Null, and a line on the console, when there is no kernel to ask. */
export async function openKernel(): Promise<Kernel | null> {
	const file = shared("oracle/oracle.mjs");
	if (file === null) {
		console.log("kernel tests skipped: there is no oracle beside the repository");
		return null;
	}
	const { probe, openOracle } = (await import(file)) as OracleModule;
	const why = await probe();
	if (why !== null) {
		console.log(`kernel tests skipped: ${why}`);
		return null;
	}
	const oracle = await openOracle();
	return {
		async run(image, packets, context) {
			const types = image.btf === null ? null : writeBtf(loadableBtf(image.btf)).btf;
			if (types !== null) await oracle.command(`btf 0 ${Buffer.from(types).toString("hex")}`);
			for (const [slot, map] of image.maps.entries()) {
				const initial = map.initial === null || map.initial.length === 0 ? "" : ` init=${Buffer.from(map.initial).toString("hex")}`;
				const made = await oracle.command(`map ${slot} type=${map.type} key=${map.keySize} val=${map.valueSize} max=${map.maxEntries} flags=${map.flags}${types !== null && TYPED_MAPS.has(map.type) ? ` btf=0 bk=${map.keyTypeId} bv=${map.valueTypeId}` : ""}${initial}${map.frozen ? " freeze=1" : ""}`);
				if (made.ok === false) return made;
			}
			return oracle.load({
				type: image.type,
				attachType: image.expectedAttachType,
				flags: image.flags,
				...(types === null ? {} : { btf: 0, funcInfo: image.funcInfo }),
				insns: encode(image.insns),
				run: true,
				...(packets.length === 0 ? {} : { out: true }),
				...(context === undefined ? {} : { ctx: Buffer.from(context).toString("hex") }),
				data: packets.map((packet) => Buffer.from(packet).toString("hex")),
				dump: image.maps.map((_, slot) => slot),
			});
		},
		async log(image, level) {
			for (const [slot, map] of image.maps.entries()) await oracle.command(`map ${slot} type=${map.type} key=${map.keySize} val=${map.valueSize} max=${map.maxEntries} flags=${map.flags}`);
			const answer = await oracle.load({ type: image.type, attachType: image.expectedAttachType, flags: image.flags, insns: encode(image.insns), log: level, logMax: 1 << 20 });
			return answer.fulllog ?? answer.log ?? JSON.stringify(answer);
		},
		close: () => oracle.close(),
	};
}
