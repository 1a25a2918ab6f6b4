/* Returns up to 32 pairs of a key range a call; the caller resumes at `leaf_offset` while the range is not empty. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "range.h"

static __always_inline int take_value(struct range_query *query, const char *block, __u64 offset)
{
	__u32 n = query->len;

	if (n >= MAX_KEYS)
		return 0;
	query->kv[n].key = query->begin;
	copy_value(query->kv[n].value, block, offset);
	query->len = n + 1;
	return n + 1 < MAX_KEYS;
}

SEC("xrp")
int range(struct bpf_xrp *ctx)
{
	return walk_range(ctx);
}

char _license[] SEC("license") = "GPL";
