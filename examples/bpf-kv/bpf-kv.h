/* The on-disk node and the scratch pages of BPF-KV, as the original implementation lays them out. */
#ifndef BPF_KV_H
#define BPF_KV_H

#include <linux/types.h>

#define BLOCK 512
#define FANOUT 31
#define VALUE_SIZE 64
#define FILE_MASK (1ull << 63) /* marks a pointer as a file offset */

#define NO_KEY (~0ull) /* in unused entries of a node that was written to */

enum { NODE_INTERNAL, NODE_LEAF };

/* What a program returns at damage; runtime/bpfkv/damage.ts has the words. */
#define NOT_A_NODE (-1)
#define NOT_A_POINTER (-2) /* not marked as a file offset: all zeros, where a sparse file has a hole */
#define IN_CIRCLES (-3)

struct node {
	__u64 next; /* plain offset of the right neighbour, 0 for the last */
	__u64 type;
	__u64 key[FANOUT];
	__u64 ptr[FANOUT];
};

/* ---- get ---- */

#define MAX_KEYS 32
#define AT_VALUE 1

struct found_value {
	__u8 found;
	char value[VALUE_SIZE];
};

struct get_query {
	__u64 root; /* where each further key starts */
	__u64 value_ptr;
	__u32 state;
	__s32 current;
	__s32 n_keys;
	__u64 keys[MAX_KEYS];
	struct found_value values[MAX_KEYS];
	__u64 starts[MAX_KEYS]; /* ours: where each key starts, below the levels that the caller keeps; 0: at the root */
};

/* ---- range ---- */

#define BEGIN_EXCLUSIVE 1u
#define END_INCLUSIVE 2u

enum { AGG_NONE, AGG_SUM, AGG_MIN, AGG_MAX, AGG_COUNT };
#define AGG_OP 0xff
#define AGG_DECIMAL 0x100 /* the value is decimal text; without it, its first eight bytes are a number */

enum { RESUME = 1, TRAVERSE, READ_VALUE, READ_NODE };

struct key_value {
	__u64 key;
	char value[VALUE_SIZE];
};

struct range_query {
	__u64 begin;
	__u64 end;
	__u32 flags;
	__u32 agg_op;
	__s32 len;
	struct key_value kv[MAX_KEYS];
	__s64 agg_value;
	__u32 state;
	__u64 leaf_offset; /* where a resumed query starts */
	__u32 key_ix;
	struct node leaf;
	/* ours */
	__u32 depth; /* levels gone down so far */
	__u64 first; /* first key of the last leaf that had one */
};

#define MAX_LEVELS 32

/* The last entry whose key is not greater; entry 0 when all are. Five comparisons instead of thirty. */
static __always_inline __u32 search(const struct node *node, __u64 key)
{
	__u32 at = 0;

	if (key >= node->key[16])
		at = 16;
	if (key >= node->key[at + 8])
		at += 8;
	if (key >= node->key[at + 4])
		at += 4;
	if (key >= node->key[at + 2])
		at += 2;
	if (at < FANOUT - 1 && key >= node->key[at + 1])
		at += 1;
	return at;
}

/* Values lie at multiples of their size, so that a copy moves whole words. `to` may be odd: see struct found_value. */
static __always_inline void copy_value(void *to, const char *block, __u64 offset)
{
	const __u64 *from = (const __u64 *)(block + (offset & (BLOCK - VALUE_SIZE)));
	int i;

#pragma unroll
	for (i = 0; i < VALUE_SIZE / 8; i++)
		((__u64 *)to)[i] = from[i];
}

static __always_inline __u64 block_of(__u64 offset)
{
	return offset & ~(__u64)(BLOCK - 1);
}

#endif
