/**
 * The scratch page of `lsm-get.bpf.c`: one key in several sorted files, the newest first, in one chain. The files are
 * BPF-KV files as `bulkLoad` makes them, in which a key without a value is a tombstone.
 */
import { VALUE_SIZE } from "./format.ts";
import { checkedKey } from "./query.ts";

/** Offsets in `struct lsm_query`. */
const LSM = { key: 0, files: 8, file: 12, status: 16, atValue: 20, valuePtr: 24, value: 32, bytes: 96 } as const;
const STATUS = ["searching", "found", "not found", "deleted"] as const;

/** Files of one chain: what the program's verifier-proof bound says. */
export const MAX_LSM_FILES = 16;

/** A query over several files, laid over a scratch page of 4096 bytes. */
export class LsmPage {
	readonly #view: DataView;
	readonly #bytes: Uint8Array;

	constructor(page: Uint8Array) {
		this.#bytes = page;
		this.#view = new DataView(page.buffer, page.byteOffset, page.byteLength);
	}

	/** @param files how many there are: the chain's own and those after it */
	prepare(key: number, files: number): void {
		if (!(files >= 1 && files <= MAX_LSM_FILES)) throw new RangeError(`a lookup goes through 1 to ${MAX_LSM_FILES} files, not ${files}`);
		checkedKey(key);
		this.#bytes.fill(0, 0, LSM.bytes);
		this.#view.setUint32(LSM.key, key % 2 ** 32, true);
		this.#view.setUint32(LSM.key + 4, key / 2 ** 32, true);
		this.#view.setUint32(LSM.files, files, true);
	}

	get status(): (typeof STATUS)[number] {
		return STATUS[this.#view.getUint32(LSM.status, true)] ?? "searching";
	}

	/** The file that decided: 0 is the newest. */
	get file(): number {
		return this.#view.getUint32(LSM.file, true);
	}

	/** The 64 bytes of a found value, in place. */
	get value(): Uint8Array {
		return this.#bytes.subarray(LSM.value, LSM.value + VALUE_SIZE);
	}
}
