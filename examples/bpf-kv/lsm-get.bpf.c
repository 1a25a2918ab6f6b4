/*
 * Looks a key up in several immutable sorted files, the newest first, in one chain. A tombstone in a newer file hides
 * what older ones hold. Bits 56 to 62 of an address choose the file.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "bpf-kv.h"

#define FILE_SHIFT 56
#define MAX_FILES 16

enum { LSM_SEARCHING, LSM_FOUND, LSM_NOT_FOUND, LSM_DELETED };

struct lsm_query {
	__u64 key;
	__u32 n_files;
	__u32 file; /* being searched; at the end, the one that decided */
	__u32 status;
	__u32 at_value;
	__u64 value_ptr;
	char value[VALUE_SIZE];
};

static __always_inline void read_from(struct bpf_xrp *ctx, const struct lsm_query *query, __u64 offset)
{
	ctx->next_addr[0] = (__u64)query->file << FILE_SHIFT | offset;
	ctx->size[0] = BLOCK;
}

static __always_inline int finish(struct bpf_xrp *ctx, struct lsm_query *query, __u32 status)
{
	query->status = status;
	ctx->done = 1;
	return 0;
}

SEC("xrp")
int lsm_get(struct bpf_xrp *ctx)
{
	struct lsm_query *query = (struct lsm_query *)ctx->scratch;
	const struct node *node = (const struct node *)ctx->data;
	__u64 child;
	__u32 at;

	if (query->at_value) {
		copy_value(query->value, ctx->data, query->value_ptr);
		return finish(ctx, query, LSM_FOUND);
	}
	at = search(node, query->key);
	child = node->ptr[at] & ~FILE_MASK;
	if (node->type == NODE_INTERNAL) {
		if (!(node->ptr[at] & FILE_MASK))
			return NOT_A_POINTER;
		read_from(ctx, query, child);
		return 0;
	}
	if (node->type != NODE_LEAF)
		return NOT_A_NODE;
	if (node->key[at] == query->key) {
		if (!child)
			return finish(ctx, query, LSM_DELETED);
		query->value_ptr = child;
		query->at_value = 1;
		read_from(ctx, query, block_of(child));
		return 0;
	}
	query->file++;
	if (query->file >= query->n_files || query->file >= MAX_FILES)
		return finish(ctx, query, LSM_NOT_FOUND);
	read_from(ctx, query, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
