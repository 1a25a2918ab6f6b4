/**
 * `struct bpf_xrp`, the context of a storage hook (OSDI'22, listing 1; LP64 little endian).
 *
 *     0    data       char *      the block just read: 4096 bytes of memory
 *     8    done       int         the program sets it to end the chain
 *     16   next_addr  u64[16]     file offsets to read next
 *     144  size       u64[16]     their sizes in bytes
 *     272  scratch    char *      4096 bytes, the caller's, private to the request
 */
export const XRP_CONTEXT = { data: 0, done: 8, nextAddr: 16, size: 144, scratch: 272, bytes: 280 } as const;

/** Entries of `next_addr` and `size`. */
export const XRP_SLOTS = 16;
/** Bytes of the data and of the scratch page. */
export const XRP_PAGE = 4096;
/** Unit of offsets and of the released kernel's reads. */
export const XRP_BLOCK = 512;
