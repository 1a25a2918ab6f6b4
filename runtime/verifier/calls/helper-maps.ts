/**
 * Which helpers go with which types of maps, asked from both sides: a map may take few helpers, a helper few maps.
 *
 * Source: check_map_func_compatibility of kernel/bpf/verifier.c.
 */
import { EINVAL, type Env, reject } from "../env.ts";
import { MAP, type MapInfo } from "../maps.ts";

/** Helpers that a map type takes; a type that is not here takes any that is not another type's own. */
const MAP_HELPERS: Readonly<Record<number, readonly string[]>> = {
	[MAP.PROG_ARRAY]: ["tail_call"],
	[MAP.PERF_EVENT_ARRAY]: ["perf_event_read", "perf_event_output", "skb_output", "perf_event_read_value", "xdp_output"],
	[MAP.RINGBUF]: [
		"ringbuf_output",
		"ringbuf_reserve",
		"ringbuf_query",
		"ringbuf_reserve_dynptr",
		"ringbuf_submit_dynptr",
		"ringbuf_discard_dynptr",
	],
	[MAP.USER_RINGBUF]: ["user_ringbuf_drain"],
	[MAP.STACK_TRACE]: ["get_stackid"],
	[MAP.CGROUP_ARRAY]: ["skb_under_cgroup", "current_task_under_cgroup"],
	[MAP.CGROUP_STORAGE]: ["get_local_storage"],
	[MAP.PERCPU_CGROUP_STORAGE]: ["get_local_storage"],
	[MAP.DEVMAP]: ["redirect_map", "map_lookup_elem"],
	[MAP.DEVMAP_HASH]: ["redirect_map", "map_lookup_elem"],
	[MAP.CPUMAP]: ["redirect_map"],
	[MAP.XSKMAP]: ["redirect_map", "map_lookup_elem"],
	[MAP.ARRAY_OF_MAPS]: ["map_lookup_elem"],
	[MAP.HASH_OF_MAPS]: ["map_lookup_elem"],
	[MAP.SOCKMAP]: ["sk_redirect_map", "sock_map_update", "msg_redirect_map", "sk_select_reuseport", "map_lookup_elem"],
	[MAP.SOCKHASH]: ["sk_redirect_hash", "sock_hash_update", "msg_redirect_hash", "sk_select_reuseport", "map_lookup_elem"],
	[MAP.REUSEPORT_SOCKARRAY]: ["sk_select_reuseport"],
	[MAP.QUEUE]: ["map_peek_elem", "map_pop_elem", "map_push_elem"],
	[MAP.STACK]: ["map_peek_elem", "map_pop_elem", "map_push_elem"],
	[MAP.SK_STORAGE]: ["sk_storage_get", "sk_storage_delete", "kptr_xchg"],
	[MAP.INODE_STORAGE]: ["inode_storage_get", "inode_storage_delete", "kptr_xchg"],
	[MAP.TASK_STORAGE]: ["task_storage_get", "task_storage_delete", "kptr_xchg"],
	[MAP.CGRP_STORAGE]: ["cgrp_storage_get", "cgrp_storage_delete", "kptr_xchg"],
	[MAP.BLOOM_FILTER]: ["map_peek_elem", "map_push_elem"],
	[MAP.INSN_ARRAY]: [],
};

/** Map types that a helper takes; others take any. */
const HELPER_MAPS: Readonly<Record<string, readonly number[]>> = {
	tail_call: [MAP.PROG_ARRAY],
	perf_event_read: [MAP.PERF_EVENT_ARRAY],
	perf_event_output: [MAP.PERF_EVENT_ARRAY],
	perf_event_read_value: [MAP.PERF_EVENT_ARRAY],
	skb_output: [MAP.PERF_EVENT_ARRAY],
	xdp_output: [MAP.PERF_EVENT_ARRAY],
	ringbuf_output: [MAP.RINGBUF],
	ringbuf_reserve: [MAP.RINGBUF],
	ringbuf_query: [MAP.RINGBUF],
	ringbuf_reserve_dynptr: [MAP.RINGBUF],
	ringbuf_submit_dynptr: [MAP.RINGBUF],
	ringbuf_discard_dynptr: [MAP.RINGBUF],
	user_ringbuf_drain: [MAP.USER_RINGBUF],
	get_stackid: [MAP.STACK_TRACE],
	current_task_under_cgroup: [MAP.CGROUP_ARRAY],
	skb_under_cgroup: [MAP.CGROUP_ARRAY],
	redirect_map: [MAP.DEVMAP, MAP.DEVMAP_HASH, MAP.CPUMAP, MAP.XSKMAP],
	sk_redirect_map: [MAP.SOCKMAP],
	msg_redirect_map: [MAP.SOCKMAP],
	sock_map_update: [MAP.SOCKMAP],
	sk_redirect_hash: [MAP.SOCKHASH],
	msg_redirect_hash: [MAP.SOCKHASH],
	sock_hash_update: [MAP.SOCKHASH],
	get_local_storage: [MAP.CGROUP_STORAGE, MAP.PERCPU_CGROUP_STORAGE],
	sk_select_reuseport: [MAP.REUSEPORT_SOCKARRAY, MAP.SOCKMAP, MAP.SOCKHASH],
	map_pop_elem: [MAP.QUEUE, MAP.STACK],
	map_peek_elem: [MAP.QUEUE, MAP.STACK, MAP.BLOOM_FILTER],
	map_push_elem: [MAP.QUEUE, MAP.STACK, MAP.BLOOM_FILTER],
	map_lookup_percpu_elem: [MAP.PERCPU_ARRAY, MAP.PERCPU_HASH, MAP.LRU_PERCPU_HASH],
	sk_storage_get: [MAP.SK_STORAGE],
	sk_storage_delete: [MAP.SK_STORAGE],
	inode_storage_get: [MAP.INODE_STORAGE],
	inode_storage_delete: [MAP.INODE_STORAGE],
	task_storage_get: [MAP.TASK_STORAGE],
	task_storage_delete: [MAP.TASK_STORAGE],
	cgrp_storage_get: [MAP.CGRP_STORAGE],
	cgrp_storage_delete: [MAP.CGRP_STORAGE],
};

/** Program types that may update or delete in sock maps. */
const SOCKMAP_UPDATERS = new Set([1, 3, 4, 6, 21, 22, 30]);

function maySockmap(env: Env, name: string): boolean {
	if (name !== "map_update_elem" && name !== "map_delete_elem") return false;
	const { id } = env.spec;
	if (id === 26 && env.image.expectedAttachType === 28) return true;
	if (id === 13 && name === "map_delete_elem") return true;
	return SOCKMAP_UPDATERS.has(id);
}

export function checkMapForHelper(env: Env, map: MapInfo | null, name: string, id: number): void {
	if (!map) return;
	const own = MAP_HELPERS[map.type];
	const taken = HELPER_MAPS[name];
	const fits =
		(own === undefined || own.includes(name) || ((map.type === MAP.SOCKMAP || map.type === MAP.SOCKHASH) && maySockmap(env, name))) &&
		(taken === undefined || taken.includes(map.type));
	if (fits) return;
	if ((map.type === MAP.SOCKMAP || map.type === MAP.SOCKHASH) && (name === "map_update_elem" || name === "map_delete_elem"))
		env.note("cannot update sockmap in this context");
	reject(EINVAL, `cannot pass map_type ${map.type} into func bpf_${name}#${id}`, { code: "V0127" });
}
