/**
 * Reading memory that may not be there. Kernel and user space are both simulated by the one linear memory: an address is readable when it lies in it,
 * behind the null guard. What is not gives −EFAULT and zeroes, as bpf_probe_read_kernel does.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide } from "./helper.ts";
import { layout } from "../memory.ts";

function readable(m: Machine, address: number, high: number, size: number): boolean {
	return high === 0 && address >= layout.nullGuard && address + size <= m.memory.size;
}

const probeRead = signed((m, to, size, from) => {
	const { u8 } = m.memory;
	const bytes = size >>> 0;
	if (!readable(m, from >>> 0, m.high(3), bytes)) {
		u8.fill(0, to >>> 0, (to >>> 0) + bytes);
		return -errno.EFAULT;
	}
	u8.copyWithin(to >>> 0, from >>> 0, (from >>> 0) + bytes);
	return 0;
}, wide(3));

/** Up to `size − 1` bytes and a NUL; the length with the NUL. */
const probeReadText = signed((m, to, size, from) => {
	const { u8 } = m.memory;
	const bytes = size >>> 0;
	if (bytes === 0) return 0;
	if (!readable(m, from >>> 0, m.high(3), 1)) {
		u8.fill(0, to >>> 0, (to >>> 0) + bytes);
		return -errno.EFAULT;
	}
	let n = 0;
	for (; n < bytes - 1; n++) {
		const byte = u8[(from >>> 0) + n] ?? 0;
		if (byte === 0) break;
		u8[(to >>> 0) + n] = byte;
	}
	u8[(to >>> 0) + n] = 0;
	return n + 1;
}, wide(3));

export const memoryHelpers: HelperFamily = {
	bpf_probe_read: probeRead,
	bpf_probe_read_user: probeRead,
	bpf_probe_read_kernel: probeRead,
	bpf_copy_from_user: probeRead,
	bpf_copy_from_user_task: probeRead,
	bpf_probe_read_str: probeReadText,
	bpf_probe_read_user_str: probeReadText,
	bpf_probe_read_kernel_str: probeReadText,
	bpf_probe_write_user: signed((m, to, from, size) => {
		if (!readable(m, to >>> 0, m.high(1), size >>> 0)) return -errno.EFAULT;
		m.memory.u8.copyWithin(to >>> 0, from >>> 0, (from >>> 0) + size);
		return 0;
	}, wide(1)),
};
