	.file	"pt2.c"
	.text
	.p2align	3
	.section	tc,"ax",@progbits
	.p2align	3
	.globl	f
	.type	f,@function
	.size	f, 224
f:
	r6 = r1
	w1 = *(u32 *)(r6 + 76)
	w3 = *(u32 *)(r6 + 80)
	r2 = r1
	r2 += 14
	if r2 > r3 goto .Ltc_168
	w1 = *(u8 *)(r1 + 12)
	w2 = *(u32 *)(r6 + 0)
	w2 += w1
	r1 = r6
	r3 = 0
	call 38
	if r0 s< 0 goto .Ltc_168
	w3 = *(u32 *)(r6 + 80)
	w1 = *(u32 *)(r6 + 76)
	r2 = r1
	w2 += 64
	if r3 < r2 goto .Ltc_168
	r2 = r1
	r2 += 64
	if r2 <= r3 goto .Ltc_184
.Ltc_168:
	r0 = 1
	exit
.Ltc_184:
	w1 = *(u8 *)(r1 + 63)
	r0 = 2
	if r1 & 1 goto .Ltc_216
	r0 = 0
.Ltc_216:
	exit
	.section	license,"aw",@progbits
	.globl	l
	.type	l,@object
	.size	l, 4
l:
	.byte	71, 80, 76, 0
