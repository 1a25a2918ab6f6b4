	.file	"a.c"
	.text
	.p2align	3
	.globl	f
	.type	f,@function
	.size	f, 56
f:
	w0 = *(u8 *)(r1 + 0)
	w0 &= 255
	if r0 == 97 goto .L_text_40
	if w0 s> w2 goto .L_text_40
	exit
.L_text_40:
	r0 = 2
	exit
	.globl	g
	.type	g,@function
	.size	g, 104
g:
.L_text_56:
	w3 = *(u8 *)(r1 + 0)
	r4 = r3
	w4 &= 255
	if r4 == 97 goto .L_text_144
	if w4 == w2 goto .L_text_128
	r1 += 1
	if r3 & 255 goto .L_text_56
	r0 = 0
	exit
.L_text_128:
	r0 = 2
	exit
.L_text_144:
	r0 = 1
	exit
