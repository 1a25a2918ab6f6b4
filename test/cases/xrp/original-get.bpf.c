/*
 * A get that leaves the scratch page exactly as the original implementation's get program does, known faults included:
 * the first key is served even when n_keys is 0, further keys start at `root` undecoded, a miss leaves old bytes in the
 * value. For comparing with recorded pages only; examples/bpf-kv/get.bpf.c is the one to use.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../../../examples/bpf-kv/bpf-kv.h"

static __always_inline int ask(struct bpf_xrp *ctx, __u64 offset)
{
	ctx->next_addr[0] = offset;
	ctx->size[0] = BLOCK;
	return 0;
}

static __always_inline int advance(struct bpf_xrp *ctx, struct get_query *query)
{
	query->current++;
	query->state = 0;
	if (query->current < query->n_keys && query->current < MAX_KEYS)
		return ask(ctx, query->root);
	ctx->done = 1;
	return 0;
}

SEC("xrp")
int get(struct bpf_xrp *ctx)
{
	struct get_query *query = (struct get_query *)ctx->scratch;
	struct node *node = (struct node *)ctx->data;
	__u32 slot = query->current & (MAX_KEYS - 1), i;
	struct found_value *answer = &query->values[slot];
	__u64 key = query->keys[slot], child;

	if (query->state & AT_VALUE) {
		answer->found = 1;
		__builtin_memcpy(answer->value, ctx->data + (query->value_ptr & (BLOCK - 1)), VALUE_SIZE);
		return advance(ctx, query);
	}

	child = node->ptr[FANOUT - 1];
#pragma unroll
	for (i = FANOUT - 1; i > 0; i--)
		if (key < node->key[i])
			child = node->ptr[i - 1];
	child &= ~FILE_MASK;
	if (node->type != NODE_LEAF)
		return ask(ctx, child);

	query->state = AT_VALUE;
#pragma unroll
	for (i = 0; i < FANOUT; i++) {
		if (node->key[i] == key) {
			query->value_ptr = child;
			return ask(ctx, block_of(child));
		}
	}
	answer->found = 0;
	return advance(ctx, query);
}

char _license[] SEC("license") = "GPL";
