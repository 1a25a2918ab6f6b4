/*
 * The walk over a key range: down to the leaf that holds the first key, one read for each object, then along the
 * leaves by their `next` pointers. A program says what becomes of a value by `take_value`.
 *
 * All state lives in the scratch page, because the context starts zeroed at each hop. A copy of the leaf stays there
 * while its values are read.
 */
#ifndef RANGE_H
#define RANGE_H

#include "bpf-kv.h"

/* Takes the value at `offset` of the file, which is in `block`; false: there is no room for another one. */
static __always_inline int take_value(struct range_query *query, const char *block, __u64 offset);

static __always_inline void read_from(struct bpf_xrp *ctx, __u64 offset)
{
	ctx->next_addr[0] = offset;
	ctx->size[0] = BLOCK;
}

/* An empty range is how the caller sees that nothing is left. */
static __always_inline void complete(struct bpf_xrp *ctx, struct range_query *query)
{
	query->begin = query->end;
	query->flags = BEGIN_EXCLUSIVE;
	ctx->done = 1;
}

static __always_inline int past_end(const struct range_query *query, __u64 key)
{
	return query->flags & END_INCLUSIVE ? key > query->end : key >= query->end;
}

static __always_inline void next_leaf(struct bpf_xrp *ctx, struct range_query *query)
{
	__u64 next = query->leaf.next & ~FILE_MASK;

	if (!next) {
		complete(ctx, query);
		return;
	}
	query->leaf_offset = next;
	query->state = READ_NODE;
	read_from(ctx, next);
}

/* Goes on in the copied leaf from key_ix: asks for the next object's block, or for the next leaf. */
static __always_inline void walk_leaf(struct bpf_xrp *ctx, struct range_query *query)
{
	__u32 ix = query->key_ix;
	__u64 key;

#pragma clang loop unroll(disable)
	for (; ix < FANOUT; ix++) {
		key = query->leaf.key[ix];
		if (key == NO_KEY)
			ix = FANOUT - 1; /* what follows is unused as well */
		else if (!(query->leaf.ptr[ix] & ~FILE_MASK))
			continue; /* a tombstone */
		else if (key > query->begin || (key == query->begin && !(query->flags & BEGIN_EXCLUSIVE)))
			break;
	}
	query->key_ix = ix;
	if (ix >= FANOUT) {
		next_leaf(ctx, query);
		return;
	}
	key = query->leaf.key[ix];
	if (past_end(query, key)) {
		complete(ctx, query);
		return;
	}
	query->begin = key;
	query->flags |= BEGIN_EXCLUSIVE;
	query->state = READ_VALUE;
	read_from(ctx, block_of(query->leaf.ptr[ix] & ~FILE_MASK));
}

static __always_inline void enter_leaf(struct bpf_xrp *ctx, struct range_query *query)
{
	query->leaf = *(const struct node *)ctx->data;
	query->key_ix = 0;
	if (query->leaf.key[0] != NO_KEY)
		query->first = query->leaf.key[0];
}

/* False: the chain ends here. */
static __always_inline int value_arrived(struct bpf_xrp *ctx, struct range_query *query)
{
	__u32 ix = query->key_ix;

	if (ix >= FANOUT) {
		complete(ctx, query);
		return 0;
	}
	query->key_ix = ix + 1;
	if (take_value(query, ctx->data, query->leaf.ptr[ix]))
		return 1;
	/* Full: the next call starts at this leaf again, unless the range ended with this object. */
	if (query->begin == query->end || (ix == FANOUT - 1 && !query->leaf.next)) {
		complete(ctx, query);
		return 0;
	}
	query->state = RESUME;
	ctx->done = 1;
	return 0;
}

static __always_inline int walk_range(struct bpf_xrp *ctx)
{
	struct range_query *query = (struct range_query *)ctx->scratch;
	const struct node *node = (const struct node *)ctx->data;
	__u64 child;

	switch (query->state) {
	case TRAVERSE:
		if (node->type == NODE_INTERNAL) {
			child = node->ptr[search(node, query->begin)];
			if (!(child & FILE_MASK))
				return NOT_A_POINTER;
			/* One range may read millions of blocks, so that the bound on reads does not end a loop in the tree. */
			if (++query->depth > MAX_LEVELS)
				return IN_CIRCLES;
			query->leaf_offset = child & ~FILE_MASK;
			read_from(ctx, query->leaf_offset);
			return 0;
		}
		/* fallthrough */
	case READ_NODE:
	case RESUME:
		if (node->type != NODE_LEAF)
			return NOT_A_NODE;
		/*
		 * A neighbour to the right begins behind the leaves before it. It may well begin before what was read: a writer may
		 * have split the leaf since a reader found the way to it.
		 */
		if (query->state == READ_NODE && node->key[0] <= query->first)
			return IN_CIRCLES;
		enter_leaf(ctx, query);
		break;
	case READ_VALUE:
		if (!value_arrived(ctx, query))
			return 0;
		break;
	default:
		ctx->done = 1;
		return -1;
	}
	walk_leaf(ctx, query);
	return 0;
}

#endif
