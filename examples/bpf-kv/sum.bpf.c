/* Folds the values of a key range into one number, where the data is: nothing but the result leaves the storage. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "range.h"

/* Decimal text, right-aligned with spaces, ends with NUL. */
static __always_inline __s64 decimal(const char *text)
{
	__s64 value = 0;
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < VALUE_SIZE; i++) {
		__u8 digit = text[i] - '0';

		if (digit <= 9)
			value = value * 10 + digit;
	}
	return value;
}

static __always_inline int take_value(struct range_query *query, const char *block, __u64 offset)
{
	const char *value = block + (offset & (BLOCK - VALUE_SIZE));
	__s64 number = query->agg_op & AGG_DECIMAL ? decimal(value) : *(const __s64 *)value;

	switch (query->agg_op & AGG_OP) {
	case AGG_MIN:
		if (!query->len || number < query->agg_value)
			query->agg_value = number;
		break;
	case AGG_MAX:
		if (!query->len || number > query->agg_value)
			query->agg_value = number;
		break;
	case AGG_COUNT:
		query->agg_value++;
		break;
	default:
		query->agg_value += number;
	}
	query->len++;
	return 1;
}

SEC("xrp")
int sum(struct bpf_xrp *ctx)
{
	return walk_range(ctx);
}

char _license[] SEC("license") = "GPL";
