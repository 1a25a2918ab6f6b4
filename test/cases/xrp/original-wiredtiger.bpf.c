/*
 * A WiredTiger descent that leaves the scratch page exactly as the original XRP program does: each page on the way is
 * copied behind the query, with the index of the child that was taken; the application searches the leaf itself.
 * Checksums and block sizes are not looked at. For comparing with recorded runs only; examples/wiredtiger is the
 * program to use.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define BLOCK 512
#define HEADER 40
#define MAX_KEY 18
#define MAX_LEVELS 6
#define PAGES 1024
#define INVALID 22

struct descent {
	__u64 key_size;
	__u8 key[MAX_KEY];
	__s32 level;
	__s32 iteration;
	__u64 unused[3];
	__s32 n_pages;
	__u64 child_index[MAX_LEVELS];
};

enum { INTERNAL_PAGE = 6, LEAF_PAGE = 7 };

struct cursor {
	__u32 at;
	__u64 number;
};

static __always_inline __u8 byte_at(struct bpf_xrp *ctx, __u32 at)
{
	return ctx->data[at & 0xfff];
}

/* A packed unsigned integer of at most 8 bytes; returns where it ends, or a negative number. */
__noinline int packed(struct bpf_xrp *ctx, __u32 at, __u64 *number)
{
	__u8 first = byte_at(ctx, at);
	__u32 bytes, i;
	__u64 n = 0;

	if (!number)
		return -1;
	if ((first & 0xc0) == 0x80) {
		*number = first & 0x3f;
		return at + 1;
	}
	if ((first & 0xe0) == 0xc0) {
		*number = ((__u64)(first & 0x1f) << 8 | byte_at(ctx, at + 1)) + 64;
		return at + 2;
	}
	if ((first & 0xf0) != 0xe0)
		return -1;
	bytes = first & 0xf;
	for (i = 1; i <= 15 && i <= bytes; i++)
		n = n << 8 | byte_at(ctx, at + i);
	*number = n + 8256;
	return at + 1 + bytes;
}

/* The sought key against `size` bytes at `at`: negative, zero, positive. */
__noinline int compare(struct bpf_xrp *ctx, __u32 at, __u64 size)
{
	struct descent *query = (struct descent *)ctx->scratch;
	__u64 length = query->key_size < size ? query->key_size : size;
	__u32 i;

	for (i = 0; i < MAX_KEY && i < length; i++) {
		__u8 a = query->key[i], b = byte_at(ctx, at + i);

		if (a != b)
			return a < b ? -1 : 1;
	}
	return query->key_size == size ? 0 : query->key_size < size ? -1 : 1;
}

/* Finds the child on an internal page; 0, or a negative number for what it does not read. */
__noinline int find_child(struct bpf_xrp *ctx, __u64 *child, __u64 *index)
{
	__u32 pairs = *(__u32 *)(ctx->data + 20) / 2, i, at = HEADER;
	__u64 previous = 0, key_size, offset, size, cookie, checksum;

	if (!child || !index)
		return -1;
	for (i = 0; i < pairs && i < BLOCK; i++) {
		__u8 first = byte_at(ctx, at);
		int next = at + 1, order;
		__u32 key_at;

		if ((first & 3) == 1) {
			key_size = first >> 2;
		} else if (!(first & 3) && first >> 4 == 5 && !(first & 4)) {
			next = packed(ctx, next, &key_size);
			if (next < 0)
				return -1;
			key_size += 64;
		} else {
			return -1;
		}
		key_at = next;
		at = next + key_size;

		first = byte_at(ctx, at);
		if (first & 7 || first >> 4 < 1 || first >> 4 > 3)
			return -1;
		next = at + 1;
		if (first & 8 && byte_at(ctx, next++))
			return -1;
		next = packed(ctx, next, &cookie);
		if (next < 0)
			return -1;
		at = next + cookie;
		next = packed(ctx, next, &offset);
		if (next < 0)
			return -1;
		next = packed(ctx, next, &size);
		if (next < 0 || packed(ctx, next, &checksum) < 0 || size != 1)
			return -1;
		offset = (offset + 1) * BLOCK;

		order = i ? compare(ctx, key_at, key_size) : 1;
		if (order < 0)
			break;
		previous = offset;
		if (!order) {
			i++;
			break;
		}
	}
	*child = previous;
	*index = i - 1;
	return 0;
}

SEC("xrp")
int descend(struct bpf_xrp *ctx)
{
	struct descent *query = (struct descent *)ctx->scratch;
	__u64 *from = (__u64 *)ctx->data, *to = (__u64 *)ctx->scratch;
	__u64 child = 0, index = 0;
	__u32 page = (PAGES + BLOCK * query->level) / 8, i;
	__u8 type = byte_at(ctx, 24);

	for (i = 0; i < BLOCK / 8; i++)
		to[(page + i) & 0x1ff] = from[i];
	query->n_pages++;
	if (type == LEAF_PAGE) {
		ctx->done = 1;
		return 0;
	}
	if (type != INTERNAL_PAGE || find_child(ctx, &child, &index) < 0)
		return INVALID;
	query->child_index[query->level & 7] = index;
	if (query->level == MAX_LEVELS - 1) {
		ctx->done = 1;
	} else {
		ctx->next_addr[0] = child;
		ctx->size[0] = BLOCK;
	}
	query->level++;
	return 0;
}

char _license[] SEC("license") = "GPL";
