/**
 * Which helpers a kind of program has: lists of names, `helper:contract` where the contract is named differently. `programs/table.ts` composes them.
 *
 * Facts of Linux 6.18: the *_func_proto functions of kernel/bpf/helpers.c, net/core/filter.c, kernel/bpf/cgroup.c, kernel/trace/bpf_trace.c.
 */
export const helperSets = {
	base:
		"map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem map_lookup_percpu_elem get_prandom_u32 " +
		"get_smp_processor_id:get_raw_smp_processor_id get_numa_node_id tail_call ktime_get_ns ktime_get_boot_ns ktime_get_tai_ns ringbuf_output " +
		"ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query strncmp strtol strtoul get_current_pid_tgid get_ns_current_pid_tgid " +
		"get_current_uid_gid spin_lock spin_unlock jiffies64 per_cpu_ptr this_cpu_ptr timer_init timer_set_callback timer_start timer_cancel kptr_xchg " +
		"for_each_map_elem loop user_ringbuf_drain ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr dynptr_from_mem dynptr_read " +
		"dynptr_write dynptr_data cgrp_storage_get cgrp_storage_delete get_current_cgroup_id get_current_ancestor_cgroup_id current_task_under_cgroup " +
		"get_cgroup_classid:get_cgroup_classid_curr task_storage_get task_storage_delete trace_printk get_current_task get_current_task_btf " +
		"get_current_comm probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str copy_from_user copy_from_user_task snprintf_btf " +
		"snprintf task_pt_regs trace_vprintk perf_event_read_value perf_event_read send_signal send_signal_thread get_task_stack:get_task_stack_sleepable " +
		"get_branch_snapshot find_vma",
	socketBase:
		"skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock " +
		"ktime_get_coarse_ns",
	cgroup: "get_local_storage get_retval set_retval",
	cgroupDevice: "perf_event_output:event_output_data",
	sysctl:
		"sysctl_get_name sysctl_get_current_value sysctl_get_new_value sysctl_set_new_value ktime_get_coarse_ns perf_event_output:event_output_data",
	sockopt: "get_netns_cookie:get_netns_cookie_sockopt sk_storage_get sk_storage_delete tcp_sock perf_event_output:event_output_data",
	cgroupSock:
		"get_socket_cookie:get_socket_cookie_sock get_netns_cookie:get_netns_cookie_sock perf_event_output:event_output_data " +
		"sk_storage_get:sk_storage_get_cg_sock ktime_get_coarse_ns",
	sockAddr:
		"get_socket_cookie:get_socket_cookie_sock_addr get_netns_cookie:get_netns_cookie_sock_addr perf_event_output:event_output_data " +
		"sk_lookup_tcp:sock_addr_sk_lookup_tcp sk_lookup_udp:sock_addr_sk_lookup_udp sk_release skc_lookup_tcp:sock_addr_skc_lookup_tcp sk_storage_get " +
		"sk_storage_delete bind",
	socketFilter:
		"skb_load_bytes skb_load_bytes_relative get_socket_cookie get_netns_cookie get_socket_uid perf_event_output:skb_event_output",
	cgroupSkb:
		"sk_fullsock sk_storage_get sk_storage_delete perf_event_output:skb_event_output skb_cgroup_id skb_ancestor_cgroup_id sk_cgroup_id " +
		"sk_ancestor_cgroup_id sk_lookup_tcp sk_lookup_udp sk_release skc_lookup_tcp tcp_sock get_listener_sock skb_ecn_set_ce",
	classifier:
		"skb_store_bytes skb_load_bytes skb_load_bytes_relative skb_pull_data csum_diff csum_update csum_level l3_csum_replace l4_csum_replace " +
		"clone_redirect get_cgroup_classid skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type skb_adjust_room skb_change_tail skb_change_head " +
		"skb_get_tunnel_key skb_set_tunnel_key skb_get_tunnel_opt skb_set_tunnel_opt redirect redirect_neigh redirect_peer get_route_realm get_hash_recalc " +
		"set_hash_invalid set_hash perf_event_output:skb_event_output get_smp_processor_id skb_under_cgroup get_socket_cookie get_netns_cookie " +
		"get_socket_uid fib_lookup:skb_fib_lookup check_mtu:skb_check_mtu sk_fullsock sk_storage_get sk_storage_delete skb_get_xfrm_state " +
		"skb_cgroup_classid skb_cgroup_id skb_ancestor_cgroup_id sk_lookup_tcp:tc_sk_lookup_tcp sk_lookup_udp:tc_sk_lookup_udp sk_release tcp_sock " +
		"get_listener_sock skc_lookup_tcp:tc_skc_lookup_tcp tcp_check_syncookie skb_ecn_set_ce tcp_gen_syncookie sk_assign skb_set_tstamp " +
		"tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6",
	xdp:
		"perf_event_output:xdp_event_output get_smp_processor_id csum_diff xdp_adjust_head xdp_adjust_meta redirect:xdp_redirect " +
		"redirect_map:xdp_redirect_map xdp_adjust_tail xdp_get_buff_len xdp_load_bytes xdp_store_bytes fib_lookup:xdp_fib_lookup check_mtu:xdp_check_mtu " +
		"sk_lookup_udp:xdp_sk_lookup_udp sk_lookup_tcp:xdp_sk_lookup_tcp sk_release skc_lookup_tcp:xdp_skc_lookup_tcp tcp_check_syncookie " +
		"tcp_gen_syncookie tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6",
	sockOps:
		"setsockopt:sock_ops_setsockopt getsockopt:sock_ops_getsockopt sock_ops_cb_flags_set sock_map_update sock_hash_update " +
		"get_socket_cookie:get_socket_cookie_sock_ops perf_event_output:event_output_data sk_storage_get sk_storage_delete " +
		"get_netns_cookie:get_netns_cookie_sock_ops load_hdr_opt:sock_ops_load_hdr_opt store_hdr_opt:sock_ops_store_hdr_opt " +
		"reserve_hdr_opt:sock_ops_reserve_hdr_opt tcp_sock",
	skMsg:
		"msg_redirect_map msg_redirect_hash msg_apply_bytes msg_cork_bytes msg_pull_data msg_push_data msg_pop_data perf_event_output:event_output_data " +
		"sk_storage_get sk_storage_delete get_netns_cookie:get_netns_cookie_sk_msg",
	skSkb:
		"skb_store_bytes skb_load_bytes skb_pull_data:sk_skb_pull_data skb_change_tail:sk_skb_change_tail skb_change_head:sk_skb_change_head " +
		"skb_adjust_room:sk_skb_adjust_room get_socket_cookie get_socket_uid sk_redirect_map sk_redirect_hash perf_event_output:skb_event_output " +
		"sk_lookup_tcp sk_lookup_udp sk_release skc_lookup_tcp",
	flowDissector: "skb_load_bytes:flow_dissector_load_bytes",
	lwtOut:
		"skb_load_bytes skb_pull_data csum_diff get_cgroup_classid get_route_realm get_hash_recalc perf_event_output:skb_event_output get_smp_processor_id " +
		"skb_under_cgroup",
	lwtIn: "lwt_push_encap:lwt_in_push_encap",
	lwtXmit:
		"skb_get_tunnel_key skb_set_tunnel_key skb_get_tunnel_opt skb_set_tunnel_opt redirect clone_redirect skb_change_tail skb_change_head " +
		"skb_store_bytes csum_update csum_level l3_csum_replace l4_csum_replace set_hash_invalid lwt_push_encap:lwt_xmit_push_encap",
	lwtSeg6: "lwt_seg6_store_bytes lwt_seg6_action lwt_seg6_adjust_srh",
	skReuseport:
		"sk_select_reuseport skb_load_bytes:sk_reuseport_load_bytes skb_load_bytes_relative:sk_reuseport_load_bytes_relative " +
		"get_socket_cookie:get_socket_ptr_cookie ktime_get_coarse_ns",
	skLookup: "perf_event_output:event_output_data sk_assign:sk_lookup_assign sk_release",
	syscall: "sys_bpf btf_find_by_name_kind sys_close kallsyms_lookup_name",
	lsm:
		"inode_storage_get inode_storage_delete sk_storage_get sk_storage_delete spin_lock spin_unlock bprm_opts_set ima_inode_hash ima_file_hash " +
		"get_attach_cookie",
	tcpCongestion: "tcp_send_ack sk_storage_get sk_storage_delete ktime_get_coarse_ns",
	// The 6.18 that was asked has neither probe_write_user (lockdown) nor override_return (CONFIG_BPF_KPROBE_OVERRIDE).
	tracingCommon:
		"get_smp_processor_id current_task_under_cgroup probe_read_user probe_read_user_str probe_read_kernel probe_read_kernel_str " +
		"probe_read:probe_read_compat probe_read_str:probe_read_compat_str get_func_ip:get_func_ip_tracing",
	kprobe: "perf_event_output get_stackid get_stack get_func_ip:get_func_ip_kprobe get_attach_cookie:get_attach_cookie_trace",
	tracepoint:
		"perf_event_output:perf_event_output_tp get_stackid:get_stackid_tp get_stack:get_stack_tp get_attach_cookie:get_attach_cookie_trace",
	perfEvent:
		"perf_event_output:perf_event_output_tp get_stackid:get_stackid_proto_pe get_stack:get_stack_proto_pe perf_prog_read_value read_branch_records " +
		"get_attach_cookie:get_attach_cookie_pe",
	rawTracepoint:
		"perf_event_output:perf_event_output_raw_tp get_stackid:get_stackid_raw_tp get_stack:get_stack_raw_tp get_attach_cookie:get_attach_cookie_tracing",
	tracing:
		"skb_output xdp_output skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock skc_to_unix_sock " +
		"skc_to_mptcp_sock sk_storage_get:sk_storage_get_tracing sk_storage_delete:sk_storage_delete_tracing sock_from_file " +
		"get_socket_cookie:get_socket_ptr_cookie xdp_get_buff_len:xdp_get_buff_len_trace seq_printf seq_write seq_printf_btf d_path get_func_arg get_func_ret " +
		"get_func_arg_cnt get_attach_cookie:get_attach_cookie_tracing get_func_ip:get_func_ip_tracing",
	lirc:
		"rc_repeat rc_keydown rc_pointer_rel map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem ktime_get_ns " +
		"ktime_get_boot_ns tail_call get_prandom_u32 trace_printk",
} as const satisfies Record<string, string>;
export type HelperSet = keyof typeof helperSets;
