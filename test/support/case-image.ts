/** A recorded verifier case (classic, modern, mutants) as the program image that the kernel was given. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readBtf } from "../../assembler/btf/read.ts";
import type { Btf } from "../../assembler/btf/types.ts";
import { decode } from "../../assembler/decode.ts";
import type { MapDef, ProgramImage } from "../../runtime/image.ts";

export interface RecordedMap {
	readonly type: number;
	readonly key_size: number;
	readonly value_size: number;
	readonly max_entries: number;
	readonly map_flags?: number;
	readonly name?: string;
	readonly map_extra?: number | string;
	readonly btf?: string;
	readonly btf_key_type_id?: number;
	readonly btf_value_type_id?: number;
	/** Of struct_ops maps: the struct's type in the kernel's BTF. */
	readonly btf_vmlinux_value_type_id?: number;
	readonly frozen?: boolean | number;
	readonly init?: string;
	readonly inner?: RecordedMap;
}

export interface RecordedCase {
	readonly id: string;
	readonly suite: string;
	readonly name: string;
	readonly section?: string;
	readonly prog?: string;
	readonly prog_type: number;
	readonly expected_attach_type?: number;
	readonly prog_flags?: number;
	readonly license?: string;
	readonly attach?: { readonly btf_id?: number; readonly name?: string };
	readonly insns?: string;
	readonly insns_file?: string;
	readonly maps?: readonly RecordedMap[];
	readonly kfuncs?: readonly { readonly insn: number; readonly name: string; readonly btf_id?: number }[];
	readonly ksyms?: readonly { readonly insn: number; readonly name: string; readonly btf_id?: number }[];
	readonly btf?: string;
	readonly func_info?: readonly (readonly [number, number])[];
	readonly runs?: readonly { readonly data?: string; readonly data_len?: number }[];
	readonly kernel: { readonly verdict?: string; readonly runs?: readonly { readonly retval?: number; readonly errno?: number }[] };
	readonly verdict?: string | null;
}

const btfs = new Map<string, Btf>();

export function recordedBtf(folder: string, name: string): Btf {
	const file = join(folder, name.includes("/") ? name : join("btf", name));
	const known = btfs.get(file);
	if (known !== undefined) return known;
	const bytes = readFileSync(file);
	const btf = readBtf(new Uint8Array(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes));
	btfs.set(file, btf);
	return btf;
}

export function caseImage(one: RecordedCase, folder: string): ProgramImage {
	const bytes = one.insns !== undefined ? Buffer.from(one.insns, "hex") : gunzipSync(readFileSync(join(folder, one.insns_file ?? "")));
	const target = (list: RecordedCase["kfuncs"]) => (list ?? []).map(({ insn, name, btf_id }) => ({ insn, name, btfId: btf_id ?? 0 }));
	return {
		name: one.prog ?? one.name,
		section: one.section ?? "",
		type: one.prog_type,
		expectedAttachType: one.expected_attach_type ?? 0,
		flags: one.prog_flags ?? 0,
		license: one.license ?? "",
		insns: decode(new Uint8Array(bytes)),
		maps: (one.maps ?? []).map((map, i) => caseMap(map, `map${i}`, folder)),
		btf: one.btf === undefined ? null : recordedBtf(folder, one.btf),
		funcInfo: one.func_info ?? [],
		lineInfo: [],
		kfuncs: target(one.kfuncs),
		ksyms: target(one.ksyms),
		poisoned: new Map(),
		attach: one.attach === undefined ? null : { btfId: one.attach.btf_id ?? 0, name: one.attach.name ?? "" },
	};
}

function caseMap(map: RecordedMap, name: string, folder: string): MapDef {
	return {
		name: map.name ?? name,
		type: map.type,
		keySize: map.key_size,
		valueSize: map.value_size,
		maxEntries: map.max_entries,
		flags: map.map_flags ?? 0,
		extra: BigInt(map.map_extra ?? 0),
		keyTypeId: map.btf_key_type_id ?? 0,
		valueTypeId: map.btf_value_type_id ?? 0,
		btf: map.btf === undefined ? null : recordedBtf(folder, map.btf),
		inner: map.inner === undefined ? null : caseMap(map.inner, `${name}.inner`, folder),
		initial: map.init === undefined || map.init === "" ? null : new Uint8Array(Buffer.from(map.init, "hex")),
		frozen: Boolean(map.frozen),
		pinning: 0,
		slots: [],
	};
}
