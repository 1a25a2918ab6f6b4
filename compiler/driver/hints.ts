/**
 * What a newcomer misses behind an error about a name: the header that declares it, or that there is no such thing in eBPF. In: a diagnostic and its
 * tokens; out: one sentence, or null. Headers are searched as text, and only after an error, so that no list of their names has to be kept.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { nearest } from "../diagnostics/suggest.ts";
import { builtinHeader, builtinHeaderNames } from "../headers/index.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { words } from "../../assembler/words.ts";

/** Headers that programs include, before those that only others include. */
const FIRST = words(`
	bpf/bpf_helpers.h bpf/bpf_endian.h bpf/bpf_tracing.h bpf/bpf_core_read.h linux/types.h linux/bpf.h
	linux/if_ether.h linux/ip.h linux/in.h stdint.h stdbool.h stddef.h
`);
/** What is in the first is had by including the second. */
const THROUGH: Readonly<Record<string, string>> = {
	"bpf/bpf_helper_defs.h": "bpf/bpf_helpers.h",
	"asm-generic/int-ll64.h": "linux/types.h",
};
const PRINTS = /^(printf|fprintf|puts|putchar|printk|pr_info|pr_debug|pr_err)$/;
const LIBRARY =
	/^(malloc|calloc|realloc|free|kmalloc|kfree|exit|abort|sleep|usleep|open|close|read|write|socket|strdup|sprintf|snprintf|strtok|atoi|rand|time)$/;
const BYTE_ORDER = /^[nh]to[nh][sl]$/;
const TEXT = /^(str(len|n?cmp|n?cpy|n?cat|chr|rchr|str|lcpy|scpy)|memcmp|memmove|memcpy|memset|memchr|bcmp|bzero)$/;
/** Parts of the C library's own headers, which nothing but they includes. */
const LIBC_PART = /^(bits|gnu)\//;

/** `inKernel`: whether the kernel's types have a name. */
export function hintFor(diagnostic: Diagnostic, tokens: TokenBuffer, inKernel: (name: string) => boolean): string | null {
	const { code, span, message, fix } = diagnostic;
	if (span === null) return null;
	switch (code) {
		case "E0109":
			return headerHint(/^'([^']+)'/.exec(message)?.[1] ?? "");
		case "E0310":
			return /'struct bpf_map_def'/.test(message)
				? 'maps are declared with __uint() and __type(), in SEC(".maps"): libbpf has no struct bpf_map_def since 1.0'
				: recordHint(/'(?:struct|union) (\w+)'/.exec(message)?.[1] ?? "", inKernel);
		case "E0150": {
			// SEC("xdp") without its macro reads like a declarator.
			return /^"/.test(tokens.text(span.from)) ? declaredIn(calledAt(span.from, tokens)) : null;
		}
		case "E0302":
			if (PRINTS.test(tokens.text(span.from))) return "bpf_printk() of <bpf/bpf_helpers.h> writes to the kernel's trace log";
			if (BYTE_ORDER.test(tokens.text(span.from)))
				return `bpf_${tokens.text(span.from)}() of <bpf/bpf_endian.h> changes the order of bytes`;
			if (TEXT.test(tokens.text(span.from)))
				return "eBPF programs have no C library: bpf_strncmp() of <bpf/bpf_helpers.h> compares text, bpf_probe_read_kernel_str() copies it, __builtin_memcpy() and __builtin_memset() work on sizes that are known";
			if (LIBRARY.test(tokens.text(span.from)))
				return "eBPF programs have no C library and no heap: the kernel's helpers are in <bpf/bpf_helpers.h>, memory that stays is in maps";
			return fix === undefined ? declaredIn(tokens.text(span.from)) : null;
		case "E0153": {
			// So does BPF_KPROBE(name, …), of which the name is the first to be missed.
			const called = calledAt(span.from, tokens);
			if (/^[A-Z]/.test(called)) return declaredIn(called);
			return fix === undefined ? declaredIn(tokens.text(span.from)) : null;
		}
		case "E0301":
		case "E0303":
			return fix === undefined ? declaredIn(tokens.text(span.from)) : null;
		default:
			return null;
	}
}

/** The name in front of the parenthesis in front of a token. */
function calledAt(token: number, tokens: TokenBuffer): string {
	return token >= 2 && tokens.text(token - 1) === "(" ? tokens.text(token - 2) : "";
}

function recordHint(name: string, inKernel: (name: string) => boolean): string | null {
	return (
		declaredIn(name) ??
		(name !== "" && inKernel(name)
			? `'${name}' is a type of the kernel's own: #include "vmlinux.h" in place of the <linux/…> headers`
			: null)
	);
}

function headerHint(name: string): string | null {
	if (/(^|\/)vmlinux\.h$/.test(name))
		return "the kernel's types come from its BTF: --btf FILE on the command line, the option vmlinux of compile and compileAndLoad";
	if (LIBC_PART.test(name))
		return "a part of the C library for user space, which eBPF programs cannot use: types are in <linux/types.h>, functions in <bpf/bpf_helpers.h>";
	const near = nearest(name, builtinHeaderNames());
	return near === null ? null : `there is <${near}>`;
}

function declaredIn(name: string): string | null {
	if (!/^[A-Za-z_]\w*$/.test(name)) return null;
	if (/^[us](8|16|32|64)$/.test(name)) return `'${name}' is declared in "vmlinux.h"; <linux/types.h> has '__${name}'`;
	const pattern = new RegExp(
		`(?:^|\\n)[ \\t]*#[ \\t]*define[ \\t]+${name}\\b|\\* const ${name}\\)\\(|\\btypedef [^;{}]*\\b${name};|(?:^|\\n)(?:struct|union|enum) ${name} \\{|\\n\\t${name}(?: = [^,\\n]*)?,`,
	);
	const decoder = new TextDecoder();
	const found = [...FIRST, ...builtinHeaderNames()].find((header) => pattern.test(decoder.decode(builtinHeader(header))));
	return found === undefined ? null : `'${name}' is declared in <${THROUGH[found] ?? found}>`;
}
