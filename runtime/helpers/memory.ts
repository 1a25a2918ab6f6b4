/**
 * Reading memory that may not be there. Kernel and user space are both simulated by the one linear memory: an address is readable when it lies in it,
 * behind the null guard. What is not gives −EFAULT and zeroes; what the kernel takes for an address of user space, asked for as the kernel's own, −ERANGE
 * (copy_from_kernel_nofault_allowed).
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily, HelperImplementation } from "./helper.ts";
import { signed, wide } from "./helper.ts";
import { layout } from "../memory.ts";

function readable(m: Machine, address: number, high: number, size: number): boolean {
	return high === 0 && address >= layout.nullGuard && address + size <= m.memory.size;
}

/** The upper half of a 64-bit address space, the kernel's. */
const KERNEL = 0xffff8000;
const kernelFault = (high: number): number => (high >>> 0 >= KERNEL ? -errno.EFAULT : -errno.ERANGE);
const userFault = (): number => -errno.EFAULT;

/** `fault`: by the address's high word. */
const probeRead = (fault: (high: number) => number): HelperImplementation =>
	signed((m, to, size, from) => {
		const { u8 } = m.memory;
		const bytes = size >>> 0;
		if (!readable(m, from >>> 0, m.high(3), bytes)) {
			u8.fill(0, to >>> 0, (to >>> 0) + bytes);
			return fault(m.high(3));
		}
		u8.copyWithin(to >>> 0, from >>> 0, (from >>> 0) + bytes);
		return 0;
	}, wide(3));

/** Up to `size − 1` bytes and a NUL; the length with the NUL. */
const probeReadText = (fault: (high: number) => number): HelperImplementation =>
	signed((m, to, size, from) => {
		const { u8 } = m.memory;
		const bytes = size >>> 0;
		if (bytes === 0) return 0;
		if (!readable(m, from >>> 0, m.high(3), 1)) {
			u8.fill(0, to >>> 0, (to >>> 0) + bytes);
			return fault(m.high(3));
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
	// An address of user space is read as such (bpf_probe_read_compat).
	bpf_probe_read: probeRead(userFault),
	bpf_probe_read_user: probeRead(userFault),
	bpf_probe_read_kernel: probeRead(kernelFault),
	bpf_copy_from_user: probeRead(userFault),
	bpf_copy_from_user_task: probeRead(userFault),
	bpf_probe_read_str: probeReadText(userFault),
	bpf_probe_read_user_str: probeReadText(userFault),
	bpf_probe_read_kernel_str: probeReadText(kernelFault),
	bpf_probe_write_user: signed((m, to, from, size) => {
		if (!readable(m, to >>> 0, m.high(1), size >>> 0)) return -errno.EFAULT;
		m.memory.u8.copyWithin(to >>> 0, from >>> 0, (from >>> 0) + size);
		return 0;
	}, wide(1)),
};
