/* Looks up to 32 keys up, one after the other, in one chain: index nodes from the root, then the block of the value. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "bpf-kv.h"

static __always_inline void read_from(struct bpf_xrp *ctx, __u64 offset)
{
	ctx->next_addr[0] = offset;
	ctx->size[0] = BLOCK;
}

static __always_inline void next_key(struct bpf_xrp *ctx, struct get_query *query)
{
	__u32 next = query->current + 1;
	__u64 start;

	query->state = 0;
	query->current = next;
	if ((__s32)next >= query->n_keys || next >= MAX_KEYS) {
		ctx->done = 1;
		return;
	}
	start = query->starts[next];
	read_from(ctx, (start ? start : query->root) & ~FILE_MASK);
}

SEC("xrp")
int get(struct bpf_xrp *ctx)
{
	struct get_query *query = (struct get_query *)ctx->scratch;
	const struct node *node = (const struct node *)ctx->data;
	__u32 current = query->current;
	__u64 key, child;
	__u32 at;

	if (query->n_keys <= 0 || current >= MAX_KEYS) {
		ctx->done = 1;
		return 0;
	}
	if (query->state == AT_VALUE) {
		copy_value(query->values[current].value, ctx->data, query->value_ptr);
		query->values[current].found = 1;
		next_key(ctx, query);
		return 0;
	}

	key = query->keys[current];
	at = search(node, key);
	child = node->ptr[at] & ~FILE_MASK;
	if (node->type == NODE_INTERNAL) {
		if (!(node->ptr[at] & FILE_MASK))
			return NOT_A_POINTER;
		read_from(ctx, child);
	} else if (node->type != NODE_LEAF) {
		return NOT_A_NODE;
	} else if (node->key[at] == key && child) {
		query->value_ptr = child;
		query->state = AT_VALUE;
		read_from(ctx, block_of(child));
	} else {
		query->values[current].found = 0;
		next_key(ctx, query);
	}
	return 0;
}

char _license[] SEC("license") = "GPL";
