/**
 * Edits that depend on what is known: the check to insert and after which line, the mask to use, the function that gives a reference back.
 *
 * In: clues; out: one line for the programmer, or null when nothing better than the rule can be said.
 */
import { helperById } from "../../../assembler/spec/helpers.ts";
import { KFUNCS } from "../calls/kfunc-facts.ts";
import type { ProgramSpec } from "../programs/spec.ts";
import { specOf } from "../programs/table.ts";
import { withoutComment } from "./c-text.ts";
import type { Clues } from "./clues.ts";

const line = ({ origin }: Clues): string =>
	origin?.kind === "argument" ? "at the start of the function: " : origin?.line ? `after line ${origin.line.line}: ` : "";

/** The program's own words for how the context is called. */
const contextName = ({ image }: Clues): string =>
	image.lineInfo.map(({ text }) => /(\w+)->data_end\b/.exec(text)?.[1]).find((name) => name !== undefined) ?? "ctx";

/** Names of the kernel's program types of which it is so. */
function typesWhere(holds: (spec: ProgramSpec) => boolean): string[] {
	return Array.from({ length: LAST_TYPE }, (_, i) => specOf(i + 1)).flatMap((spec) => (spec !== null && holds(spec) ? [spec.name] : []));
}
const LAST_TYPE = 32;

/** The program's own name for the packet's end. */
const endName = ({ image }: Clues): string =>
	image.lineInfo.map(({ text }) => /(\w+)\s*=\s*(?:\([^()]*\)\s*)*\w+->data_end\b/.exec(text)?.[1]).find((name) => name !== undefined) ??
	"data_end";

/** Code that goes before the line; with it in braces where the line hangs on a condition without any. */
function ahead({ bare, line: at }: Clues, where: string, code: string): string {
	const text = at === null ? "" : withoutComment(at.text);
	// Of several on the line, the one that the place leads to.
	const rest = at === null ? "" : at.text.slice(Math.max(0, at.column - 1));
	const returns = /\breturn\b[^;]*;/.exec(rest) ?? /\breturn\b[^;]*;/.exec(text);
	if (where === "before this return" && returns !== null && (bare || !text.startsWith(returns[0])))
		return `${where}, in braces with it: { ${code.replace(/;.*$/s, ";")} ${returns[0]} }${code.includes("(or ") ? ` ${code.slice(code.indexOf("(or "))}` : ""}`;
	if (where === "before it" && bare && text.endsWith(";")) return `${where}, in braces with it: { ${code} ${text} }`;
	return `${where}: ${code}`;
}

export function nullCheck(clues: Clues): string {
	return `${line(clues)}if (!${clues.name ?? "ptr"}) ${clues.exit}`;
}

/** How large the index may be at most, from the object's size and the access. */
function largestIndex({ index, object, accessSize, accessOffset }: Clues): number | null {
	if (index === null || object === null || index.scale < 1) return null;
	const largest = Math.floor((object - accessSize - accessOffset) / index.scale);
	return largest >= 0 && Number.isSafeInteger(largest) ? largest : null;
}

export function indexBound(clues: Clues): string | null {
	const { index, object } = clues;
	const largest = largestIndex(clues);
	if (index === null && clues.access?.index) return tooFar(clues, clues.access.index);
	if (index === null && clues.size !== null && object !== null && object > clues.accessOffset)
		return sizeTooLarge(clues, clues.size, object - clues.accessOffset);
	if (index === null)
		return object === null ? null : `stay below the ${object} bytes of the object: compare the offset before, or make the object larger`;
	const name = index.name ?? "i";
	if (index.low !== null && index.low === index.high) return tooFar(clues, name);
	if (largest === null) return `before it: if (${name} >= SIZE) ${clues.exit}  or mask it: ${name} &= SIZE - 1; (SIZE a power of two)`;
	const signed = index.low !== null && index.low < 0n ? `${name} < 0 || ` : "";
	const check = `if (${signed}${name} > ${largest}) ${clues.exit}`;
	const power = 2 ** Math.floor(Math.log2(largest + 1));
	return `${ahead(clues, "before it", check)}  or mask it: ${name} &= ${power - 1};${power === largest + 1 ? "" : ` (never above ${power - 1})`}`;
}

/** The size given to a function is more than what is left of the object. */
function sizeTooLarge({ argument }: Clues, { text, low }: NonNullable<Clues["size"]>, left: number): string {
	if (text === null) return `give a size of at most ${left}: that many bytes are left of the object`;
	return /^(?:\d|sizeof\b)|^[A-Z_\d]+$/.test(text)
		? `${left} bytes are left of the object, and ${text} is ${low}: give sizeof what ${argument?.text ?? "the argument"} points to, or point further to the front`
		: `before the call: if (${text} > ${left}) ${text} = ${left};  (${left} bytes are left of the object)`;
}

/** The index is one number, and too large. */
function tooFar({ object, accessOffset, accessSize }: Clues, name: string): string | null {
	if (object === null) return null;
	const excess = accessOffset + accessSize - object;
	if (excess <= 0) return null;
	if (/^\d/.test(name))
		return `the object ends after byte ${object - 1}, and the access at byte ${accessOffset + accessSize - 1}: use a smaller index, or make the array longer`;
	return `the object ends after byte ${object - 1}, and the access at byte ${accessOffset + accessSize - 1}: ${name} is ${Math.ceil(excess / accessSize)} too large here. Let the loop stop earlier (< in place of <=, or the array's own length as bound), or make the array longer`;
}

/** Where the sum is no longer an object's address whatever is known of the other end. */
export function bounding(clues: Clues): string {
	const name = clues.index?.name ?? "i";
	const largest = largestIndex(clues);
	const high = clues.index?.high ?? null;
	// A comparison as unsigned numbers of 64 bits gives both bounds, for any type of the index.
	if (largest !== null && clues.index?.low === null && (high === null || high > BigInt(largest)))
		return `${ahead(clues, "before it", `if ((unsigned long)${name} > ${largest}) ${clues.exit}`)}  (all 64 bits of it: a cast to 32 bits checks only half)`;
	const within = withinVariable(clues, name);
	if (within !== null) return ahead(clues, "before it", `if (${within}) ${clues.exit}`);
	const over = largest === null ? ` || ${name} >= SIZE` : high === null || high > BigInt(largest) ? ` || ${name} > ${largest}` : "";
	return ahead(clues, "before it", `if (${name} < 0${over}) ${clues.exit}`);
}

/** A register that nothing was put into. */
export function unset(clues: Clues): string {
	const { image, insn, groups } = clues;
	const register = Number(groups[1]);
	const at = image.insns[insn];
	if (at?.opcode === 0x95) return "return a value at every end of the function: return 0;";
	if (register === 6 && (at?.opcode & 7) === 0)
		return "a legacy packet load reads the context from r6: put it there first, or use bpf_skb_load_bytes()";
	if (clues.unread && register >= 2 && register <= 5)
		return `a program has one argument, its context: what the traced function was called with is in PT_REGS_PARM${register}(ctx) of a kprobe, or after BPF_KPROBE(name, …), BPF_PROG(name, …)`;
	return "set it where it is declared; a call leaves only its result: what is needed after it must not be in its arguments";
}

/** Program types with the same context that have the field. */
export function contextElsewhere(clues: Clues): string {
	const { image, groups, write, access } = clues;
	const own = specOf(image.type);
	const has = (spec: ProgramSpec, writes: boolean): boolean =>
		spec.access({ off: Number(groups[1]), size: Number(groups[2]), write: writes, signExtend: false, attach: spec.attachType(0) ?? 0 }) !==
		null;
	const what = access?.text ?? "it";
	if (write && own !== null && has(own, false))
		return `${what} can be read, not written: change a copy of it, or use a helper that changes what it stands for`;
	const types = typesWhere((spec) => spec.contextType === own?.contextType && has(spec, write));
	if (own !== null && types.length > 0)
		return `${what} may be ${write ? "written" : "read"} in ${types.join(", ")} programs; here use the fields that linux/bpf.h allows for ${own.name}, each at its own width`;
	return "use the fields that the context's declaration lists for this program type, each at its own width; write only those that it lets programs write";
}

/** Of an array on the stack nothing but its own size is known. */
function withinVariable({ index, access, known }: Clues, name: string): string | null {
	if (
		index === null ||
		access === null ||
		access.address !== null ||
		access.index === null ||
		!/^fp/.test(known?.type ?? "") ||
		!/^\w+$/.test(access.base)
	)
		return null;
	return `(unsigned long)${name} >= sizeof ${access.base}${index.scale > 1 ? ` / sizeof ${access.base}[0]` : ""}`;
}

export function sizeBound(clues: Clues): string {
	const name = clues.name ?? "len";
	const size = clues.object;
	if (size === null) return `before the call: if (${name} > sizeof buf) ${clues.exit}  (with ${name} unsigned)`;
	const power = (size & (size - 1)) === 0;
	return `before the call, with ${name} unsigned: if (${name} > ${size}) ${clues.exit}${power ? `  or mask it: ${name} &= ${size - 1};` : ""}`;
}

export function packetCheck(clues: Clues): string {
	const { access, index } = clues;
	const name = clues.name ?? "p";
	const { argument } = clues;
	const what = argument?.text
		? `(void *)${argument.text} + ${clues.accessSize}`
		: clues.copied?.size
			? `(void *)${clues.copied.text} + ${clues.copied.size}`
			: access === null
				? `(void *)${name} + ${clues.packetEnd ?? "SIZE"}`
				: `(void *)(${access.address ?? (access.index === null ? name : `&${access.text}`)} + 1)`;
	// The verifier follows packet pointers up to 65535 bytes.
	const wide =
		index !== null &&
		(index.high === null ||
			index.high * BigInt(Math.max(1, Math.trunc(index.scale))) + BigInt(Math.max(0, clues.accessOffset) + clues.accessSize) > 0xffffn);
	return `${ahead(clues, "before it", `if (${what} > ${endName(clues)}) ${clues.exit}`)}${wide ? `  and before that bound ${index.name ?? "the index"} by a constant below 65536` : ""}`;
}

/** A pointer that has become a number, or never was anything else. */
export function pointerAgain(clues: Clues): string {
	const name = clues.name ?? "ptr";
	const { lost } = clues;
	if (lost !== null) {
		const at = lost.line === null ? `instruction ${lost.insn}` : `line ${lost.line.line}`;
		return lost.moved
			? `after ${at} read ${contextName(clues)}->data and ${contextName(clues)}->data_end again, and compare again: ${lost.callee}() may move the packet`
			: `use ${name} before ${at}: there ${lost.callee}() gives it back`;
	}
	if (clues.origin?.kind === "constant")
		return `${name} is a number of the program's own${clues.origin.line === null ? "" : ` (line ${clues.origin.line.line})`}, or a member of NULL: give it the address of an object on every path`;
	if (specOf(clues.image.type)?.contextIsMemory)
		return `read through a copy: bpf_probe_read_kernel(&copy, sizeof copy, ${name}), for user memory bpf_probe_read_user(); or BPF_CORE_READ()`;
	return `keep ${name} a pointer all the way: arithmetic in 32 bits, casts through an integer and storing it in a map make it a number`;
}

export function stackObject(clues: Clues): string | null {
	const name = clues.name ?? "the object";
	return clues.callee === null ? indexBound(clues) : `make ${name} as large as the size that is given, or give sizeof ${clues.name ?? "x"}`;
}

export function initialising(clues: Clues): string {
	const name = clues.name ?? "x";
	return `initialise all of it where it is declared: ${name} = {}, or __builtin_memset(&${name}, 0, sizeof ${name});`;
}

export function copying(): string {
	return "copy what is needed into a local variable and use that";
}

/** What gives back what a function gave. */
const RELEASES: readonly (readonly [pattern: RegExp, edit: string])[] = [
	[/^bpf_ringbuf_reserve$/, "bpf_ringbuf_discard($r, 0); (or bpf_ringbuf_submit)"],
	[/^bpf_ringbuf_reserve_dynptr$/, "bpf_ringbuf_discard_dynptr(&$r, 0); also where reserving failed"],
	[/^bpf_skc?_lookup_(?:tcp|udp)$|^bpf_sk_lookup$/, "bpf_sk_release($r);"],
	[/^bpf_map_lookup_elem$/, "bpf_sk_release($r);"],
	[/^bpf_obj_new|^bpf_list_pop|^bpf_rbtree_remove|^bpf_refcount_acquire/, "bpf_obj_drop($r);"],
	[/^bpf_percpu_obj_new/, "bpf_percpu_obj_drop($r);"],
	[
		/^bpf_kptr_xchg$/,
		"the release function of its type (bpf_task_release, bpf_cgroup_release, bpf_obj_drop …), or put it back with bpf_kptr_xchg()",
	],
	[/^bpf_task_(?:acquire|from_)/, "bpf_task_release($r);"],
	[/^bpf_cgroup_(?:acquire|from_|ancestor)/, "bpf_cgroup_release($r);"],
	[/^bpf_cpumask_(?:create|acquire)/, "bpf_cpumask_release($r);"],
	[/^bpf_(?:xdp|skb)_ct_(?:lookup|alloc)|^bpf_ct_/, "bpf_ct_release($r);"],
	[/^bpf_get_(?:task|mm)_exe_file/, "bpf_put_file($r);"],
	[/^bpf_lookup_(?:user|system)_key/, "bpf_key_put($r);"],
	[/^bpf_crypto_ctx_/, "bpf_crypto_ctx_release($r);"],
	[/^bpf_iter_(\w+)_new/, "bpf_iter_$1_destroy(&$r);"],
];

export function releasing(clues: Clues): string {
	const from = clues.acquired;
	if (from === null) return "give it back before this return too (bpf_sk_release, bpf_ringbuf_discard, bpf_obj_drop …)";
	for (const [pattern, edit] of RELEASES) {
		const match = pattern.exec(from.callee);
		if (match !== null) return ahead(clues, "before this return", edit.replaceAll("$r", from.name ?? "ref").replace("$1", match[1] ?? ""));
	}
	return `before this return, release what ${from.callee} gave`;
}

const UNLOCKS: Readonly<Record<string, string>> = {
	spin_lock: "bpf_spin_unlock(&…->lock);",
	rcu_read_lock: "bpf_rcu_read_unlock();",
	preempt_disable: "bpf_preempt_enable();",
	local_irq_save: "bpf_local_irq_restore(&flags);",
};

export function unlocking({ groups }: Clues): string {
	return `on every path before this: ${UNLOCKS[groups[2] ?? "spin_lock"] ?? UNLOCKS.spin_lock}`;
}

/** Program types that have the helper. */
export function helperElsewhere(clues: Clues): string {
	const name = (clues.groups[1] ?? clues.groups[3] ?? "").replace(/^bpf_/, "");
	const types = typesWhere((spec) => spec.helper(name, 0, false) !== null);
	const row = helperById(Number(clues.groups[2] ?? clues.groups[4] ?? 0));
	if (types.length === 0)
		return row === undefined
			? "rebuild the object against the headers of this kernel"
			: `bpf_${name} is there since Linux ${row.since}, but not in this program type; see its manual page for those that have it`;
	const many = types.length > 12;
	return `bpf_${name} is there in ${many ? `${types.slice(0, 10).join(", ")} and ${types.length - 10} more` : types.join(", ")} programs`;
}

export function kfuncElsewhere(clues: Clues): string | null {
	const name = clues.groups[1] ?? "";
	if (!Object.hasOwn(KFUNCS, name)) return null;
	const hooks = (KFUNCS[name].split("|")[1] ?? "").split(" ").filter(Boolean);
	return hooks.length === 0 ? null : `${name} is there in ${hooks.join(", ")} programs`;
}

/** An argument that is of another kind than the function takes. */
export function argumentEdit(clues: Clues): string {
	const { lost, groups, image, argument } = clues;
	const what = clues.name ?? argument?.text ?? "the argument";
	if (lost?.moved) return pointerAgain(clues);
	if (lost !== null) {
		const at = lost.line === null ? `instruction ${lost.insn}` : `line ${lost.line.line}`;
		return `${lost.callee}() has given ${what} back at ${at}: return after it, or do this in its else`;
	}
	const made = SOURCES.find(([pattern]) => pattern.test(clues.callee ?? ""));
	if (made !== undefined && argument?.number === 1)
		return made[1].replaceAll("$a", what.replace(/^&/, "")).replaceAll("$m", ringbufOf(clues));
	if (clues.known?.type === "scalar" && /\bmap_value\b/.test(groups[3] ?? ""))
		return `pass the address of an initialised variable: &${/^\w+$/.test(what) && what !== "NULL" && !/^\d/.test(what) ? what : "key"}${/map_(?:update|lookup)_elem/.test(clues.callee ?? "") && argument?.number === 2 ? " (queues and stacks have no key: bpf_map_push_elem(), bpf_map_pop_elem())" : ""}`;
	if (clues.known?.type === "inner_map")
		return `say in ${clues.known.attributes.get("map")} what its maps are like: __array(values, struct { __uint(type, BPF_MAP_TYPE_HASH); … });`;
	if (groups[3] === "map_ptr")
		return `pass the address of a map of section .maps on every path${image.maps.length > 0 ? `: &${image.maps[0].name}` : ""}`;
	return `pass ${argument?.text ?? "the argument"} as what the function's declaration asks for`;
}

/** Where what a function takes comes from. */
const SOURCES: readonly (readonly [pattern: RegExp, edit: string])[] = [
	[
		/^bpf_ringbuf_(?:submit|discard)$/,
		"only a record of bpf_ringbuf_reserve() can be given: reserve it, check it for NULL and fill it in place; a copy on the stack goes with bpf_ringbuf_output(&$m, &$a, sizeof $a, 0)",
	],
	[
		/^bpf_spin_(?:un)?lock$/,
		"a lock lies in a map's value or in an object of bpf_obj_new(), not in a copy of it: look the value up, check it for NULL, and pass &value->lock",
	],
	[/^bpf_sk_release$/, "only a socket of bpf_sk_lookup_…() or bpf_skc_lookup_tcp() can be given, after a check for NULL"],
];

/** Name of the object's ring buffer. */
const ringbufOf = ({ image }: Clues): string => image.maps.find(({ type }) => type === RINGBUF)?.name ?? "ringbuf";
const RINGBUF = 27;

/** An operator that no pointer has. */
export function pointerOperator(clues: Clues): string {
	const operator = clues.groups[2] ?? clues.groups[3] ?? "";
	const name = clues.name ?? "the pointer";
	if (/<<|>>/.test(operator))
		return `keep all 64 bits of ${name}: a cast to 32 bits, or a shift to the left and back, leaves a number; use a pointer variable or unsigned long`;
	return operator.startsWith("&")
		? `mask the offset, then add it to ${name}: a masked pointer is a number`
		: `multiply or combine the offset, then add it to ${name}`;
}

/** A pointer that is known to be NULL where it is used. */
export function nullHere({ name, origin }: Clues): string {
	if (origin?.kind === "constant")
		return `${name ?? "it"} is set to NULL${origin.line === null ? "" : ` at line ${origin.line.line}`} and to nothing else on this path: give it an address before it is used`;
	const where = origin?.compared ? `after the comparison at line ${origin.compared.line}` : "where it is NULL";
	return `the path goes on ${where}: leave the function there (return, goto), or put what uses ${name ?? "it"} into the other branch`;
}

const SECTIONS: Readonly<Record<string, readonly [enter: string, leave: string]>> = {
	rcu_read_lock: ["bpf_rcu_read_lock()", "bpf_rcu_read_unlock()"],
	"non-preemptible": ["bpf_preempt_disable()", "bpf_preempt_enable()"],
	"IRQ-disabled": ["bpf_local_irq_save()", "bpf_local_irq_restore()"],
};

export function outsideSection({ groups, callee }: Clues): string {
	const [enter, leave] = SECTIONS[groups[1] ?? groups[2]] ?? SECTIONS.rcu_read_lock;
	return `call ${callee ?? "it"}() before ${enter}, or after ${leave}`;
}

/** Calls nested too deep: of one function in itself, or of many. */
export function nesting({ recursion }: Clues): string {
	if (recursion === null) return "inline some functions: static __always_inline";
	return `${recursion}() calls itself: write it as a loop with a bound that is known, with an array for what it must remember`;
}

export function loopEdit(clues: Clues): string {
	const { busiest } = clues;
	const where = busiest === null ? "" : `line ${busiest.line} was walked ${busiest.visits.toLocaleString("en")} times: `;
	const { known, name } = clues;
	const open = known?.type === "scalar" && name !== null && (known.high === null || known.high > 8192n);
	if (open)
		return `${where}bound ${name} before the loop: if (${name} > 1000) ${name} = 1000;  or use bpf_loop(), bpf_for() or can_loop, whose rounds are not walked one by one`;
	return `${where}bound the loop by a smaller constant, keep less that differs between rounds (branches, variables set in the loop), use bpf_loop(), bpf_for() or can_loop, or move its body into a global (not static) function`;
}

export function stackEdit(clues: Clues): string {
	return `move large objects into a per-CPU array map with one entry${clues.name === null ? "" : ` (${clues.name} first)`}, or into global variables`;
}

export function returnRange({ groups, image }: Clues): string {
	const [low, high] = [Number(groups[4]), Number(groups[5])];
	const whose = image.section !== "" && groups[1] === "At program exit" ? ` (what SEC("${image.section}") defines)` : "";
	if (low === high) return `return ${low}${whose}`;
	return `return a value from ${low} to ${high}${whose}; compare before if it comes from elsewhere`;
}
