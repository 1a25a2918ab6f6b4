import type { Attribute, AttributeArg, Expr } from "../grammar/ast.ts";
import { CHAR, INT, integerType, LONG, SHORT, unsignedOf, INT128 } from "./basic.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { parseString } from "./literals.ts";
import { rvalue } from "./operand.ts";
import type { CType, IntType } from "./types.ts";
import { type AttrSet, NO_ATTRIBUTES } from "./attr-set.ts";

/**
 * In: attributes as written. Out: what they say, gathered into one record.
 * The one idea: a table says of every attribute name whether it acts, is of no consequence for eBPF, or cannot be honoured.
 */

/** What a declarator has: its own attributes beside those of its specifiers, whose type attributes are in the type already. */
export function ownAttributes(cx: Cx, base: Readonly<AttrSet>, ...own: readonly (readonly Attribute[])[]): Readonly<AttrSet> {
	if (base === NO_ATTRIBUTES && own.every((list) => list.length === 0)) return NO_ATTRIBUTES;
	const set: AttrSet = { ...base, declTags: [...base.declTags], typeTags: [], mode: null, addressSpace: 0 };
	for (const list of own) {
		collect(cx, set, list);
		for (const { name, span } of list)
			if (name === "preserve_access_index" || name === "preserve_static_offset")
				report(cx, "badAttribute", span, `'${name}' attribute only applies to structs, unions, and classes`);
	}
	return set;
}

type Action = (cx: Cx, set: AttrSet, attr: Attribute) => void;

const flag =
	(name: { [K in keyof AttrSet]: AttrSet[K] extends boolean ? K : never }[keyof AttrSet]): Action =>
	(cx, set, attr) => {
		if (attr.args.length > 0) report(cx, "badAttribute", attr.span, `'${attr.name}' attribute takes no arguments`);
		else set[name] = true;
	};

/** `error("why")` of a function: a call of it that is left when everything is optimised is one. */
const complaint =
	(severity: "error" | "warning"): Action =>
	(cx, set, attr) => {
		const text = stringArg(cx, attr);
		if (text !== null) set.complaint = { severity, text };
	};

/** Accepted for the sake of programs written for other targets or compilers; nothing about eBPF changes. */
const nothing: Action = () => {};

const ACTIONS: Record<string, Action> = {
	section: (cx, set, attr) => {
		set.section = stringArg(cx, attr) ?? set.section;
	},
	used: flag("used"),
	retain: flag("used"),
	unused: flag("unused"),
	maybe_unused: flag("unused"),
	weak: flag("weak"),
	visibility: (cx, set, attr) => {
		const name = stringArg(cx, attr);
		if (name === "default" || name === "hidden" || name === "protected" || name === "internal") set.visibility = name;
		else if (name !== null) report(cx, "badAttribute", attr.span, `unknown visibility "${name}"`);
	},
	aligned: (cx, set, attr) => {
		const arg = attr.args[0];
		if (!arg) {
			set.aligned = Math.max(set.aligned, 16); // __int128 has the largest.
			return;
		}
		const align = intArg(cx, attr, arg);
		if (align === null) return;
		if (align <= 0 || (align & (align - 1)) !== 0) report(cx, "badAlignment", attr.span, "requested alignment is not a power of 2");
		else set.aligned = Math.max(set.aligned, align);
	},
	packed: flag("packed"),
	may_alias: flag("mayAlias"),
	pragma_pack: (cx, set, attr) => {
		if (attr.args[0]) set.pack = intArg(cx, attr, attr.args[0]) ?? 0;
	},
	always_inline: flag("alwaysInline"),
	gnu_inline: flag("gnuInline"),
	noinline: flag("noinline"),
	naked: flag("naked"),
	noreturn: flag("noreturn"),
	pure: flag("pure"),
	const: flag("pure"),
	cold: flag("cold"),
	hot: nothing,
	warn_unused_result: flag("warnUnused"),
	nodiscard: (_cx, set) => {
		set.warnUnused = true;
	},
	error: complaint("error"),
	warning: complaint("warning"),
	preserve_access_index: flag("preserveAccessIndex"),
	preserve_static_offset: flag("preserveStaticOffset"),
	btf_decl_tag: (cx, set, attr) => {
		const tag = stringArg(cx, attr);
		if (tag !== null && !set.declTags.includes(tag)) set.declTags.push(tag);
	},
	btf_type_tag: (cx, set, attr) => {
		const tag = stringArg(cx, attr);
		if (tag !== null) set.typeTags.push(tag);
	},
	address_space: (cx, set, attr) => {
		if (attr.args[0]) set.addressSpace = intArg(cx, attr, attr.args[0]) ?? 0;
	},
	mode: (_cx, set, attr) => {
		const arg = attr.args[0];
		if (arg?.kind === "identifier") set.mode = arg.name.replace(/^__(.*)__$/, "$1");
	},
	cleanup: (_cx, set, attr) => {
		set.cleanup = attr;
	},
	deprecated: (cx, set, attr) => {
		set.deprecated = attr.args.length ? (stringArg(cx, attr) ?? "") : "";
	},
	transparent_union: flag("transparentUnion"),
	fallthrough: flag("fallthrough"),
	alias: (cx, _set, attr) => report(cx, "badAttribute", attr.span, "aliases of functions and variables are not supported"),
	ifunc: (cx, _set, attr) =>
		report(cx, "badAttribute", attr.span, "functions that are chosen when the program is loaded are not supported by eBPF"),
	vector_size: (cx, _set, attr) => report(cx, "badAttribute", attr.span, "vector types are not supported by eBPF"),
	ext_vector_type: (cx, _set, attr) => report(cx, "badAttribute", attr.span, "vector types are not supported by eBPF"),
};

const IGNORED = new Set(
	`nothrow leaf malloc alloc_size alloc_align format format_arg nonnull returns_nonnull sentinel artificial no_instrument_function no_profile_instrument_function designated_init
	externally_visible flatten optimize optnone minsize noclone no_sanitize no_sanitize_address no_sanitize_thread no_sanitize_undefined no_stack_protector nocf_check
	no_reorder assume_aligned access overloadable unavailable availability diagnose_if enable_if noderef nomerge noescape
	bpf_fastcall preserve_most preserve_all regparm stdcall cdecl fastcall ms_abi sysv_abi
	constructor destructor no_split_stack tls_model common nocommon noplt symver target nonstring counted_by counted_by_or_null sized_by element_count
	guarded_by pt_guarded_by lockable capability acquire_capability release_capability ms_struct gcc_struct randomize_layout no_randomize_layout
	scalar_storage_order swallow convergent unroll opencl_unroll_hint nounroll likely unlikely reproducible unsequenced patchable_function_entry
	context bitwise force user kernel iomem type_visibility objc_boxable swift_name enum_extensibility flag_enum no_builtin disable_tail_calls not_tail_called
	no_caller_saved_registers zero_call_used_regs uninitialized loader_uninitialized require_constant_initialization null_terminated_string_arg copy
	always_destroy no_destroy internal_linkage selectany exclude_from_explicit_instantiation carries_dependency noinit persistent section_prefix callback`.split(
		/\s+/,
	),
);

export function collect(cx: Cx, set: AttrSet, attrs: readonly Attribute[]): AttrSet {
	for (const attr of attrs) {
		const name = attr.name.replace(/^.*::/, "");
		const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
		if (action) action(cx, set, attr);
		else if (!IGNORED.has(name)) report(cx, "unknownAttribute", attr.span, `unknown attribute '${attr.name}' ignored`);
	}
	return set;
}

function stringArg(cx: Cx, attr: Attribute): string | null {
	const arg = attr.args[0];
	if (arg?.kind !== "string") {
		report(cx, "badAttribute", attr.span, `'${attr.name}' attribute requires a string`);
		return null;
	}
	return stringText(arg.parts);
}

/** The text of string literals, as a section name or tag. */
function stringText(parts: readonly string[]): string {
	const { bytes } = parseString(parts);
	return new TextDecoder().decode(bytes.subarray(0, bytes.length - 1));
}

function intArg(cx: Cx, attr: Attribute, arg: AttributeArg): number | null {
	if (arg.kind !== "type-name") {
		const value = unevaluated(cx, () => rvalue(cx.rules.expr(cx, arg as Expr)));
		if (value.kind === "int") return Number(value.value);
	}
	report(cx, "badAttribute", attr.span, `'${attr.name}' attribute requires an integer constant`);
	return null;
}

const MODES: Record<string, IntType> = { QI: CHAR, byte: CHAR, HI: SHORT, SI: INT, DI: LONG, TI: INT128, word: LONG, pointer: LONG };

/** `__attribute__((mode(DI)))`: the integer type of that width and the written signedness. */
export function applyMode(cx: Cx, type: CType, mode: string): CType {
	const wanted = MODES[mode];
	const written = integerType(type);
	if (!wanted || !written) {
		if (!/^[SDX]F$/.test(mode)) report(cx, "badAttribute", null, `unknown machine mode '${mode}'`);
		return type;
	}
	return written.signed ? wanted : unsignedOf(wanted);
}
