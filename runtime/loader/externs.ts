/**
 * What an object declares `extern`: kernel configuration (`__kconfig`), kernel functions and variables (`__ksym`). Configuration values become one more
 * data map, `.kconfig`; kernel symbols stay names with their ids in the kernel's BTF. What is wrong with one concerns the programs that use it.
 */
import type { Btf, BtfType } from "../../assembler/btf/types.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { mapFlags, mapTypeId } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import { emptyMap } from "./placed-map.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { alignOf, nameOf, resolved, sizeOf, typeSource } from "../../assembler/btf/type-source.ts";
import { typesCompatible } from "../../linker/core/match.ts";

export type KconfigValue = string | number | bigint | boolean;

export interface ExternOptions {
	/** The kernel's BTF: ids of kernel functions and variables, and CO-RE's target. */
	readonly kernelBtf?: TypeSource;
	/** Values of CONFIG_ options: "y", "m", "n" as true, "m", false; others as they are. */
	readonly kconfig?: Readonly<Record<string, KconfigValue>>;
	/** LINUX_KERNEL_VERSION: major << 16 | minor << 8 | patch. */
	readonly kernelVersion?: number;
	/** Kernel functions and variables that the host provides; others must be weak, or known to the kernel's BTF. */
	readonly hasKernelSymbol?: (name: string) => boolean;
}

const defaultKernelVersion = (6 << 16) | (18 << 8);

export type Extern =
	| { readonly kind: "kconfig"; readonly name: string; readonly offset: number; readonly problem: string | null }
	| {
			readonly kind: "function" | "variable";
			readonly name: string;
			readonly btfId: number;
			readonly weak: boolean;
			readonly known: boolean /** False for \`extern const void name\`: an address and nothing behind it. */;
			readonly typed: boolean /** What stands against using it. */;
			readonly problem: string | null;
	  };

export interface Externs {
	/** By symbol index. */
	readonly bySymbol: ReadonlyMap<number, Extern>;
	readonly kconfig: MapDef | null;
}

export function openExterns(object: ObjectFile, btf: Btf | null, options: ExternOptions): Externs {
	const bySymbol = new Map<number, Extern>();
	if (btf === null) return { bySymbol, kconfig: null };
	const source = typeSource(btf);
	const symbolIndex = new Map(
		object.symbols.flatMap((symbol, i) => (symbol.section === "undefined" && symbol.name !== "" ? [[symbol.name, i] as const] : [])),
	);
	const kconfig = openKconfig(object, btf, source, options, symbolIndex, bySymbol);
	for (const datasec of btf.types) {
		if (datasec.kind !== "datasec" || datasec.name !== ".ksyms") continue;
		for (const entry of datasec.vars) {
			const type = btf.types[entry.type];
			const index = symbolIndex.get(nameOf(type));
			if (type === undefined || index === undefined) continue;
			bySymbol.set(index, kernelSymbol(source, type, object.symbols[index].binding === "weak", options));
		}
	}
	return { bySymbol, kconfig };
}

function kernelSymbol(source: TypeSource, type: BtfType, weak: boolean, options: ExternOptions): Extern {
	const name = nameOf(type).replace(/___.*$/, "");
	const { kernelBtf } = options;
	const provided = options.hasKernelSymbol?.(name) ?? false;
	const ids = (wanted: BtfType["kind"]): readonly number[] =>
		kernelBtf?.find(name).filter((id) => kernelBtf.type(id).kind === wanted) ?? [];
	if (type.kind !== "var") {
		const found = ids("func")[0] ?? 0;
		const there = found === 0 ? undefined : kernelBtf?.type(found);
		const fits =
			type.kind !== "func" ||
			there?.kind !== "func" ||
			kernelBtf === undefined ||
			typesCompatible(source, type.type, kernelBtf, there.type);
		// A weak one with other parameters is one that the kernel does not have: of its flavors (name___one, name___two) the one that fits is called.
		const btfId = fits ? found : 0;
		return {
			kind: "function",
			name,
			btfId,
			weak,
			known: btfId !== 0 || provided,
			typed: true,
			problem: functionProblem(fits || weak, found !== 0 || weak || provided || kernelBtf === undefined),
		};
	}
	const typed = resolved(source, type.type).kind !== "void";
	if (!typed)
		return {
			kind: "variable",
			name,
			btfId: 0,
			weak,
			known: provided || !weak || ids("func").length > 0 || ids("var").length > 0,
			typed,
			problem: null,
		};
	const btfId = ids("var")[0] ?? 0;
	const there = btfId === 0 ? undefined : kernelBtf?.type(btfId);
	const problem =
		there?.kind === "var" && kernelBtf !== undefined && !typesCompatible(source, type.type, kernelBtf, there.type)
			? "has another type in the kernel"
			: kernelBtf !== undefined && btfId === 0 && !provided && !weak
				? "the kernel's BTF has no such variable"
				: null;
	return { kind: "variable", name, btfId, weak, known: btfId !== 0 || provided, typed, problem };
}

/** libbpf loads no object with a strong function that no kernel BTF has. `there`: the kernel has one of that name, or need not. */
function functionProblem(fits: boolean, there: boolean): string | null {
	if (!there)
		return "the kernel's BTF has no such function (those of modules are not looked at); declare it __weak and ask bpf_ksym_exists() where it may be missing";
	return fits ? null : "has another type in the kernel";
}

/** Lays the variables out by falling alignment, as libbpf does, and fills them in. */
function openKconfig(
	object: ObjectFile,
	btf: Btf,
	source: TypeSource,
	options: ExternOptions,
	symbols: ReadonlyMap<string, number>,
	bySymbol: Map<number, Extern>,
): MapDef | null {
	const id = btf.types.findIndex((type) => type.kind === "datasec" && type.name === ".kconfig");
	const datasec = btf.types[id];
	if (datasec === undefined || datasec.kind !== "datasec") return null;
	const fields = datasec.vars.flatMap((entry) => {
		const variable = btf.types[entry.type];
		const symbol = symbols.get(nameOf(variable));
		return variable?.kind === "var" && symbol !== undefined
			? [{ variable, symbol, size: sizeOf(source, variable.type), align: alignOf(source, variable.type) }]
			: [];
	});
	fields.sort((a, b) => b.align - a.align || a.size - b.size || a.variable.name.localeCompare(b.variable.name));
	let offset = 0;
	const placed = fields.map((field) => {
		const at = Math.ceil(offset / field.align) * field.align;
		offset = at + field.size;
		return { ...field, at };
	});
	if (offset === 0) return null;
	const initial = new Uint8Array(offset);
	const view = new DataView(initial.buffer);
	for (const { variable, symbol, at, size } of placed) {
		const value = kconfigValue(variable.name, options);
		const weak = object.symbols[symbol].binding === "weak";
		const problem =
			value !== undefined
				? store(view, at, size, resolved(source, variable.type), value)
				: weak
					? null
					: "has no value: give one in the kconfig option, or declare it __weak";
		bySymbol.set(symbol, { kind: "kconfig", name: variable.name, offset: at, problem });
	}
	return {
		...emptyMap(".kconfig", btf),
		type: mapTypeId("ARRAY"),
		keySize: 4,
		valueSize: offset,
		maxEntries: 1,
		flags: mapFlags.MMAPABLE | mapFlags.RDONLY_PROG,
		valueTypeId: id,
		initial,
		frozen: true,
	};
}

function kconfigValue(name: string, options: ExternOptions): KconfigValue | undefined {
	const given = options.kconfig?.[name];
	if (given !== undefined) return given;
	switch (name) {
		case "LINUX_KERNEL_VERSION":
			return options.kernelVersion ?? defaultKernelVersion;
		case "LINUX_HAS_BPF_COOKIE":
		case "LINUX_HAS_SYSCALL_WRAPPER":
			return 1;
		default:
			return undefined;
	}
}

/** enum libbpf_tristate: no 0, yes 1, module 2. */
const tristate: Readonly<Record<string, number>> = { n: 0, y: 1, m: 2 };

function store(view: DataView, at: number, size: number, type: BtfType, value: KconfigValue): string | null {
	if (type.kind === "array") {
		if (typeof value !== "string") return "is a string";
		const bytes = new TextEncoder().encode(value);
		for (let i = 0; i < Math.min(bytes.length, size - 1); i++) view.setUint8(at + i, bytes[i]);
		return null;
	}
	let number: bigint;
	if (typeof value === "string") {
		if (type.kind === "int" && (type.encoding & 2) !== 0 && value.length === 1) number = BigInt(value.charCodeAt(0));
		else if (value in tristate) number = BigInt(tristate[value]);
		else return `"${value}" is no number, and not y, m or n`;
	} else {
		number = BigInt(value);
	}
	for (let i = 0; i < size; i++) view.setUint8(at + i, Number((number >> BigInt(8 * i)) & 0xffn));
	return null;
}
