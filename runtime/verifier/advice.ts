/**
 * What people can do about a rejection that says it in the kernel's words only: what the rule is, and an edit.
 * The first row whose pattern matches counts. `$v` stands for the C variable concerned, "the pointer" when it is not known.
 */
export interface Advice {
	readonly pattern: RegExp;
	readonly needed: string;
	readonly edit: string;
}

export const ADVICE: readonly Advice[] = [
	{ pattern: /or_null'|_or_null\b|null-check it first|Possibly NULL/, needed: "a pointer that cannot be null", edit: "check it first: if (!$v) return 0;" },
	{ pattern: /invalid access to packet/, needed: "a comparison with data_end that covers every byte read", edit: "before it: if ((void *)($v + 1) > data_end) return …;" },
	{ pattern: /pkt_end|dereference of modified ctx/, needed: "the pointer as the program got it", edit: "use the field through the context itself, without arithmetic on it" },
	{ pattern: /!read_ok/, needed: "a value that is set on every path", edit: "initialise $v where it is declared; registers r1 to r5 are lost in every call" },
	{ pattern: /invalid (indirect )?read from stack|invalid size of register fill|uninitialized/i, needed: "stack bytes that were written before", edit: "initialise the object, padding included: __builtin_memset(&$v, 0, sizeof $v)" },
	{ pattern: /unbounded memory access|unbounded variable-offset|unbounded min value|max value is outside|min value is (negative|outside)/, needed: "an index with known bounds", edit: "bound it before: if ($v >= SIZE) return …; or mask it: $v &= SIZE - 1; (SIZE a power of two)" },
	{ pattern: /invalid access to map value|invalid access to memory/, needed: "an access within the object", edit: "compare the index with the object's size before" },
	{ pattern: /invalid bpf_context access/, needed: "a field of this program type's context, at its own width", edit: "use another field, or bpf_probe_read_kernel() on what it points to" },
	{ pattern: /Unreleased reference|reference leak/i, needed: "every acquired reference released on every path", edit: "release it before this return too (bpf_sk_release, bpf_ringbuf_discard, bpf_obj_drop …)" },
	{ pattern: /has not been acquired|expected_ref|must be referenced/i, needed: "a reference that is still held", edit: "release each reference once, and only what an acquiring function gave" },
	{ pattern: /cannot use helper|unknown func/, needed: "a function that this program type has", edit: "do it in a program type that has it" },
	{ pattern: /non-GPL/, needed: "a GPL-compatible licence", edit: 'char LICENSE[] SEC("license") = "GPL";' },
	{ pattern: /infinite loop/, needed: "a loop whose end is in sight", edit: "count with a variable that has a bound, or use bpf_loop(), bpf_for() or can_loop" },
	{ pattern: /too large|too complex|sequence of .* jumps/, needed: "at most 1,000,000 instructions over all paths", edit: "make loops shorter, split code into global (non-static) functions, or use bpf_loop()" },
	{ pattern: /back-edge/, needed: "no loop", edit: "unroll the loop or use bpf_loop()" },
	{ pattern: /stack size|stack of \d+|combined stack/, needed: "at most 512 bytes of stack along a chain of calls", edit: "move large objects into a per-CPU array map" },
	{ pattern: /unreachable insn/, needed: "code that some path reaches", edit: "remove the dead code" },
	{ pattern: /last insn is not an exit|jump out of range/, needed: "every path to end in a return", edit: "return at the end of the function" },
	{ pattern: /should have been in|At program exit/, needed: "a return value that the kernel gives a meaning to", edit: "return one of the values that the program type defines" },
	{ pattern: /bpf_spin_lock|lock.*held|unlock/i, needed: "one lock at a time, and nothing but plain code while it is held", edit: "unlock before this, on every path" },
	{ pattern: /sleepable|might sleep/, needed: "a program that may sleep", edit: 'mark the section sleepable (SEC("fentry.s/…"), SEC("lsm.s/…")), or use a variant that does not sleep' },
	{ pattern: /write into map forbidden|cannot write into (rdonly|map)|read-only/i, needed: "memory that may be written", edit: "copy it to the stack and write there" },
	{ pattern: /leaks addr|pointer arithmetic .* prohibited|pointer .=|partial copy of pointer/i, needed: "a number, not a pointer", edit: "keep pointers out of arithmetic and of memory that others read" },
	{ pattern: /misaligned/, needed: "an aligned address", edit: "read byte by byte, or copy with __builtin_memcpy" },
	{ pattern: /type=\w+ expected=/, needed: "an argument of another type", edit: "pass what the function's prototype says: see the message" },
	{ pattern: /invalid mem access/, needed: "a pointer to memory", edit: "use bpf_probe_read_kernel() or bpf_probe_read_user() for addresses that the verifier cannot know" },
];

export function adviceFor(message: string): Advice | undefined {
	return ADVICE.find(({ pattern }) => pattern.test(message));
}
