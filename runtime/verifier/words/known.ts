/**
 * What a register's state in a log's style says to people: `map_value_or_null(id=1,map=m,ks=4,vs=8)` is "a value of map m, or NULL".
 *
 * In: the text after `R0=`; out: words, and the numbers that edits are made of. The same for states of ours (print-state.ts) and of a kernel's log.
 */
export interface Known {
	/** "scalar", "map_value", "map_value_or_null", "fp", "pkt", "trusted_ptr_task_struct" … */
	readonly type: string;
	readonly attributes: ReadonlyMap<string, string>;
	/** Of the scalar, or of the variable part of the offset. Null: unbounded. */
	readonly low: bigint | null;
	readonly high: bigint | null;
}

const U64 = 1n << 64n;

function numberIn(text: string): bigint | null {
	if (!/^-?(?:0x[0-9a-f]+|\d+)$/.test(text)) return null;
	return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

export function parseState(text: string): Known {
	// "P" marks precise values; before Linux 6.0 scalars were called inv.
	const plain = text
		.replace(/^P(?=[-\d]|scalar)/, "")
		.replace(/^invP?(?=-?\d|$|\()/, (_, at: number) => (at === 0 && /^invP?-?\d/.test(text) ? "" : "scalar"));
	const constant = numberIn(plain);
	if (constant !== null)
		return { type: "scalar", attributes: new Map(), low: BigInt.asIntN(64, constant), high: BigInt.asIntN(64, constant) };
	const open = plain.indexOf("(");
	const type = open < 0 ? plain : plain.slice(0, open);
	const attributes = new Map<string, string>();
	const inner = open < 0 ? "" : plain.slice(open + 1, plain.lastIndexOf(")"));
	for (const part of inner.split(/,(?![^(]*\))/)) {
		const names = part.split("=");
		const value = names.pop() ?? "";
		for (const name of names) attributes.set(name, value);
	}
	const of = (name: string): bigint | null => numberIn(attributes.get(name) ?? "");
	const signed = (value: bigint | null): bigint | null => (value === null ? null : BigInt.asIntN(64, value));
	const umax = of("umax") ?? of("umax_value");
	const umin = of("umin") ?? of("umin_value");
	const smin = signed(of("smin") ?? of("smin_value"));
	const smax = signed(of("smax") ?? of("smax_value"));
	if (type !== "scalar" && umax === null && smin === null && smax === null && !attributes.has("var_off"))
		return { type, attributes, low: of("imm") ?? 0n, high: of("imm") ?? 0n };
	// A signed range that holds negative numbers says more than the unsigned one that then spans everything.
	const high = umax !== null && umax < U64 / 2n ? umax : (smax ?? umax);
	const low = umin !== null && umin > 0n ? umin : umax !== null && umax < U64 / 2n ? (smin !== null && smin > 0n ? smin : 0n) : smin;
	return { type, attributes, low, high };
}

export function rangeWords(low: bigint | null, high: bigint | null): string {
	if (low === null && high === null) return "any number";
	if (low !== null && low === high) return String(low);
	if (low === null) return `any number up to ${high}`;
	return high === null ? `any number from ${low}` : `${low} … ${high}`;
}

const TYPES: readonly (readonly [pattern: RegExp, words: string])[] = [
	[/^ctx$/, "the program's context"],
	[/^map_ptr$/, "a map"],
	[/^map_value$/, "a value of map $m ($s bytes)"],
	[/^inner_map$/, "a map out of $m, which does not say what its maps are like"],
	[/^map_key$/, "a key of map $m"],
	[/^fp(-?\d+)?$/, "an address on the stack"],
	[/^pkt_end$/, "the end of the packet (data_end)"],
	[/^pkt_meta$/, "a pointer into the packet's metadata, $p"],
	[/^pkt$/, "a pointer into the packet, $p"],
	[/^flow_keys$/, "the flow keys"],
	[/^sock$/, "a socket"],
	[/^sock_common$/, "the common part of a socket"],
	[/^tcp_sock$/, "a TCP socket"],
	[/^xdp_sock$/, "an XDP socket"],
	[/^ringbuf_mem$/, "a record of bpf_ringbuf_reserve() ($z bytes)"],
	[/^(?:rdonly_|dynptr_)*mem$/, "memory of $z bytes"],
	[/^func$/, "a function"],
	[/^arena$/, "an arena pointer"],
	[/^dynptr_ptr$/, "a dynptr"],
	[/^(?:rdonly_|rdwr_)?buf$/, "a buffer"],
	[/^ptr_$/, "an object of bpf_obj_new() or of the kernel"],
	[/^(untrusted_|trusted_|rcu_|percpu_|user_)*ptr_(\w+)$/, "a pointer to the kernel's or an own struct $2"],
];

/** One phrase. */
export function describe(known: Known): string {
	const { type, attributes, low, high } = known;
	if (type === "scalar") return rangeWords(low, high);
	const nullable = /_or_null_?/.test(type);
	const bare = type.replace(/_or_null_?/, (part) => (part.endsWith("_") ? "_" : "")).replace(/^((?:\w+_)*ptr)__/, "$1_");
	let words = bare;
	for (const [pattern, text] of TYPES) {
		const match = pattern.exec(bare);
		if (match === null) continue;
		const reach = attributes.get("r") ?? "0";
		words = text
			.replace("$2", match[2] ?? "")
			.replace("$m", attributes.get("map") ?? "")
			.replace("$s", attributes.get("vs") ?? "?")
			.replace("$z", attributes.get("sz") ?? attributes.get("mem_size") ?? "?")
			.replace("$p", reach === "0" ? "never compared with data_end" : `of which ${reach} bytes were compared with data_end`)
			.replace("map  (", "a map (");
		break;
	}
	const off = attributes.get("off");
	if (off !== undefined) words += `, offset ${off}`;
	if (!(low === 0n && high === 0n)) words += `${off === undefined ? ", offset" : " +"} ${rangeWords(low, high)}`;
	return nullable ? `${words}, or NULL` : words;
}
