/** bpf_map_* helpers: the map is found by its address, and does the work itself. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { BpfMap } from "../maps/map.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned } from "./helper.ts";

const withMap = (m: Machine, address: number, use: (map: BpfMap) => number): number => {
	const map = m.mapAt(address);
	return map === undefined ? -errno.EINVAL : use(map);
};

export const mapHelpers: HelperFamily = {
	bpf_map_lookup_elem: unsigned((m, map, key) => m.mapAt(map)?.lookup(key >>> 0) ?? 0),
	bpf_map_update_elem: signed((m, map, key, value, flags) => withMap(m, map, (it) => it.update(key >>> 0, value >>> 0, flags))),
	bpf_map_delete_elem: signed((m, map, key) => withMap(m, map, (it) => it.delete(key >>> 0))),
	bpf_map_push_elem: signed((m, map, value, flags) => withMap(m, map, (it) => it.push(value >>> 0, flags))),
	bpf_map_pop_elem: signed((m, map, value) => withMap(m, map, (it) => it.pop(value >>> 0))),
	bpf_map_peek_elem: signed((m, map, value) => withMap(m, map, (it) => it.peek(value >>> 0))),
	bpf_map_lookup_percpu_elem: unsigned((m, map, key, cpu) => m.mapAt(map)?.lookupCpu(key >>> 0, cpu >>> 0) ?? 0),
	// The callback gets the map, the addresses of key and value, and its own context; it stops by returning 1.
	bpf_for_each_map_elem: signed((m, map, callback, context, flags) =>
		flags !== 0
			? -errno.EINVAL
			: withMap(m, map, (it) => {
					let count = 0;
					for (const [key, value] of it.entries()) {
						count++;
						if (m.call(callback, map, key, value, context) !== 0) break;
					}
					return count;
				}),
	),
};
