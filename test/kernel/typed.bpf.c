/* The types of programs of the mixed campaign: what maps hold, objects, prototypes of functions and callbacks. Only the BTF of this file is used. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define contains(T, member) __attribute__((btf_decl_tag("contains:" #T ":" #member)))
#define kptr __attribute__((btf_type_tag("kptr")))
#define kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define tag(text) __attribute__((btf_decl_tag(text)))
#define SEC(name) __attribute__((section(name), used))
#define GLOBAL __attribute__((noinline))
#define STATIC static __attribute__((noinline, used))

struct bpf_spin_lock { u32 val; };
struct bpf_timer { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_wq { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_rb_root { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_rb_node { u64 opaque[4]; } __attribute__((aligned(8)));
struct bpf_list_head { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_list_node { u64 opaque[3]; } __attribute__((aligned(8)));
struct bpf_refcount { u32 opaque[1]; } __attribute__((aligned(4)));
struct bpf_res_spin_lock { u32 val; };
struct bpf_task_work { u64 opaque; } __attribute__((aligned(8)));
struct task_struct { int pid; };
struct bpf_dynptr;
struct __sk_buff;
struct xdp_md;

struct node { u64 key; struct bpf_refcount ref; struct bpf_rb_node tree; struct bpf_list_node list; u64 data; };
struct plain { u64 a; u32 b; u32 c; };
struct pair { u32 x; u32 y; };

struct value {
	struct bpf_spin_lock lock;
	u32 number;
	struct bpf_rb_root root contains(node, tree);
	struct bpf_list_head head contains(node, list);
	struct task_struct kptr *task;
	struct task_struct kptr_untrusted *seen;
	struct plain kptr *object;
	struct plain percpu_kptr *percpu;
	struct bpf_timer timer;
	struct bpf_wq work;
	u64 data[8];
};

struct guarded { struct bpf_res_spin_lock lock; u32 count; u64 data[4]; };
struct worked { struct bpf_task_work work; u64 data[4]; };

STATIC int types(struct node *a, struct plain *b, struct guarded *c, struct worked *d) { return a && b && c && d; }
STATIC int sub0(void) { return 0; }
STATIC int sub2(u64 a, u64 b) { return a + b; }
STATIC int sub_ptr(u64 *p, u64 n) { return *p + n; }
STATIC int step(u64 i, void *ctx) { return i && ctx; }
STATIC int each(void *map, u32 *key, struct value *v, void *ctx) { return map && key && v && ctx; }
STATIC int expired(void *map, u32 *key, struct value *v) { return map && key && v; }
STATIC int drain(struct bpf_dynptr *d, void *ctx) { return d && ctx; }
STATIC _Bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) { return a && b; }
GLOBAL int global0(void) { return 0; }
GLOBAL int global2(u64 a, u32 b) { return a + b; }
GLOBAL int global_pair(struct pair *p tag("arg:nonnull"), int n) { return p->x + n; }
GLOBAL int global_maybe(struct pair *p) { return p ? p->x : 0; }
GLOBAL int global_task(struct task_struct *t tag("arg:trusted")) { return t != 0; }
GLOBAL int global_task_maybe(struct task_struct *t tag("arg:trusted") tag("arg:nullable")) { return t != 0; }
GLOBAL int global_dynptr(struct bpf_dynptr *d) { return d != 0; }
GLOBAL int global_arena(void *p tag("arg:arena")) { return p != 0; }
GLOBAL int global_context(void *ctx tag("arg:ctx")) { return ctx != 0; }
GLOBAL int caught(u64 cookie) { return cookie; }
GLOBAL void global_void(u64 a) { (void)a; }

SEC("tc") int program(void *ctx) {
	struct value *v = 0;
	struct plain p = { 1, 2, 3 };
	struct pair q = { p.b, v != 0 };
	u64 n = 0;
	sub0(); sub2(1, 2); sub_ptr(&n, 1); step(0, ctx); each(ctx, 0, v, ctx); expired(ctx, 0, v); drain(0, ctx); less(0, 0);
	global0(); global2(1, 2); global_pair(&q, 1); global_maybe(&q); global_task(0); global_task_maybe(0); global_dynptr(0); global_arena(ctx); global_context(ctx); global_void(1);
	return n + types(0, 0, 0, 0);
}

SEC("tc") tag("exception_callback:caught") int catching_program(void *ctx) { return caught(1) + (ctx != 0); }
