/* The scratch page of a WiredTiger lookup. The program and its host share this layout. */
#ifndef WT_LOOKUP_H
#define WT_LOOKUP_H

#include <linux/types.h>

#define WT_BLOCK 512
#define WT_MAX_KEY 64
#define WT_MAX_LEVELS 32

/* Why a lookup ended. Everything from REFUSED on is a file that this program does not read. */
enum wt_status {
	WT_SEARCHING,
	WT_FOUND,
	WT_NOT_FOUND,
	WT_REFUSED = 16,
	WT_BAD_PAGE_TYPE = 16, /* neither a row-store internal nor a leaf page: a column store, or no page at all */
	WT_BAD_BLOCK_SIZE, /* blocks of another size than 512 bytes */
	WT_BAD_CHECKSUM,
	WT_COMPRESSED,
	WT_ENCRYPTED,
	WT_OVERFLOW, /* a key or value that is stored elsewhere */
	WT_LONG_KEY, /* a key over WT_MAX_KEY bytes */
	WT_TIME_WINDOW, /* a cell with transaction or time information */
	WT_BAD_CELL, /* anything else that is no cell of a sound page */
	WT_TOO_DEEP,
};

struct wt_lookup {
	/* in */
	__u32 key_size;
	__u32 checksum; /* of the page to read next; at first the root's, from the checkpoint's cookie */
	__u8 key[WT_MAX_KEY];
	/* out */
	__u32 status;
	__u32 level; /* pages read */
	__u32 slot; /* of the pair in its leaf */
	__u32 value_size;
	__u8 value[WT_BLOCK];
	/* the program's own */
	__u64 number; /* what unpack() read */
	__u64 child;
	__u32 child_checksum;
	__u32 current_size;
	__u32 cells; /* passed on a leaf */
	__u8 current[WT_MAX_KEY]; /* the key of the cell under the search, put together from its prefix */
};

#endif
