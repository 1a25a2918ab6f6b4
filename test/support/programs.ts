/** Small C programs of our own for tests of objects: between them they use maps, globals, subprograms, CO-RE, atomics, strings. */
const HEAD = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*trace)(const char *fmt, u32 size, ...) = (void *)6;
static long (*loop)(u32 n, void *callback, void *ctx, u64 flags) = (void *)181;
char _license[] SEC("license") = "GPL";
`;

export const PROGRAMS: Readonly<Record<string, string>> = {
	counters: `${HEAD}
struct key { u32 address; u16 port; u8 protocol; };
struct value { u64 packets, bytes; u32 flags:3, kind:5; char name[16]; };
struct { int (*type)[1]; int (*max_entries)[1024]; struct key *key; struct value *value; } counts SEC(".maps");
struct ctx { u32 data, data_end; };
SEC("xdp") int count(struct ctx *c) {
	void *data = (void *)(u64)c->data, *end = (void *)(u64)c->data_end;
	struct key k = {};
	if (data + 40 > end) return 2;
	k.address = *(u32 *)(data + 26);
	k.port = *(u16 *)(data + 36);
	struct value *v = lookup(&counts, &k);
	if (v) { __sync_fetch_and_add(&v->packets, 1); v->bytes += end - data; return 2; }
	struct value fresh = { .packets = 1, .name = "new" };
	update(&counts, &k, &fresh, 0);
	return 2;
}`,
	globals: `${HEAD}
int limit = 7; const volatile u64 start = 1ull << 40; static u32 seen; u8 table[3][5]; static const char message[] = "seen %d";
union number { u32 word; u8 bytes[4]; }; union number last;
enum mode { OFF, ON = 5, AUTO = 0xffffffff }; enum mode mode = ON; enum wide { SMALL, LARGE = 1ull << 40 } wide = LARGE;
__attribute__((noinline)) static int twice(int x) { seen += x; return x * limit; }
__attribute__((noinline)) int shared(int x) { return twice(x) + table[x & 1][x & 3]; }
static long step(u32 i, u64 *sum) { *sum += i; return *sum > start; }
SEC("tracepoint/x") int run(void *ctx) { u64 sum = 0; loop(10, step, &sum, 0); last.word = sum; trace(message, sizeof message, seen); return shared(seen) + mode + (int)wide; }`,
	core: `${HEAD}
struct inner { int a; long b; } __attribute__((preserve_access_index));
struct task { int pid; struct inner in; struct task *parent; union { u32 x; struct { u16 lo, hi; }; }; int bits:3; } __attribute__((preserve_access_index));
struct gone;
SEC("kprobe/f") int probe(struct task *t) { return t->pid + t->in.b + t->parent->in.a + t->hi + __builtin_preserve_field_info(t->in, 2) + __builtin_preserve_type_info(*(struct inner *)0, 0) + __builtin_btf_type_id(*(struct gone **)0, 0) + __builtin_preserve_field_info(t->bits, 0); }`,
	control: `${HEAD}
SEC("socket") int classify(u32 *ctx) {
	u64 h = 14695981039346656037ull;
	for (int i = 0; i < 20; i++) { switch (ctx[i] & 7) { case 0: h ^= i; break; case 1: h *= 1099511628211ull; break; case 2: h += h << 3; case 3: h -= ctx[3]; break; case 5: h %= 97; break; default: h = -h; } if ((int)h < -5) break; }
	asm volatile("goto +0; %0 = be64 %0" : "+r"(h));
	return h >> 32;
}`,
	externs: `${HEAD}
extern int helper(int x); extern int counter; extern const char kernel_version SEC(".kconfig") __attribute__((weak)); extern void kernel_function(void *) SEC(".ksyms") __attribute__((weak));
struct { int (*type)[27]; int (*max_entries)[4096]; } ring SEC(".maps");
struct { int (*type)[2]; int (*max_entries)[4]; u32 *key; struct { u64 a; struct { short x, y; } pair[2]; } *value; } grid SEC(".maps");
SEC("fentry/f") int enter(u64 *ctx) { counter += helper(ctx[0]); if (kernel_function) kernel_function(&ring); u32 k = 1; struct { u64 a; } *v = lookup(&grid, &k); return (v ? v->a : 0) + kernel_version; }`,
};
