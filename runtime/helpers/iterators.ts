/** Open-coded iterators (kernel/bpf/helpers.c): numbers and bits. Others walk kernel data that is not simulated. */
import { errno } from "../errno.ts";
import type { HelperImplementation } from "./helper.ts";
import { signed, unsigned } from "./helper.ts";

/** BPF_MAX_LOOPS */
const maxNumbers = 8 * 1024 * 1024;
/** BITS_ITER_NR_WORDS_MAX */
const maxWords = 511;

export const iterators: Readonly<Record<string, HelperImplementation>> = {
	// struct bpf_iter_num: { s32 cur, end }; what is handed out is the address of `cur`.
	bpf_iter_num_new: signed((m, iterator, start, end) => {
		const { view } = m.memory;
		const wrong = start > end ? -errno.EINVAL : end - start > maxNumbers ? -errno.E2BIG : 0;
		view.setInt32(iterator >>> 0, wrong === 0 ? start - 1 : 0, true);
		view.setInt32((iterator >>> 0) + 4, wrong === 0 ? end : 0, true);
		return wrong;
	}),
	bpf_iter_num_next: unsigned((m, iterator) => {
		const { view } = m.memory;
		const at = iterator >>> 0;
		const [current, end] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
		if (((current + 1) | 0) >= end) {
			view.setInt32(at, 0, true);
			view.setInt32(at + 4, 0, true);
			return 0;
		}
		view.setInt32(at, current + 1, true);
		return at;
	}),
	bpf_iter_num_destroy: signed((m, iterator) => {
		m.memory.view.setBigUint64(iterator >>> 0, 0n, true);
		return 0;
	}),
	// struct bpf_iter_bits: { u32 address of the bits, u32 count of bits, s32 bit, u32 }: a copy of the words, as the kernel makes one.
	bpf_iter_bits_new: signed((m, iterator, bits, words) => {
		const { view, u8 } = m.memory;
		const at = iterator >>> 0;
		u8.fill(0, at, at + 16);
		if (bits === 0 || words === 0) return -errno.EINVAL;
		if (words >>> 0 > maxWords) return -errno.E2BIG;
		if (bits >>> 0 < 0x10000 || (bits >>> 0) + words * 8 > m.memory.size) return -errno.EFAULT;
		const copy = m.memory.alloc(words * 8, 8, "bits iterator", false);
		if (copy === 0) return -errno.ENOMEM;
		u8.copyWithin(copy, bits >>> 0, (bits >>> 0) + words * 8);
		view.setUint32(at, copy, true);
		view.setUint32(at + 4, words * 64, true);
		view.setInt32(at + 8, -1, true);
		return 0;
	}),
	bpf_iter_bits_next: unsigned((m, iterator) => {
		const { view, u8 } = m.memory;
		const at = iterator >>> 0;
		const [words, count] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
		for (let bit = view.getInt32(at + 8, true) + 1; bit < count; bit++) {
			if ((u8[words + (bit >> 3)] & (1 << (bit & 7))) === 0) continue;
			view.setInt32(at + 8, bit, true);
			return at + 8;
		}
		view.setUint32(at + 4, 0, true);
		return 0;
	}),
	bpf_iter_bits_destroy: signed((m, iterator) => {
		const words = m.memory.view.getUint32(iterator >>> 0, true);
		if (words !== 0) m.memory.free(words);
		m.memory.u8.fill(0, iterator >>> 0, (iterator >>> 0) + 16);
		return 0;
	}),
};
