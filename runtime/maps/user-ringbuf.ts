/** BPF_MAP_TYPE_USER_RINGBUF: records from user space, handed to a program's callback by bpf_user_ringbuf_drain. */
import { errno } from "../errno.ts";
import { BpfMap, roundUp8 } from "./map.ts";

export class UserRingBuffer extends BpfMap {
	readonly #records: Uint8Array[] = [];
	#bytes = 0;

	/** Whether there was room. */
	submit(record: Uint8Array): number {
		const size = roundUp8(record.length + 8);
		if (this.#bytes + size > this.def.maxEntries) return -errno.ENOSPC;
		this.#bytes += size;
		this.#records.push(record.slice());
		return 0;
	}

	take(): Uint8Array | undefined {
		const record = this.#records.shift();
		if (record !== undefined) this.#bytes -= roundUp8(record.length + 8);
		return record;
	}
}
