/*
 * The same lookups by pread, in C: file and keys are arguments, the number of lookups comes in by lines ("from count"),
 * nanoseconds and reads go out by lines. A wrong value ends it with 1.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct node {
	uint64_t next, type, key[31], ptr[31];
};

static int is_value(uint64_t key, const char *value)
{
	int at = 62;
	do {
		if (value[at--] != (char)('0' + key % 10))
			return 0;
		key /= 10;
	} while (key);
	return value[at] == ' ' && value[63] == 0;
}

int main(int argc, char **argv)
{
	static char block[4096] __attribute__((aligned(4096)));
	const struct node *node = (const struct node *)block;
	int fd = open(argv[1], O_RDONLY), n = 0;
	uint64_t *keys = calloc(1 << 20, sizeof *keys);
	FILE *list = argc > 2 ? fopen(argv[2], "r") : NULL;
	unsigned long from, count;

	if (fd < 0 || !list)
		return 2;
	while (n < 1 << 20 && fscanf(list, "%lu", &from) == 1)
		keys[n++] = from;
	while (scanf("%lu %lu", &from, &count) == 2) {
		struct timespec a, b;
		unsigned long reads = 0;
		clock_gettime(CLOCK_MONOTONIC, &a);
		for (unsigned long i = from; i < from + count; i++) {
			uint64_t key = keys[i % n], at = 0;
			for (;;) {
				int e = 0;
				reads++;
				if (pread(fd, block, 512, (off_t)at) != 512)
					return 1;
				while (e < 30 && node->key[e + 1] <= key)
					e++;
				at = node->ptr[e] & ~(1ull << 63);
				if (node->type == 0)
					continue;
				reads++;
				if (node->key[e] != key || pread(fd, block, 512, (off_t)(at & ~511ull)) != 512 || !is_value(key, block + (at & 511)))
					return 1;
				break;
			}
		}
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%lld %lu\n", (long long)(b.tv_sec - a.tv_sec) * 1000000000ll + (b.tv_nsec - a.tv_nsec), reads);
		fflush(stdout);
	}
	return 0;
}
