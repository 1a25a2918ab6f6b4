/*
 * Finds a key in a WiredTiger row-store file in one chain: root, internal pages, leaf, value.
 *
 * A page is 28 bytes of page header, 12 of block header, then cells. An internal page holds pairs of a key and an
 * address; a leaf holds keys and values, the keys perhaps without the prefix that they share with the one before.
 * What is not understood is refused by name in `status`; no page is believed before its checksum was.
 *
 * The larger steps are global functions, which a verifier walks once each.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "wt-lookup.h"
#include "crc32c.h"

#define HEADER 40

enum { PAGE_ENTRIES = 20, PAGE_TYPE = 24, PAGE_FLAGS = 25, BLOCK_SIZE = 28, BLOCK_CHECKSUM = 32, BLOCK_FLAGS = 36 };
enum { INTERNAL_PAGE = 6, LEAF_PAGE = 7 };
enum { PAGE_COMPRESSED = 0x01, PAGE_ENCRYPTED = 0x08 };
enum { CHECKSUM_WHOLE_BLOCK = 0x01, CHECKSUM_PART = 64 };

/* Two low bits of a cell's first byte: a short key, one with a prefix, a short value; 0: the type is in the high half. */
enum { SHORT_KEY = 1, SHORT_KEY_PREFIX = 2, SHORT_VALUE = 3 };
enum { ADDR_INTERNAL = 1, ADDR_LEAF = 2, ADDR_LEAF_NO_OVERFLOW = 3, KEY = 5, KEY_OVERFLOW = 6, KEY_PREFIX = 7, VALUE = 8, VALUE_COPY = 9, VALUE_OVERFLOW = 10 };
enum { HAS_NUMBER = 0x04, HAS_TIME = 0x08 };
#define LENGTH_BIAS 64

#define lookup_of(ctx) ((struct wt_lookup *)(ctx)->scratch)

static __always_inline __u32 byte_at(struct bpf_xrp *ctx, __u32 at)
{
	return (__u8)ctx->data[at & (WT_BLOCK - 1)];
}

static __always_inline __u32 word_at(struct bpf_xrp *ctx, __u32 at)
{
	return *(__u32 *)(ctx->data + at);
}

static __always_inline int refuse(struct bpf_xrp *ctx, __u32 status)
{
	lookup_of(ctx)->status = status;
	return -1;
}

/* Reads a packed unsigned integer into `number`; returns where it ends, or -1. */
__noinline int unpack(struct bpf_xrp *ctx, __u32 at)
{
	__u32 first = byte_at(ctx, at), bytes, i;
	__u64 number = 0;

	switch (first >> 4) {
	case 0x8 ... 0xb:
		lookup_of(ctx)->number = first & 0x3f;
		return at + 1;
	case 0xc ... 0xd:
		lookup_of(ctx)->number = ((first & 0x1f) << 8 | byte_at(ctx, at + 1)) + 64;
		return at + 2;
	case 0xe:
		bytes = first & 0xf;
		if (bytes > 8)
			return refuse(ctx, WT_BAD_CELL);
		for (i = 1; i <= 8 && i <= bytes; i++)
			number = number << 8 | byte_at(ctx, at + i);
		lookup_of(ctx)->number = number + 8256;
		return at + 1 + bytes;
	default:
		return refuse(ctx, WT_BAD_CELL);
	}
}

/* Puts the key of `size` bytes at `at` behind `prefix` bytes of the key before; returns where it ends, or -1. */
__noinline int take_key(struct bpf_xrp *ctx, __u32 at, __u32 prefix, __u32 size)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 i;

	if (prefix > lookup->current_size)
		return refuse(ctx, WT_BAD_CELL);
	if (prefix > WT_MAX_KEY || size > WT_MAX_KEY || prefix + size > WT_MAX_KEY)
		return refuse(ctx, WT_LONG_KEY);
	if (at + size > WT_BLOCK)
		return refuse(ctx, WT_BAD_CELL);
	for (i = 0; i < WT_MAX_KEY; i++) {
		if (i >= size)
			break;
		lookup->current[(prefix + i) & (WT_MAX_KEY - 1)] = byte_at(ctx, at + i);
	}
	lookup->current_size = prefix + size;
	return at + size;
}

/* Reads the key cell at `at`; returns where it ends, or -1. */
__noinline int key_cell(struct bpf_xrp *ctx, __u32 at)
{
	__u32 first = byte_at(ctx, at), prefix = 0, size;
	int next = at + 1;

	switch (first & 3) {
	case SHORT_KEY:
		size = first >> 2;
		break;
	case SHORT_KEY_PREFIX:
		prefix = byte_at(ctx, next++);
		size = first >> 2;
		break;
	case 0:
		if (first & HAS_TIME)
			return refuse(ctx, WT_TIME_WINDOW);
		if (first >> 4 == KEY_OVERFLOW)
			return refuse(ctx, WT_OVERFLOW);
		if (first & HAS_NUMBER || (first >> 4 != KEY && first >> 4 != KEY_PREFIX))
			return refuse(ctx, WT_BAD_CELL);
		if (first >> 4 == KEY_PREFIX)
			prefix = byte_at(ctx, next++);
		next = unpack(ctx, next);
		if (next < 0)
			return -1;
		if (lookup_of(ctx)->number > WT_BLOCK)
			return refuse(ctx, WT_LONG_KEY);
		size = lookup_of(ctx)->number + LENGTH_BIAS;
		break;
	default:
		return refuse(ctx, WT_BAD_CELL);
	}
	return take_key(ctx, next, prefix, size);
}

/* The sought key against the current one, as memcmp and then by length. */
__noinline int compare_key(struct bpf_xrp *ctx)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 i;

	for (i = 0; i < WT_MAX_KEY; i++) {
		if (i >= lookup->key_size || i >= lookup->current_size)
			break;
		if (lookup->key[i] != lookup->current[i])
			return lookup->key[i] < lookup->current[i] ? -1 : 1;
	}
	if (lookup->key_size == lookup->current_size)
		return 0;
	return lookup->key_size < lookup->current_size ? -1 : 1;
}

/* Reads the address cell at `at` into `child` and `child_checksum`; returns where it ends, or -1. */
__noinline int address_cell(struct bpf_xrp *ctx, __u32 at)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 first = byte_at(ctx, at), type = first >> 4;
	__u64 offset;
	int next = at + 1, end;

	if (type != ADDR_INTERNAL && type != ADDR_LEAF && type != ADDR_LEAF_NO_OVERFLOW)
		return refuse(ctx, WT_BAD_CELL);
	if (first & 0x07)
		return refuse(ctx, WT_BAD_CELL);
	if (first & HAS_TIME && byte_at(ctx, next++))
		return refuse(ctx, WT_TIME_WINDOW);
	next = unpack(ctx, next);
	if (next < 0 || lookup->number > WT_BLOCK)
		return refuse(ctx, WT_BAD_CELL);
	end = next + (__u32)lookup->number;

	next = unpack(ctx, next);
	if (next < 0)
		return -1;
	offset = lookup->number;
	next = unpack(ctx, next);
	if (next < 0)
		return -1;
	if (lookup->number != 1)
		return refuse(ctx, WT_BAD_BLOCK_SIZE);
	next = unpack(ctx, next);
	if (next < 0)
		return -1;
	lookup->child = (offset + 1) * WT_BLOCK;
	lookup->child_checksum = lookup->number;
	return end;
}

/* Takes the child whose key is the last one not greater; the first key counts as smaller than any. */
__noinline int search_internal(struct bpf_xrp *ctx)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 entries = word_at(ctx, PAGE_ENTRIES), i;
	int at = HEADER, order;

	lookup->current_size = 0;
	for (i = 0; i < WT_BLOCK / 4; i++) {
		if (2 * i >= entries)
			break;
		at = key_cell(ctx, at);
		if (at < 0)
			return -1;
		order = i ? compare_key(ctx) : 1;
		if (order < 0)
			return 0;
		at = address_cell(ctx, at);
		if (at < 0)
			return -1;
		if (!order)
			return 0;
	}
	return i ? 0 : refuse(ctx, WT_BAD_CELL);
}

/* Copies the value of the cell at `at`, which may be absent (an empty value). Returns -1 when it cannot. */
__noinline int take_value(struct bpf_xrp *ctx, __u32 at, __u32 last)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 first = byte_at(ctx, at), size, i;
	int next = at + 1;

	lookup->value_size = 0;
	if (last || (first & 3) == SHORT_KEY || (first & 3) == SHORT_KEY_PREFIX)
		return 0;
	if (first >> 4 == VALUE_COPY && !(first & 3)) {
		/* The same value stands earlier on the page: the number says how far back. */
		if (first & (HAS_NUMBER | HAS_TIME))
			return refuse(ctx, WT_TIME_WINDOW);
		if (unpack(ctx, next) < 0)
			return -1;
		if (lookup->number > at)
			return refuse(ctx, WT_BAD_CELL);
		at -= lookup->number;
		first = byte_at(ctx, at);
		next = at + 1;
	}
	if ((first & 3) == SHORT_VALUE) {
		size = first >> 2;
	} else {
		if (first & 3)
			return refuse(ctx, WT_BAD_CELL);
		if (first & HAS_TIME)
			return refuse(ctx, WT_TIME_WINDOW);
		if (first >> 4 == VALUE_OVERFLOW)
			return refuse(ctx, WT_OVERFLOW);
		if (first >> 4 == KEY || first >> 4 == KEY_PREFIX || first >> 4 == KEY_OVERFLOW)
			return 0;
		if (first >> 4 != VALUE || first & HAS_NUMBER)
			return refuse(ctx, WT_BAD_CELL);
		next = unpack(ctx, next);
		if (next < 0)
			return -1;
		if (lookup->number > WT_BLOCK)
			return refuse(ctx, WT_BAD_CELL);
		size = lookup->number + LENGTH_BIAS;
	}
	if (next + size > WT_BLOCK)
		return refuse(ctx, WT_BAD_CELL);
	for (i = 0; i < WT_BLOCK; i++) {
		if (i >= size)
			break;
		lookup->value[i] = byte_at(ctx, next + i);
	}
	lookup->value_size = size;
	return 0;
}

/* Where the cell after the value at `at` starts; `at` itself when a key stands there. Or -1. */
__noinline int skip_value(struct bpf_xrp *ctx, __u32 at)
{
	__u32 first = byte_at(ctx, at), type = first >> 4;
	int next;

	if ((first & 3) == SHORT_VALUE)
		return at + 1 + (first >> 2);
	if (first & 3 || type == KEY || type == KEY_PREFIX || type == KEY_OVERFLOW)
		return at;
	if (first & (HAS_TIME | HAS_NUMBER))
		return refuse(ctx, WT_TIME_WINDOW);
	next = unpack(ctx, at + 1);
	if (next < 0)
		return -1;
	if (type == VALUE_COPY)
		return next;
	if (lookup_of(ctx)->number > WT_BLOCK)
		return refuse(ctx, WT_BAD_CELL);
	if (type == VALUE)
		return next + lookup_of(ctx)->number + LENGTH_BIAS;
	if (type == VALUE_OVERFLOW)
		return next + lookup_of(ctx)->number;
	return refuse(ctx, WT_BAD_CELL);
}

/*
 * Compares the pair at `at`, the `slot`th of its leaf. Returns where the next one starts; 0 when the search is over, found or not; or -1.
 * The cells passed are counted in the scratch page: in a register, each count would be one more state for a verifier to walk.
 */
__noinline int leaf_pair(struct bpf_xrp *ctx, __u32 at, __u32 slot)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 entries = word_at(ctx, PAGE_ENTRIES);
	int value, next, order;

	if (lookup->cells >= entries)
		return 0;
	value = key_cell(ctx, at);
	if (value < 0)
		return -1;
	lookup->cells++;
	order = compare_key(ctx);
	if (order < 0)
		return 0;
	if (!order) {
		if (take_value(ctx, value, lookup->cells >= entries) < 0)
			return -1;
		lookup->slot = slot;
		lookup->status = WT_FOUND;
		return 0;
	}
	if (lookup->cells >= entries)
		return 0;
	next = skip_value(ctx, value);
	if (next < 0)
		return -1;
	if (next != value)
		lookup->cells++;
	if (next >= WT_BLOCK)
		return lookup->cells >= entries ? 0 : refuse(ctx, WT_BAD_CELL);
	return next;
}

__noinline int search_leaf(struct bpf_xrp *ctx)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	int at = HEADER;
	__u32 i;

	lookup->current_size = 0;
	lookup->cells = 0;
	lookup->status = WT_NOT_FOUND;
	for (i = 0; i < WT_BLOCK / 2; i++) {
		at = leaf_pair(ctx, at, i);
		if (at <= 0)
			return at;
	}
	return refuse(ctx, WT_BAD_CELL);
}

/* CRC-32C over the block as it was before its checksum was filled in. */
__noinline int check_page(struct bpf_xrp *ctx)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	__u32 type = byte_at(ctx, PAGE_TYPE), flags = byte_at(ctx, PAGE_FLAGS);
	__u32 length = byte_at(ctx, BLOCK_FLAGS) & CHECKSUM_WHOLE_BLOCK ? WT_BLOCK : CHECKSUM_PART;
	__u32 crc = ~0u, i, byte;

	if (type != INTERNAL_PAGE && type != LEAF_PAGE)
		return refuse(ctx, WT_BAD_PAGE_TYPE);
	if (word_at(ctx, BLOCK_SIZE) != WT_BLOCK)
		return refuse(ctx, WT_BAD_BLOCK_SIZE);
	if (flags & PAGE_COMPRESSED)
		return refuse(ctx, WT_COMPRESSED);
	if (flags & PAGE_ENCRYPTED)
		return refuse(ctx, WT_ENCRYPTED);
	for (i = 0; i < WT_BLOCK; i++) {
		if (i >= length)
			break;
		byte = i - BLOCK_CHECKSUM < 4 ? 0 : byte_at(ctx, i);
		crc = crc32c_table[(crc ^ byte) & 0xff] ^ crc >> 8;
	}
	crc = ~crc;
	if (crc != word_at(ctx, BLOCK_CHECKSUM) || crc != lookup->checksum)
		return refuse(ctx, WT_BAD_CHECKSUM);
	return type;
}

SEC("xrp")
int wt_lookup(struct bpf_xrp *ctx)
{
	struct wt_lookup *lookup = lookup_of(ctx);
	int type;

	ctx->done = 1;
	if (lookup->key_size > WT_MAX_KEY) {
		lookup->status = WT_LONG_KEY;
		return 0;
	}
	type = check_page(ctx);
	if (type < 0)
		return 0;
	lookup->level++;
	if (type == LEAF_PAGE) {
		search_leaf(ctx);
		return 0;
	}
	if (lookup->level >= WT_MAX_LEVELS) {
		lookup->status = WT_TOO_DEEP;
		return 0;
	}
	if (search_internal(ctx) < 0)
		return 0;
	lookup->checksum = lookup->child_checksum;
	ctx->next_addr[0] = lookup->child;
	ctx->size[0] = WT_BLOCK;
	ctx->done = 0;
	return 0;
}

char _license[] SEC("license") = "GPL";
