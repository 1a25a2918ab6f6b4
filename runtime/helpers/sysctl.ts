/** cgroup sysctl programs: name and values are texts in the run's extras, "name", "current" and "new"; a program may set the new one. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed } from "./helper.ts";

/** Copies with a NUL; the length without it, −E2BIG when it was cut. */
function copyText(m: Machine, key: string, to: number, size: number): number {
	const text = m.run?.extra.get(key);
	if (typeof text !== "string") {
		m.memory.u8.fill(0, to, to + size);
		return -errno.EINVAL;
	}
	const bytes = new TextEncoder().encode(text);
	if (size === 0) return -errno.E2BIG;
	const kept = bytes.subarray(0, size - 1);
	m.memory.u8.fill(0, to, to + size);
	m.memory.u8.set(kept, to);
	return kept.length < bytes.length ? -errno.E2BIG : bytes.length;
}

/** BPF_F_SYSCTL_BASE_NAME: only what stands behind the last slash. */
const baseName = 1;

export const sysctlHelpers: HelperFamily = {
	bpf_sysctl_get_name: signed((m, _context, to, size, flags) => {
		const name = m.run?.extra.get("name");
		if (flags & baseName && typeof name === "string") m.run?.extra.set("base name", name.slice(name.lastIndexOf("/") + 1));
		return copyText(m, flags & baseName ? "base name" : "name", to >>> 0, size >>> 0);
	}),
	bpf_sysctl_get_current_value: signed((m, _context, to, size) => copyText(m, "current", to >>> 0, size >>> 0)),
	bpf_sysctl_get_new_value: signed((m, _context, to, size) => copyText(m, "new", to >>> 0, size >>> 0)),
	bpf_sysctl_set_new_value: signed((m, _context, from, size) => {
		m.run?.extra.set("new", m.memory.string(from >>> 0, size >>> 0));
		return 0;
	}),
};
