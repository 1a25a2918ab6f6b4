/* Each line names in its comment the groups that warn about it, under the flags of warnings.test.ts. */
typedef unsigned int u32; typedef unsigned char u8; typedef unsigned long long u64;
struct pair { int a, b; }; struct bits { u32 three : 3, all : 32; int sign : 3; };
enum colour { RED, GREEN, BLUE };
int seen; int next(void); void use(int *p); void take(u32 x);
static const int idle = 3; // unused-const-variable
static int quiet; // unused-variable
static int nobody(void) { return 1; } // unused-function

static int signs(int i, u32 u, u8 small, u64 wide, struct bits b, u32 *p, long n) {
	if (i < u) return 1; // sign-compare
	if (i == u) return 1; // sign-compare
	if (i < small) return 1;
	if (u < 5) return 1;
	if (u == -1) return 1; // sign-compare
	if (i < sizeof(i)) return 1; // sign-compare
	if ((i & 7) < u) return 1;
	if (b.three < i) return 1;
	if (b.all < i) return 1; // sign-compare
	if (b.sign == u) return 1; // sign-compare
	if (n < u) return 1;
	if (n < wide) return 1; // sign-compare
	if (*p > i + 1) return 1; // sign-compare
	if ((u32)i < u) return 1;
	if (u > (i > 3)) return 1;
	if (i == small) return 1;
	if (wide != n) return 1; // sign-compare
	for (int k = 0; k < u; k++) next(); // sign-compare
	return (i ? 1 : -1) < u; // sign-compare
}

static int unused_things(int given, int written) { // unused-parameter unused-but-set-parameter
	int plain; // unused-variable
	int set; // unused-but-set-variable
	int counted = 0; // unused-but-set-variable
	int used, taken;
	static int kept; // unused-variable
	volatile int hard = 0;
	int __attribute__((unused)) marked;
	set = 1;
	written = 2;
	counted++;
	counted += 2;
	used = 4;
	use(&taken);
	hard = 1;
	hard += 2;
	return used + hard;
}

static int conditions(int a, int b, int c) {
	if (a = b) return 1; // parentheses
	if ((a = b)) return 1;
	while (a = next()) b++; // parentheses
	if ((a == b)) return 1; // parentheses-equality
	if (a && b || c) return 1; // logical-op-parentheses
	if ((a && b) || c) return 1;
	if (a & b == c) return 1; // parentheses
	if (!a == b) return 1; // logical-not-parentheses
	if (!(a == b)) return 1;
	a = b << c + 1; // shift-op-parentheses
	a = b & c | a; // bitwise-op-parentheses
	a = a; // self-assign
	a == b; // unused-comparison
	a + b; // unused-value
	return a == b ? 1 : 2;
}

static int bodies(int a, int b) {
	if (a); // empty-body
	if (a)
		;
	while (next());
	for (; next();); // empty-body
	{ b++; }
	if (a) if (b) return 1; else return 2; // dangling-else
	if (a) { if (b) return 1; } else return 2;
	return 0;
}

static int cases(enum colour c, int x) {
	switch (c) { // switch
	case RED: return 1;
	case GREEN: return 2;
	}
	switch (c) { // switch
	case RED: return 1;
	}
	switch (c) {
	case RED: return 1;
	default: return 3;
	}
	switch (c) { // switch
	case 7: return 1; // switch
	}
	switch (x) {
	case 1: x++;
	case 2: x++; // implicit-fallthrough
		__attribute__((fallthrough));
	case 3: x++; break;
	case 4:
	case 5: return 1;
	case 6: if (x) return 1;
	default: x--; // implicit-fallthrough
	}
	return x;
}

static int hidden(int seen) { // shadow
	int inner = seen;
	{
		int inner = 3; // shadow
		seen += inner;
	}
	return inner;
}

int exported(void) { return signs(1, 2, 3, 4, (struct bits){ 0 }, 0, 5) + unused_things(1, 2) + conditions(1, 2, 3); } // missing-prototypes
int declared(void);
int declared(void) { return bodies(1, 2) + cases(RED, 1) + hidden(2); }
void unseen(struct later *p); // visibility
struct pair whole = { 1, 2 }, part = { 1 }, none = {}, zero = { 0 }, named = { .b = 1 }; // missing-field-initializers
struct pair both = { .a = 1, .a = 2 }; // initializer-overrides
int list[4] = { [0 ... 3] = 1, [2] = 5 }; // initializer-overrides
void conversions(int *p, const int *c, u32 *u, long *l) { // missing-prototypes
	int *a = l; // incompatible-pointer-types
	a = u; // pointer-sign
	a = c; // incompatible-pointer-types-discards-qualifiers
	u8 small = 300; // constant-conversion
	small = 400; // constant-conversion
	take(small);
	use(a);
	use(c); // incompatible-pointer-types-discards-qualifiers
	int *list[2] = { p, l }; // incompatible-pointer-types shadow
	use(list[0]);
}

int local_typedefs(int x);
int local_typedefs(int x)
{
	typedef int idle; // unused-local-typedef
	typedef int named;
	typedef named quiet __attribute__((unused));
	typedef int cast;
	{
		typedef long inner; // unused-local-typedef
	}
	return x + (cast)1;
}

int texts(char *s, const char *t);
int texts(char *s, const char *t)
{
	if (s == "abc") return 1; // string-compare
	if ("abc" != t) return 2; // string-compare
	if (s == (char *)"abc" || "abc" == 0 || s == t) return 3; // string-compare
	return sizeof(int) * 2 > -1;
}

int unset(int a, int *p);
int unset(int a, int *p)
{
	int never, sometimes, early, counted, addressed, twice, ignored, inLoop = 0;
	int *nowhere;
	struct pair record;
	if (a == 1) return never; // uninitialized
	for (int k = 0; k < a; k++) sometimes = k;
	if (a == 2) return early; // uninitialized
	early = 2;
	counted++; // uninitialized
	use(&addressed);
	(void)ignored;
	if (0) return twice;
	a += twice; // uninitialized
	a += twice;
	asm volatile("" : "+r"(ignored));
	*p = *nowhere; // uninitialized
	for (int k = 0; k < a; k++) {
		int fresh;
		if (k > 3) return fresh; // uninitialized
		fresh = k;
		inLoop += fresh;
	}
	return sometimes + early + counted + addressed + record.a + inLoop + ({ int inner = never; inner; });
}

struct middle { int a[2]; int tail[3]; }; union either { int a[2]; long b; };
int table[4];
int bounds(struct middle *m, union either *e) { // missing-prototypes
	int a[4] = {0}, b[2][3] = {{0}};
	a[4] = 1; // array-bounds
	a[-1] = 2; // array-bounds
	a[3] = b[1][2];
	b[1][3] = 1; // array-bounds
	b[2][0] = 1; // array-bounds
	m->a[2] = 1; // array-bounds
	m->tail[3] = 1;
	e->a[2] = 1; // array-bounds
	table[4] = 4[a] + "abc"[3]; // array-bounds array-bounds
	use(&a[4]);
	use(&a[5]); // array-bounds
	if (0) a[7] = 1;
	if (sizeof(int) == 8) a[8] = 1;
	return (0 ? a[9] : 1) + sizeof(a[10]) + *(a + 1);
}

extern int elsewhere; extern int here = 3; // extern-initializer
#define FLAG 1
#ifdef FLAG FLAG // extra-tokens
#ifndef FLAG /* said */
#else FLAG // extra-tokens
#endif /* FLAG */
#else its // extra-tokens
#endif /* FLAG */
#if 0
#if 1
#endif it's
#else here // extra-tokens
#undef FLAG FLAG // extra-tokens
#endif FLAG // extra-tokens
int; // missing-declarations
u32; // missing-declarations
struct { int a; }; // missing-declarations
enum { ONE }; enum named { TWO }; struct afar; struct near { int a; };
typedef struct nigh { int a; }; // missing-declarations

struct packet { u32 flags : 3; int sign : 1; char name[16]; int length; };
typedef unsigned short u16;
int outcomes(u8 x, u16 port, signed char c, u32 z, int i, u64 wide, struct packet *p, _Bool b);
int outcomes(u8 x, u16 port, signed char c, u32 z, int i, u64 wide, struct packet *p, _Bool b)
{
	if (x == 256) return 1; // tautological-constant-out-of-range-compare
	if (256 > x) return 1; // tautological-constant-out-of-range-compare
	if (port >= 65536) return 1; // tautological-constant-out-of-range-compare
	if (c == 200) return 1; // tautological-constant-out-of-range-compare
	if (i == 0x100000000) return 1; // tautological-constant-out-of-range-compare
	if (i > 3000000000) return 1; // tautological-constant-out-of-range-compare
	if (-1 == x) return 1; // tautological-constant-out-of-range-compare
	if (x != -1) return 1; // tautological-constant-out-of-range-compare
	if (b == 2) return 1; // tautological-constant-out-of-range-compare
	if (x == 255 || x >= 0 || x + 1 == 300 || z > 4294967295u || p->flags == 8 || (u8)i > 255) return 1;
	if (sizeof(x) > 1) { if (x == 256) return 1; }
	if (i == i) return 1; // tautological-compare
	if (p->length != p->length) return 1; // tautological-compare
	if (i < i + 1) return 1;
	if (i < x < c) return 1; // parentheses
	if ((i < x) < c) return 1;
	return wide == 3;
}

int addresses(struct packet *p, int n);
int addresses(struct packet *p, int n)
{
	char list[4]; // shadow
	int x = n;
	if (p->name) n++; // pointer-bool-conversion
	if (list) n++; // pointer-bool-conversion
	if (&x && n) n++; // pointer-bool-conversion
	if (!p->name) n++; // pointer-bool-conversion
	if (n || &p->length) n++; // pointer-bool-conversion
	while (next) n++; // pointer-bool-conversion
	n = list ? 1 : 2; // pointer-bool-conversion
	if (p->name == 0) n++; // tautological-pointer-compare
	if ((void *)0 != &x) n++; // tautological-pointer-compare
	if (p || *p->name || p->name[0] || (char *)list) n++;
	use(&x);
	list[0] = n;
	if (n && 8) n++; // constant-logical-operand
	if (n || 4) n++; // constant-logical-operand
	if (n && 1) n++;
	if (8 && n) n++;
	return list[0];
}

struct whole { int all : 32; u64 most : 40; } filled_whole = { 0xdeadbeef, 0xffffffffff };
struct packet filled = { .flags = 9, .sign = 1 }; // bitfield-constant-conversion single-bit-bitfield-constant-conversion
void memories(struct packet *p, struct packet q, char *s);
void memories(struct packet *p, struct packet q, char *s)
{
	u32 key;
	__builtin_memset(p, 0, sizeof(p)); // sizeof-pointer-memaccess
	__builtin_memset(&q, 0, sizeof(&q)); // sizeof-pointer-memaccess
	__builtin_memset(p, 0, sizeof(struct packet *)); // sizeof-pointer-memaccess
	__builtin_memcpy(&q, p, sizeof(p)); // sizeof-pointer-memaccess
	__builtin_memset(s, 0, sizeof(s)); // sizeof-pointer-memaccess
	__builtin_memset(p, 0, sizeof(*p));
	__builtin_memset(p, sizeof(*p), 0); // memset-transposed-args
	__builtin_memset(p, sizeof *p, 3); // memset-transposed-args
	__builtin_memset(p, 0, 0);
	__builtin_memcpy(&key, p, 8); // fortify-source
	__builtin_memset(&key, 0, 8); // fortify-source
	__builtin_memcpy(p->name, s, 17);
	__builtin_memcpy(&key, p, 4);
	if (sizeof(key) > 4) __builtin_memcpy(&key, p, 8);
	p->flags = 8; // bitfield-constant-conversion
	p->flags = 7;
	p->flags = -1;
	p->sign = 1; // single-bit-bitfield-constant-conversion
	take(key);
}

void indented(int a, int b);
void indented(int a, int b)
{
	if (a)
		take(1);
		take(2); // misleading-indentation
	for (a = 0; a < 3; a++)
		take(1);
		take(2); // misleading-indentation
	if (a) take(1); take(2);
	if (a)
		take(1); take(4); // misleading-indentation
	if (a) {
		take(1);
	}
		take(2);
	if (a)
		take(1);
	else if (b)
		take(2);
		take(3); // misleading-indentation
	if (b)
		take(1);
	else
		take(2);
		take(3); // misleading-indentation
	if (a)
	take(1);
	take(2);
}

int main(void); int main(void) { next(); }
int labels(int x); int labels(int x) { idle: x++; quiet: __attribute__((unused)) return x; } // unused-label

struct tight { char c; int x; short s; int list[2]; char name[4]; struct { int deep; } in; } __attribute__((packed));
struct half { char c; int loose __attribute__((packed)); int y; }; struct four { char c; int x; int z; } __attribute__((packed, aligned(4)));
typedef struct { char c; int x; } __attribute__((packed)) nameless; struct tight tight; struct outer { struct tight t; int z; };
void take_int(int *); void take_any(void *); void take_bytes(const char *);
int *kept_address = &tight.x; // address-of-packed-member
void *kept_void = &tight.x;
static int *packed_members(struct tight *p, struct half *h, struct four *f, nameless *n, struct outer *o, int c) {
	int *v = &p->x; // address-of-packed-member
	void *w = &p->x;
	v = &p->x; w = &p->x; // address-of-packed-member
	take_int(&p->x); take_any(&p->x); take_bytes((char *)&p->x); // address-of-packed-member
	take_int((int *)&p->x); take_int((int *)&p->s); // address-of-packed-member address-of-packed-member
	take_int(&p->in.deep); take_int(&p->list[1]); take_int(p->list); // address-of-packed-member
	take_int(&h->loose); take_int(&h->y); // address-of-packed-member
	take_int(&f->x); // address-of-packed-member
	take_int((int *)&f->x);
	take_int(&n->x); take_int(&o->t.x); take_int(&o->z); // address-of-packed-member address-of-packed-member
	take_any(__builtin_preserve_access_index(&p->x)); // address-of-packed-member
	c = *&p->x; // address-of-packed-member
	c = (long)&p->x & 3;
	take_int(c ? &p->x : v); // address-of-packed-member
	__builtin_memcpy(w, &p->x, 4);
	return &(p->x); // address-of-packed-member
}

enum shape { ROUND, SQUARE }; enum { NONE }; typedef enum colour paint;
static enum shape enumerations(enum shape s, enum colour c, paint p, int i) {
	if (s == c) return ROUND; // enum-compare
	if (s < BLUE || ROUND == c) return SQUARE; // enum-compare enum-compare
	if (s == p) return 0; // enum-compare
	if (s == NONE || s == (int)c || (int)s == 1 || +s == c) return 1; // sign-compare
	if (s == i) return 0; // sign-compare
	s = c; // enum-conversion
	s = i ? ROUND : RED; // enum-conversion
	s = NONE;
	s = i;
	s = (enum shape)c;
	s |= c;
	enum shape list[] = { RED, SQUARE, c }; // enum-conversion enum-conversion shadow
	if (list[0]) return GREEN; // enum-conversion
	return p; // enum-conversion
}

static int *ended(int given, int *p) {
	int here, list[4]; static int stays; // shadow shadow
	struct pair pair = { 1, 2 };
	if (given > 1) return &here; // return-stack-address
	if (given > 2) return list; // return-stack-address
	if (given > 3) return &list[2]; // return-stack-address
	if (given > 4) return list + 1; // return-stack-address
	if (given > 5) return given > 6 ? &pair.b : p; // return-stack-address
	if (given > 7) return (void *)&given; // return-stack-address
	if (given > 8) return (p = &here);
	return given > 9 ? p + 1 : &stays;
}

static int lengths(int *p, char *s, int a, int b) {
	int list[4]; // shadow
	int n = sizeof(p) / sizeof(p[0]); // sizeof-pointer-div
	n += sizeof p / sizeof *p; // sizeof-pointer-div
	n += sizeof(s) / sizeof(char) + sizeof(list) / sizeof(list[0]); // sizeof-pointer-div
	n += sizeof(p) / sizeof(char) + sizeof(int *) / sizeof(int);
	if (a == b | b == n) n++;
	if (a == b | b) n++; // parentheses
	if (a == b & b & 4) n++; // parentheses
	return n | (a & b) | a == b;
}
void *const more_uses[] = { packed_members, enumerations, ended, lengths };

static int sometimes_unset(int a, int b) {
	int x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12;
	if (a > 1) x1 = 1; // sometimes-uninitialized
	b += x1;
	if (a > 2) x2 = 1; else if (!b) x2 = 3; // sometimes-uninitialized
	b += x2;
	switch (a) { case 1: x3 = 1; break; default: break; } // sometimes-uninitialized
	b += x3;
	switch (a) { case 1: x4 = 1; break; case 2: x4 = 3; break; case 3: break; } // sometimes-uninitialized
	b += x4;
	while (next()) { x5 = 1; break; } // sometimes-uninitialized
	b += x5;
	for (; a < 3; a++) x6 = 1;
	b += x6;
	if (a && (x7 = b)) return 1; // sometimes-uninitialized
	b += x7;
	if (!a || (x8 = b)) return 1;
	b += x8;
	b += next() ? (x9 = 1) : 2; // sometimes-uninitialized
	b += x9;
	do { if (a == 4) break; x10 = 1; } while (next());
	b += x10;
	for (int k = 0; k != 4 && next(); ) { x11 = k; if (x11) break; if (k) return x11; return 2; } // sometimes-uninitialized sometimes-uninitialized
	b += x11;
	if (a) x12 = 1; if (a) b += x12;
	return b;
}

static int set_where_read(int a) {
	int x1, x2, x3;
	if (a) goto out;
	x1 = 2;
out:
	if (!a) return x1;
	while (1) { if (next()) { x2 = 1; break; } if (a) return 3; }
	for (;;) { int fresh; if (a) fresh = 1; x3 = fresh; if (next()) break; } // sometimes-uninitialized
	return x2 + x3;
}
int (*const unset_uses[])(int, int) = { sometimes_unset, (void *)set_where_read };

/* a /* b */ int comments_1; /* x /* y /* z */ // comment comment comment
/*/* fine */ /* * / */ int comments_2; /**//*/**/
#define HIDDEN(x) x /* in /* a macro */ // comment
int comments_3 = HIDDEN /* within /* a call */ (3); // comment
