/** Values that belong to sockets, inodes, tasks and cgroups. */
import { errno } from "../errno.ts";
import { LocalStorage } from "../maps/local-storage.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned } from "./helper.ts";

const get = unsigned((m, map, object, initial, flags) => {
	const found = m.mapAt(map);
	return found instanceof LocalStorage ? found.storage(object >>> 0, initial >>> 0, flags) : 0;
});

const remove = signed((m, map, object) => {
	const found = m.mapAt(map);
	return found instanceof LocalStorage ? found.remove(object >>> 0) : -errno.EINVAL;
});

export const storageHelpers: HelperFamily = {
	bpf_sk_storage_get: get,
	bpf_sk_storage_delete: remove,
	bpf_inode_storage_get: get,
	bpf_inode_storage_delete: remove,
	bpf_task_storage_get: get,
	bpf_task_storage_delete: remove,
	bpf_cgrp_storage_get: get,
	bpf_cgrp_storage_delete: remove,
	bpf_get_local_storage: unsigned((m, map) => m.mapAt(map)?.lookup(0) ?? 0),
};
