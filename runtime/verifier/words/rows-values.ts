/** Diagnoses of values: what may be read, written, added and compared. Rows of `diagnoses.ts`, which says how to read them. */
import { bounding, contextElsewhere, copying, indexBound, initialising, nullCheck, nullHere, packetCheck, pointerAgain, pointerOperator, sizeBound, stackObject, unset } from "./edits.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** "invalid access to map value, value_size=48 off=48 size=4": it begins inside or behind, and ends behind. */
function beyondEnd(note: string): boolean {
	const match = /_size=(\d+) off=(\d+) size=(\d+)/.exec(note);
	return match !== null && Number(match[2]) + Number(match[3]) > Number(match[1]);
}

/** What functions of the kernel own on the stack, as the state prints it. */
function ownedSlot(groups: readonly string[], state: Readonly<Record<string, string>> | undefined): string | null {
	const at = Number(groups[1]) + Number(groups[2]);
	for (const [slot, text] of Object.entries(state ?? {})) {
		const found = /^fp(-\d+)$/.exec(slot);
		if (found !== null && /^(?:dynptr_|iter_|f{8})/.test(text) && at >= Number(found[1]) && at < Number(found[1]) + (text.startsWith("dynptr_") ? 16 : 8)) return text;
	}
	return null;
}

export const VALUE_ROWS: readonly Diagnosis[] = [
	{ code: "V0100", pattern: /^R(\d+) !read_ok/, title: "$u has no value here", needed: "a value that is set on every path that leads here", edit: unset },
	{ code: "V0100", pattern: /^variable \? access var_off/, title: "an argument of $f has no value here", needed: "a value that is set on every path that leads here", edit: null },
	{ code: "V0101", pattern: /^R(\d+) invalid mem access '\w*_or_null_?'|^R(\d+) invalid mem access 'map_value_or_null'/, title: "$v may be NULL here", needed: "a pointer that was compared with NULL on this path", edit: nullCheck },
	{ code: "V0101", pattern: /^R(\d+) type=\w*_or_null_? expected=/, title: "$v may be NULL here", needed: "a pointer that was compared with NULL: $f does not take NULL", edit: nullCheck },
	{ code: "V0101", pattern: /^Possibly NULL pointer passed to (?:trusted |helper )?arg(\d+)/, title: "$v may be NULL here", needed: "a pointer that was compared with NULL: $f does not take NULL", edit: nullCheck },
	{ code: "V0102", pattern: /^R(\d+) pointer arithmetic on (\w+) prohibited, null-check it first/, title: "$v is moved before it was compared with NULL", needed: "a pointer that was compared with NULL before anything is added to it", edit: nullCheck },
	{ code: "V0103", pattern: /^R(\d+) invalid mem access '(?:scalar|inv)'/, when: (groups, _, state) => /^P?(?:inv)?P?0$/.test(state?.[`R${groups[1]}`] ?? ""), title: "$v is NULL on this path", needed: "a pointer that is not NULL where it is used", edit: nullHere },
	{ code: "V0200", pattern: /^R(\d+) invalid mem access 'scalar'|^R(\d+) invalid mem access 'inv'/, title: "$v is a number to the verifier, not a pointer", needed: "a pointer that the verifier has followed from its origin", edit: pointerAgain },
	{ code: "V0200", pattern: /^R(\d+) invalid mem access '([\w ]+)'/, title: "$v is no pointer to memory ($2)", needed: "a pointer that may be read through", edit: "use $v as what it is: a $2 has helpers of its own" },
	{ code: "V0203", pattern: /^invalid read from stack off (-?\d+)\+(\d+) size (\d+)/, when: (groups, _, state) => ownedSlot(groups, state) !== null, title: "$v is read as if it were plain memory", needed: "a dynptr, an iterator or saved interrupt flags only passed to their own functions", edit: "do not copy it: pass its address to the functions that take it, and take a copy of the data with bpf_dynptr_read()" },
	{ code: "V0201", pattern: /^invalid read from stack off (-?\d+)\+(\d+) size (\d+)/, title: "$v is read before it was written", needed: "all $3 bytes written before, on every path", edit: initialising },
	{ code: "V0202", pattern: /^invalid (?:indirect )?read from stack R(\d+) (?:var_)?off (\S+?)\+(\d+) size (\d+)|^invalid (?:indirect )?read from stack R(\d+) var_off/, title: "$f reads bytes of $v that were never written", needed: "every byte of the object written before, the padding between members too", edit: initialising },
	{ code: "V0210", pattern: /^invalid unbounded variable-offset(?: \w+)*(?: to| from)? stack R(\d+)/, title: "the index into an object on the stack has no bounds", needed: "an offset with known bounds", edit: indexBound },
	{ code: "V0202", pattern: /^invalid read from stack R(\d+) off=(-\d+) size=(\d+)/, when: (groups) => Number(groups[2]) >= -512 && Number(groups[2]) + Number(groups[3]) <= 0, title: "$f reads bytes of $v that were never written", needed: "every byte of the object written before, on every path", edit: initialising },
	{ code: "V0211", pattern: /^invalid (variable-offset )?(?:(?:indirect access to|read from|write to|access to|zero-sized read from) )?stack R(\d+) (?:var_)?off/, title: "access beyond the object on the stack", needed: "an offset within the stack of the function: 512 bytes below its frame pointer", edit: stackObject },
	{ code: "V0212", pattern: /^attempt to corrupt spilled pointer on stack/, title: "part of a stored pointer is overwritten", needed: "a pointer kept on the stack is replaced as a whole", edit: "use another variable for the number" },
	{ code: "V0213", pattern: /^invalid size of register spill/, title: "part of a pointer is stored", needed: "pointers stored whole, 8 bytes", edit: "store it in a variable of a pointer type" },
	{ code: "V0214", pattern: /^cannot spill pointers to stack into stack frame of the caller/, title: "the address of a local variable is handed to the caller", needed: "addresses of locals stay within their function", edit: "let the caller own the object" },
	{ code: "V0215", pattern: /^spilled ptr in range of var-offset stack write/, title: "a write with a variable index could hit a stored pointer", needed: "an index that cannot reach other variables", edit: indexBound },
	{ code: "V0216", pattern: /^uninit stack in range of var-offset write/, title: "a write with a variable index could hit bytes that were never written", needed: "the whole array written before", edit: initialising },
	{ code: "V0217", pattern: /^invalid size of register fill/, title: "part of a stored pointer is read", needed: "pointers read whole, 8 bytes", edit: "read it into a variable of a pointer type" },
	{ code: "V0218", pattern: /^leaking pointer from stack off/, title: "a pointer would leak", needed: "CAP_PERFMON, or no pointers where others can read them", edit: "store or pass what it points to, or a number of your own, not the address" },
	{ code: "V0219", pattern: /^invalid zero-sized read/, title: "the size given to $f is 0", needed: "a size of at least 1", edit: "give sizeof of the object" },
	{ code: "V0220", pattern: /variable (?:offset )?stack access prohibited for !root/, title: "a variable index into the stack needs CAP_PERFMON", needed: "constant offsets into the stack, or CAP_PERFMON", edit: "put the array into a map value, or load with CAP_PERFMON" },
	{ code: "V0221", pattern: /^invalid access to map value, value_size=(\d+) off=(-?\d+) size=(\d+)/, title: "access beyond the map's value", needed: "all $3 bytes within the $1 of the value", edit: indexBound },
	{ code: "V0221", pattern: /^invalid access to (?:memory|mem|map key|dynptr_data|ring ?buf|buf)[^,]*, \w+=(-?\d+) off=(-?\d+) size=(-?\d+)/, title: "access beyond the object", needed: "all $3 bytes within the $1 of the object", edit: indexBound },
	{ code: "V0221", pattern: /^R(\d+) min value is outside of the allowed memory range/, when: (_, notes) => notes.some(beyondEnd), title: "access beyond the end of the object", needed: "every byte of the access within the object", edit: indexBound },
	{ code: "V0222", pattern: /^R(\d+) min value is (?:negative, either use unsigned index|outside of the allowed memory range)/, title: "the index may be negative", needed: "an index of at least 0", edit: bounding },
	{ code: "V0223", pattern: /^R(\d+) (?:unbounded memory access, make sure to bounds check|max value is outside of the allowed memory range)/, title: "the index may be too large", needed: "an index that keeps the access within the object", edit: indexBound },
	{ code: "V0224", pattern: /^(?:write into|read from) map forbidden/, title: "the map may not be used like this", needed: "a map without BPF_F_RDONLY_PROG for writes, without BPF_F_WRONLY_PROG for reads", edit: "remove the flag from the map's map_flags, or use another map; .rodata and const objects cannot be written" },
	{ code: "V0225", pattern: /^write to change key R(\d+) not allowed/, title: "a map's key is written", needed: "keys only read", edit: copying },
	{ code: "V0226", pattern: /^R(\d+) cannot write into (\S+)|^\S+\(\) may write into memory pointed by R(\d+)|^R(\d+) \w+ may write into/, title: "read-only memory is written", needed: "memory that the program may write", edit: copying },
	{ code: "V0227", pattern: /^invalid access to flow keys/, title: "access beyond the flow keys", needed: "an offset within struct bpf_flow_keys", edit: "use the members of struct bpf_flow_keys" },
	{ code: "V0228", pattern: /^R(\d+) invalid (\w+) access off=(-?\d+) size=(\d+)/, title: "$2 has no such member", needed: "a member of the $2 structure, at its own size", edit: "use the members that linux/bpf.h declares" },
	{ code: "V0229", pattern: /^invalid bpf_context access off=(-?\d+) size=(\d+)/, title: "$c may not be $w in $t programs", needed: "a field of this program type's context, at its own width, that may be $w", edit: contextElsewhere },
	{ code: "V0230", pattern: /^misaligned /, title: "the address is not a multiple of the access's size", needed: "an aligned address", edit: "copy with __builtin_memcpy into a local first, or read byte by byte" },
	{ code: "V0231", pattern: /^(?:negative offset|dereference of modified|variable) (\S+) (?:ptr R(\d+)|access var_off)|^R(\d+) must have zero offset/, title: "$v was moved before it is used", needed: "the pointer just as the program got it", edit: "use the field through the pointer itself: ctx->field, task->field, without arithmetic or an index on it" },
	{ code: "V0232", pattern: /^R(\d+) invalid (?:\w+ buffer access|variable buffer offset)/, title: "access outside the buffer", needed: "a constant offset of at least 0 into the buffer", edit: "use constant offsets" },
	{ code: "V0233", pattern: /^variable offset stack pointer cannot be passed into helper function/, title: "the object given to $f starts at a variable offset", needed: "an object whose place on the stack is known", edit: "copy the element into a local variable and pass that" },
	{ code: "V0240", pattern: /cannot be accessed (?:directly|indirectly)|access cannot have variable offset|access misaligned expected=|access size must be BPF_DW|^direct access to \S+ is disallowed/, title: "a special field is used as plain memory", needed: "bpf_spin_lock, bpf_timer, kptrs, list and tree nodes only through their functions", edit: "leave the field out of copies and of what helpers fill: pass the members beside it" },
	{ code: "V0241", pattern: /kptr in map can only be accessed|^store to (?:referenced kptr|uptr) disallowed|^BPF_ST imm must be 0 when storing to kptr/, title: "a kernel pointer in a map is accessed in a way that is not allowed", needed: "referenced kptrs exchanged with bpf_kptr_xchg(), others loaded and stored whole", edit: "old = bpf_kptr_xchg(&v->field, new);" },
	{ code: "V0242", pattern: /^invalid kptr access, R(\d+) type=(\S+) expected=(\S+)/, title: "a pointer of another type is stored", needed: "a $3", edit: "store a pointer of the type that the field is declared with" },
	{ code: "V0250", pattern: /leaks addr/, title: "a pointer would leak", needed: "numbers, not pointers, where others can read them", edit: "store or pass what it points to, or a number of your own, not the address" },
	{ code: "V0251", pattern: /^R(\d+) pointer arithmetic prohibited/, title: "a pointer is negated or byte-swapped", needed: "a number", edit: copying },
	{ code: "V0252", pattern: /^R(\d+) (?:sign-extension part of pointer|partial copy of pointer)/, title: "part of a pointer is copied", needed: "pointers copied whole", edit: "keep it in a variable of a pointer type or of 64 bits" },
	{ code: "V0253", pattern: /^R(\d+) pointer \S+ pointer prohibited/, title: "two pointers are combined", needed: "the difference of pointers into the same packet, nothing else (CAP_PERFMON lifts this)", edit: "compare or subtract only data, data_end and pointers made from them" },
	{ code: "V0254", pattern: /^math between \S+ pointer and -?\d+ is not allowed|pointer offset -?\d+ is not allowed|^value -?\d+ makes \S+ pointer be out of bounds/, title: "$v would point far outside its object", needed: "offsets below 2^29", edit: bounding },
	{ code: "V0255", pattern: /^math between (\S+) pointer and register with unbounded min value/, title: "what is added to $v may be any negative number", needed: "a lower bound of what is added to a pointer", edit: bounding },
	{ code: "V0256", pattern: /^R(\d+) 32-bit pointer arithmetic prohibited/, title: "a pointer is computed in 32 bits", needed: "arithmetic on pointers in 64 bits", edit: "use a pointer or a 64-bit variable; cast with (void *)(long)" },
	{ code: "V0257", pattern: /^R(\d+) pointer arithmetic on (\w+) prohibited/, title: "nothing may be added to $v ($2)", needed: "the pointer as it is", edit: "pass or read through it unchanged; keep offsets in a variable of their own" },
	{ code: "V0258", pattern: /^R(\d+) tried to subtract pointer from scalar|subtraction from stack pointer prohibited/, title: "a pointer is subtracted from a number", needed: "number added to a pointer, or pointers of one packet subtracted", edit: "turn the operands round" },
	{ code: "V0259", pattern: /^R(\d+) (?:bitwise operator (\S+) on pointer prohibited|pointer arithmetic with (\S+) operator prohibited)/, title: "a pointer is used as a number", needed: "only additions and subtractions on pointers", edit: pointerOperator },
	{ code: "V0260", pattern: /^same insn cannot be used with different pointers/, title: "one instruction is reached with pointers of two kinds", needed: "one kind of pointer at each access", edit: "do the access in each branch (the compiler joined them), for example through a __noinline function for each" },
	{ code: "V0261", pattern: /^R(\d+) pointer comparison prohibited/, title: "a pointer is compared with a number", needed: "CAP_PERFMON, or comparisons with NULL and data_end only", edit: "compare with NULL" },
	{ code: "V0262", pattern: /^BPF_ATOMIC .* is not allowed/, title: "no atomic operation on this memory", needed: "atomic operations on map values, the stack and arenas", edit: "use a plain read and write" },
	{ code: "V0263", pattern: /BPF_LD_\[?ABS\|IND\]? (?:instructions|R6)/, title: "no legacy packet load here", needed: "a socket filter or tc program with its context in r6", edit: "use bpf_skb_load_bytes()" },
	{ code: "V0301", pattern: /^invalid access to packet, off=(-?\d+) size=(\d+)|^R(\d+) offset is outside of the packet/, title: "the packet may end before what is read here", needed: "a comparison with data_end that covers every byte of the access, on the same pointer", edit: packetCheck },
	{ code: "V0302", pattern: /^cannot write into packet|^the prog does not allow writes to packet data/, title: "this program type may not write the packet", needed: "a program type that may (xdp, tc, sk_skb, sk_msg, lwt_xmit)", edit: "change the section, or only read" },
	{ code: "V0303", pattern: /^helper access to the packet is not allowed/, title: "$f does not take a pointer into the packet", needed: "memory on the stack or of a map", edit: "copy it: __builtin_memcpy(&copy, $v, sizeof copy), then pass &copy" },
	{ code: "V0270", pattern: /^R(\d+) min value is negative, either use unsigned or 'var &= const'/, title: "the size given to $f may be negative", needed: "a size of at least 0", edit: sizeBound },
	{ code: "V0271", pattern: /^R(\d+) invalid zero-sized read: u64=/, title: "the size given to $f may be 0", needed: "a size of at least 1", edit: "check before: if (!$v) $x" },
	{ code: "V0272", pattern: /^R(\d+) unbounded memory access, use 'var &= const' or 'if \(var < const\)'/, title: "the size given to $f has no upper bound", needed: "a size that is at most the object's", edit: sizeBound },
	{ code: "V0273", pattern: /does not point to a (?:readonly map|map value)|is not a constant address|^no direct value access support for this map type|doesn't point to a const string/, title: "$f needs a constant string", needed: "a string in .rodata", edit: 'static const char fmt[] = "…"; and pass fmt, or write the string where it is used' },
	{ code: "V0274", pattern: /^string is not zero-terminated/, title: "the string has no end", needed: "a zero byte at the end of the string", edit: "declare the array one byte longer" },
	{ code: "V0275", pattern: /(?:must be a known constant|is not a known constant|is not a const\b)/, title: "the argument of $f must be a constant", needed: "a number that is known when the program is loaded", edit: "pass a literal or sizeof" },
];
