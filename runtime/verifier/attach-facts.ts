/**
 * Facts of attachment that BTF does not tell: hooks that may sleep, hooks that are closed, arguments of tracepoints that may be null.
 *
 * Source: sleepable_lsm_hooks, untrusted_lsm_hooks, bpf_lsm_disabled_hooks of kernel/bpf/bpf_lsm.c; raw_tp_null_args of kernel/bpf/btf.c (Linux 6.18).
 */
const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

export const SLEEPABLE_LSM = words(
	"bpf bpf_map bpf_map_create bpf_map_free bpf_prog bpf_prog_load bpf_prog_free bpf_token_create bpf_token_free bpf_token_cmd " +
		"bpf_token_capable bprm_check_security bprm_committed_creds bprm_committing_creds bprm_creds_for_exec bprm_creds_from_file capget capset " +
		"cred_prepare file_ioctl file_lock file_open file_post_open file_receive inode_create inode_free_security inode_getattr inode_getxattr " +
		"inode_mknod inode_need_killpriv inode_post_setxattr inode_post_removexattr inode_readlink inode_removexattr inode_rename inode_rmdir " +
		"inode_setattr inode_setxattr inode_symlink inode_unlink kernel_module_request kernel_read_file kernfs_init_security path_unlink path_mkdir " +
		"path_rmdir path_truncate path_symlink path_link path_rename path_chmod path_chown mmap_file netlink_send path_notify release_secctx " +
		"sb_alloc_security sb_eat_lsm_opts sb_kern_mount sb_mount sb_remount sb_set_mnt_opts sb_show_options sb_statfs sb_umount settime " +
		"inet_conn_established socket_accept socket_bind socket_connect socket_create socket_getpeername socket_getpeersec_dgram socket_getsockname " +
		"socket_getsockopt socket_listen socket_post_create socket_recvmsg socket_sendmsg socket_shutdown socket_socketpair syslog task_alloc " +
		"task_prctl task_setscheduler task_to_inode userns_create",
);

/** Their arguments may be on the way to being freed. */
export const UNTRUSTED_LSM = words(
	"bpf_map_free bpf_prog_free file_alloc_security file_free_security sk_alloc_security sk_free_security task_free",
);

export const DISABLED_LSM = words(
	"vm_enough_memory inode_need_killpriv inode_getsecurity inode_listsecurity inode_copy_up_xattr getselfattr getprocattr setprocattr " +
		"key_getsecurity audit_rule_match ismaclabel file_alloc_security",
);

/** Tracepoint: numbers of its nullable arguments. */
export const RAW_TP_NULLABLE: Readonly<Record<string, readonly number[]>> = Object.fromEntries(
	(
		"sched_pi_setprio:1 sched_stick_numa:2 sched_swap_numa:2 afs_make_fs_call:1 afs_make_fs_calli:1 afs_make_fs_call1:1 afs_make_fs_call2:1 " +
		"afs_protocol_error:0 afs_flock_ev:1 cachefiles_lookup:0 cachefiles_unlink:0 cachefiles_rename:0 cachefiles_prep_read:0 " +
		"cachefiles_mark_active:0 cachefiles_mark_failed:0 cachefiles_mark_inactive:0 cachefiles_vfs_error:0 cachefiles_io_error:0 " +
		"cachefiles_ondemand_open:0 cachefiles_ondemand_copen:0 cachefiles_ondemand_close:0 cachefiles_ondemand_read:0 cachefiles_ondemand_cread:0 " +
		"cachefiles_ondemand_fd_write:0 cachefiles_ondemand_fd_release:0 ext4_mballoc_discard:1 ext4_mballoc_free:1 fib_table_lookup:2 " +
		"posix_lock_inode:1 fcntl_setlk:1 locks_remove_posix:1 flock_lock_inode:1 break_lease_noblock:1 break_lease_block:1 break_lease_unblock:1 " +
		"generic_delete_lease:1 time_out_leases:1 host1x_cdma_push_gather:4 mm_khugepaged_scan_pmd:1 mm_collapse_huge_page_isolate:0 " +
		"mm_khugepaged_scan_file:1 mm_khugepaged_collapse_file:1 mm_page_alloc:0 mm_page_pcpu_drain:0 mm_page_alloc_zone_locked:0 netfs_failure:1 " +
		"device_pm_callback_start:1 qdisc_dequeue:3 rxrpc_recvdata:0 rxrpc_resend:1 rxrpc_tq:1 rxrpc_client:0 kfree_skb:3 xs_stream_read_data:0 " +
		"xprt_reserve_cong:1 xprt_release_cong:1 xprt_get_cong:1 xprt_put_cong:1 tcp_send_reset:0,1 tcp_sendmsg_locked:2 tegra_dma_tx_status:2 " +
		"tmigr_update_events:0 writeback_dirty_folio:1 folio_wait_writeback:1 amdgpu_vm_bo_map:0 amdgpu_vm_bo_unmap:0 netfs_folioq:0 " +
		"xfs_defer_create_intent:0 xfs_defer_cancel_list:0 xfs_defer_pending_finish:0 xfs_defer_pending_abort:0 xfs_defer_relog_intent:0 " +
		"xfs_defer_isolate_paused:0 xfs_defer_item_pause:0 xfs_defer_item_unpause:0 xfs_defer_add_item:0 xfs_defer_cancel_item:0 " +
		"xfs_defer_finish_item:0 xfs_ioc_free_eofblocks:1 xfs_blockgc_free_space:1 xfs_btree_updkeys:2 xfs_btree_overlapped_query_range:2 " +
		"xfs_map_blocks_found:4 xfs_map_blocks_alloc:4 xfs_iomap_alloc:3 xfs_iomap_found:3 xfs_inodegc_flush:0 xfs_inodegc_push:0 " +
		"xfs_inodegc_start:0 xfs_inodegc_stop:0 xfs_inodegc_queue:0 xfs_inodegc_throttle:0 xfs_fs_sync_fs:0 xfs_blockgc_start:0 xfs_blockgc_stop:0 " +
		"xfs_blockgc_worker:0 xfs_blockgc_flush_all:0 xchk_nlinks_live_update:1 xchk_metapath_lookup:2 nfsd_dirent:0 nfsd_file_acquire:0,3 " +
		"nfsd_file_insert_err:0 nfsd_file_cons_err:0 nfs4_setup_sequence:0 pnfs_update_layout:4 pnfs_mds_fallback_pg_init_read:4 " +
		"pnfs_mds_fallback_pg_init_write:4 pnfs_mds_fallback_pg_get_mirror_count:4 pnfs_mds_fallback_read_done:4 pnfs_mds_fallback_write_done:4 " +
		"pnfs_mds_fallback_read_pagelist:4 pnfs_mds_fallback_write_pagelist:4 coda_dec_pic_run:1 coda_dec_pic_done:1 cfg80211_scan_done:0,1 " +
		"rdev_set_coalesce:1 cfg80211_report_wowlan_wakeup:2 cfg80211_inform_bss_frame:2 cfg80211_michael_mic_failure:4 wiphy_work_queue:1 " +
		"wiphy_work_run:1 wiphy_work_cancel:1 wiphy_work_flush:1 hugetlbfs_alloc_inode:1 spufs_context:1 kvm_page_fault_enter:2 " +
		"dpu_crtc_setup_mixer:2 binder_transaction:2 btree_path_free:2 hfi1_sdma_progress:3 iptfs_ingress_postq_event:3 neigh_update:1 " +
		"amdtp_packet:2"
	)
		.split(" ")
		.map((row) => {
			const [name, args] = row.split(":");
			return [name, args.split(",").map(Number)];
		}),
);
