import type { CType } from "./types.ts";

/**
 * In: a type. Out: its C spelling, as clang prints it in messages: `const struct sock *`, `int (*)(void)`, `__u32[4]`.
 * The one idea: a declarator is built inside out around an (often empty) name, and the base type goes in front.
 */
export function spell(type: CType, name = ""): string {
	return declare(type, name);
}

/** `'__u32' (aka 'unsigned int')`: quoted for a message, with what a typedef stands for. */
export function quote(type: CType): string {
	const plain = spell(type);
	const behind = spell(withoutTypedefs(type));
	return plain === behind || behind.includes("(unnamed") ? `'${plain}'` : `'${plain}' (aka '${behind}')`;
}

function join(base: string, declarator: string): string {
	if (declarator === "") return base;
	return /^[[(]/.test(declarator) && !declarator.startsWith("(*")
		? base + (declarator.startsWith("(") ? " " : "") + declarator
		: `${base} ${declarator}`;
}

function declare(type: CType, declarator: string): string {
	switch (type.kind) {
		case "void":
			return join("void", declarator);
		case "int":
		case "float":
		case "typedef":
			return join(type.name, declarator);
		case "record":
			return join(`${type.union ? "union" : "struct"} ${type.name ?? "(unnamed)"}`, declarator);
		case "enum":
			return join(`enum ${type.name ?? "(unnamed)"}`, declarator);
		case "qualified": {
			const words = qualifierWords(type);
			const target = type.target;
			if (target.kind === "pointer") return pointer(target.target, `${words}${declarator && words ? " " : ""}${declarator}`);
			return `${words}${words ? " " : ""}${declare(target, declarator)}`;
		}
		case "tagged":
			return declare(type.target, declarator);
		case "pointer":
			return pointer(type.target, declarator);
		case "array":
			return declare(type.element, `${declarator}[${type.length ?? ""}]`);
		case "function": {
			const params = type.params.map((p) => spell(p.type));
			if (type.variadic) params.push("...");
			return declare(type.result, `${declarator}(${params.length ? params.join(", ") : type.unprototyped ? "" : "void"})`);
		}
	}
}

/** Arrays and functions bind tighter than `*`: their pointers need parentheses. */
function pointer(target: CType, declarator: string): string {
	const inner = `*${declarator}`;
	const t = target.kind === "qualified" || target.kind === "tagged" ? stripTop(target) : target;
	return declare(target, t.kind === "array" || t.kind === "function" ? `(${inner})` : inner);
}

function stripTop(type: CType): CType {
	let t = type;
	while (t.kind === "qualified" || t.kind === "tagged") t = t.target;
	return t;
}

function qualifierWords(q: CType & { kind: "qualified" }): string {
	const words: string[] = [];
	if (q.const) words.push("const");
	if (q.volatile) words.push("volatile");
	if (q.restrict) words.push("restrict");
	if (q.atomic) words.push("_Atomic");
	if (q.addressSpace) words.push(`__attribute__((address_space(${q.addressSpace})))`);
	return words.join(" ");
}

function withoutTypedefs(type: CType): CType {
	switch (type.kind) {
		case "typedef":
			return withoutTypedefs(type.target);
		case "tagged":
			return withoutTypedefs(type.target);
		case "pointer":
			return { kind: "pointer", target: withoutTypedefs(type.target) };
		case "array":
			return { ...type, element: withoutTypedefs(type.element) };
		case "qualified": {
			const target = withoutTypedefs(type.target);
			if (target.kind !== "qualified") return { ...type, target };
			return {
				...type,
				const: type.const || target.const,
				volatile: type.volatile || target.volatile,
				restrict: type.restrict || target.restrict,
				atomic: type.atomic || target.atomic,
				addressSpace: type.addressSpace || target.addressSpace,
				target: target.target,
			};
		}
		case "function":
			return { ...type, result: withoutTypedefs(type.result), params: type.params.map((p) => ({ ...p, type: withoutTypedefs(p.type) })) };
		default:
			return type;
	}
}
