/*
 * A range and sum that leave the scratch page exactly as the original implementation's program does, known faults
 * included: the position in the leaf is not advanced past a value that was read, "complete" clears both flags, a full
 * page with an exhausted leaf is resumed from the old copy. For comparing with recorded pages only;
 * examples/bpf-kv/range.bpf.c is the one to use.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../../../examples/bpf-kv/bpf-kv.h"

#define SLOT(i) ((i) & (MAX_KEYS - 1))

static __always_inline int ask(struct bpf_xrp *ctx, __u64 offset)
{
	ctx->next_addr[0] = offset;
	ctx->size[0] = BLOCK;
	return 0;
}

static __always_inline int end_of_range(struct bpf_xrp *ctx, struct range_query *query)
{
	query->begin = query->end;
	query->flags |= BEGIN_EXCLUSIVE;
	query->flags &= ~1u << 1;
	ctx->done = 1;
	return 0;
}

static __always_inline int walk(struct bpf_xrp *ctx, struct range_query *query, struct node *leaf)
{
	__u64 first = query->begin + (query->flags & BEGIN_EXCLUSIVE ? 1 : 0);
	int inclusive = query->flags & END_INCLUSIVE;

	for (; query->key_ix < FANOUT && query->len < MAX_KEYS; query->key_ix++) {
		__u32 i = SLOT(query->key_ix);
		__u64 key = leaf->key[i];

		if (key > query->end || (key == query->end && !inclusive))
			return end_of_range(ctx, query);
		if (key < first)
			continue;
		query->kv[SLOT(query->len)].key = key;
		query->begin = key;
		query->flags |= BEGIN_EXCLUSIVE;
		query->state = READ_VALUE;
		return ask(ctx, block_of(leaf->ptr[i] & ~FILE_MASK));
	}

	if (query->len == MAX_KEYS) {
		ctx->done = 1;
		query->begin = query->kv[MAX_KEYS - 1].key;
		query->flags |= BEGIN_EXCLUSIVE;
		if (query->key_ix < FANOUT)
			return 0;
		if (!leaf->next)
			return end_of_range(ctx, query);
		query->leaf_offset = leaf->next;
		query->key_ix = 0;
		query->state = READ_NODE;
		return 0;
	}
	if (!leaf->next)
		return end_of_range(ctx, query);
	query->leaf_offset = leaf->next;
	query->state = READ_NODE;
	query->key_ix = 0;
	return ask(ctx, leaf->next);
}

SEC("xrp")
int range(struct bpf_xrp *ctx)
{
	struct range_query *query = (struct range_query *)ctx->scratch;
	struct node *node = (struct node *)ctx->data;
	__u64 child, offset;
	__u32 i;

	switch (query->state) {
	case TRAVERSE:
		if (node->type != NODE_LEAF) {
			child = node->ptr[FANOUT - 1];
#pragma unroll
			for (i = FANOUT - 1; i > 0; i--)
				if (query->begin < node->key[i])
					child = node->ptr[i - 1];
			return ask(ctx, child & ~FILE_MASK);
		}
		query->leaf = *node;
		return walk(ctx, query, node);
	case READ_NODE:
		query->leaf = *node;
		query->state = RESUME;
		return walk(ctx, query, node);
	case RESUME:
		return walk(ctx, query, node);
	case READ_VALUE:
		offset = query->leaf.ptr[SLOT(query->key_ix)] & (BLOCK - 1);
		if (query->agg_op == AGG_NONE) {
			__builtin_memcpy(query->kv[SLOT(query->len)].value, ctx->data + offset, VALUE_SIZE);
			query->len++;
		} else if (query->agg_op == AGG_SUM) {
			query->agg_value += *(__s64 *)(ctx->data + offset);
		}
		query->state = RESUME;
		return walk(ctx, query, &query->leaf);
	default:
		ctx->done = 1;
		return -1;
	}
}

char _license[] SEC("license") = "GPL";
