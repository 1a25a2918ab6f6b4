/**
 * The Linux release that each kernel function came with. They are no stable interface: a later release may change or drop one.
 *
 * In: a name; out: the release, or null where its history is not known here. A name that ends in `*` stands for all that begin so.
 * Source: the history of kernel/bpf/helpers.c and of the files that register BTF sets of functions, by release.
 */
const RELEASES: Readonly<Record<string, string>> = {
	"5.13": "tcp_* cubictcp_* bictcp_* dctcp_* bbr_*",
	"5.18": "bpf_xdp_ct_lookup bpf_skb_ct_lookup bpf_ct_release",
	"6.0":
		"bpf_xdp_ct_alloc bpf_skb_ct_alloc bpf_ct_insert_entry bpf_ct_set_timeout bpf_ct_change_timeout bpf_ct_set_status bpf_ct_change_status",
	"6.1":
		"bpf_lookup_user_key bpf_lookup_system_key bpf_key_put bpf_verify_pkcs7_signature cgroup_rstat_updated cgroup_rstat_flush bpf_ct_set_nat_info",
	"6.2":
		"bpf_obj_new_impl bpf_obj_drop_impl bpf_list_push_front_impl bpf_list_push_back_impl bpf_list_pop_front bpf_list_pop_back bpf_task_acquire bpf_task_release bpf_task_from_pid bpf_cgroup_acquire bpf_cgroup_release bpf_cgroup_ancestor bpf_rcu_read_lock bpf_rcu_read_unlock bpf_cast_to_kern_ctx bpf_rdonly_cast bpf_skb_get_xfrm_info bpf_skb_set_xfrm_info",
	"6.3":
		"bpf_cpumask_create bpf_cpumask_acquire bpf_cpumask_release bpf_cpumask_first bpf_cpumask_first_zero bpf_cpumask_set_cpu bpf_cpumask_clear_cpu bpf_cpumask_test_cpu bpf_cpumask_setall bpf_cpumask_clear bpf_cpumask_and bpf_cpumask_or bpf_cpumask_xor bpf_cpumask_equal bpf_cpumask_copy bpf_rbtree_add_impl bpf_rbtree_first bpf_rbtree_remove bpf_xdp_metadata_rx_hash bpf_xdp_metadata_rx_timestamp",
	"6.4":
		"bpf_iter_num_* bpf_dynptr_from_skb bpf_dynptr_from_xdp bpf_dynptr_slice bpf_dynptr_slice_rdwr bpf_cgroup_from_id bpf_refcount_acquire_impl bpf_skb_set_fou_encap bpf_skb_get_fou_encap",
	"6.5":
		"bpf_dynptr_adjust bpf_dynptr_is_null bpf_dynptr_is_rdonly bpf_dynptr_size bpf_dynptr_clone bpf_sock_destroy bpf_task_under_cgroup",
	"6.6": "bpf_map_sum_elem_count",
	"6.7": "bpf_iter_task_* bpf_iter_css_* bpf_throw bpf_percpu_obj_new_impl bpf_percpu_obj_drop_impl bpf_sock_addr_set_sun_path",
	"6.8":
		"bpf_task_get_cgroup1 bpf_get_file_xattr bpf_get_fsverity_digest bpf_cpumask_weight bpf_xdp_metadata_rx_vlan_tag bpf_xdp_get_xfrm_state bpf_xdp_xfrm_state_release",
	"6.9": "bpf_arena_alloc_pages bpf_arena_free_pages bpf_sk_assign_tcp_reqsk",
	"6.10":
		"bpf_preempt_disable bpf_preempt_enable bpf_wq_init bpf_wq_set_callback_impl bpf_wq_start bpf_crypto_ctx_create bpf_crypto_ctx_acquire bpf_crypto_ctx_release bpf_crypto_encrypt bpf_crypto_decrypt bpf_session_cookie bpf_session_is_return",
	"6.11": "bpf_iter_bits_*",
	"6.12": "bpf_get_dentry_xattr bpf_get_task_exe_file bpf_put_file bpf_path_d_path bpf_copy_from_user_str scx_bpf_*",
	"6.13":
		"scx_bpf_dsq_insert scx_bpf_dsq_insert_vtime scx_bpf_dsq_move_to_local bpf_iter_kmem_cache_* bpf_get_kmem_cache bpf_send_signal_task",
	"6.14": "bpf_local_irq_save bpf_local_irq_restore",
	"6.15": "bpf_res_spin_lock bpf_res_spin_unlock bpf_res_spin_lock_irqsave bpf_res_spin_unlock_irqrestore",
	"6.16": "bpf_rbtree_root bpf_rbtree_left bpf_rbtree_right bpf_list_front bpf_list_back bpf_iter_dmabuf_*",
	"6.17": "bpf_stream_vprintk bpf_strlen bpf_strnlen bpf_strchr bpf_strcmp bpf_cgroup_read_xattr",
	"6.18": "bpf_task_work_schedule_signal bpf_task_work_schedule_resume bpf_dynptr_from_skb_meta bpf_xdp_pull_data bpf_strcasecmp",
};

const exact = new Map<string, string>();
const families: (readonly [start: string, release: string])[] = [];
for (const [release, names] of Object.entries(RELEASES)) {
	for (const name of names.split(" ")) {
		if (name.endsWith("*")) families.push([name.slice(0, -1), release]);
		else exact.set(name, release);
	}
}

export function kfuncSince(name: string): string | null {
	// Some have since been given the suffix of those with hidden arguments.
	return exact.get(name) ?? exact.get(name.replace(/_impl$/, "")) ?? families.find(([start]) => name.startsWith(start))?.[1] ?? null;
}

/** For a check of the names. */
export const KFUNCS_WITH_RELEASE: readonly string[] = [...exact.keys()];
