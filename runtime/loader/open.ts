/**
 * Object → program images, one for each entry function: what libbpf's bpf_object__open and the part of bpf_object__load before the system calls do.
 * In: an object file in memory, what is known of the kernel (its BTF, its configuration). Out: images that the verifier and the engines read,
 * the maps, and everything that is wrong with the object. No memory is allocated and nothing runs here.
 */
import type { Btf } from "../../assembler/btf/types.ts";
import { decode } from "../../assembler/decode.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { attachTypeId, sectionRow, sectionTarget, typeNumbers } from "../../assembler/spec/attach-types.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { mapTypeId } from "../../assembler/spec/map-types.ts";
import { programTypeId, XRP } from "../../assembler/spec/program-types.ts";
import type { LineRecord, MapDef, ProgramImage } from "../image.ts";
import { answer, askedFor, patch } from "../../linker/core/answer.ts";
import type { LoadError } from "./error.ts";
import type { ExternOptions } from "./externs.ts";
import { openExterns } from "./externs.ts";
import { fixBtf } from "./fixup.ts";
import type { CodeFunction, LinkInput } from "./link-program.ts";
import { linkProgram } from "./link-program.ts";
import { openMaps } from "./maps.ts";
import { structOpsMembers } from "./struct-ops.ts";
import { typeByContext } from "./context-type.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { typeSource } from "../../assembler/btf/type-source.ts";
import type { TypeChoice } from "./type-choice.ts";

/** What the object's externs are, and what type its programs have. */
export interface OpenOptions extends ExternOptions {
	/** Where the section's name gives no type, or that of an extension, the function's context may (`struct xdp_md *`). libbpf does not guess. */
	readonly guessType?: boolean;
	/** For every program, instead of what its section name says. */
	readonly type?: number | string | ((program: { readonly name: string; readonly section: string }) => TypeChoice | undefined);
}

/** An object as libbpf has it before its first system call. */
export interface OpenedObject {
	readonly programs: readonly OpenedProgram[];
	readonly maps: readonly MapDef[];
	readonly btf: Btf | null;
	readonly license: string;
	/** What is wrong with the object as a whole; each program has its own list besides. */
	readonly errors: readonly LoadError[];
}

/** A program of it, loadable or not. */
export interface OpenedProgram {
	readonly image: ProgramImage;
	/** What is wrong with this program alone. */
	readonly errors: readonly LoadError[];
	/** False for sections that begin with "?", and for programs of struct_ops maps that do. */
	readonly autoload: boolean;
	/** The type was taken from the function's context. */
	readonly guessed: boolean;
}

const executable = 4;

/** Maps, externs, CO-RE and relocations of all programs; nothing is verified or created. What is wrong comes back as values. */
export function openObject(object: ObjectFile, options: OpenOptions = {}): OpenedObject {
	const errors: LoadError[] = [];
	if (object.endian !== "little")
		errors.push({ section: "", offset: -1, symbol: "", message: "the object is big-endian; the runtime is little-endian" });
	const btf = fixBtf(object);
	const placedMaps = openMaps(object, btf, errors);
	const externs = openExterns(object, btf, options);
	const members = structOpsMembers(placedMaps, btf, options.kernelBtf);
	const arenaSection = object.sections.findIndex(({ name }) => name === ".addr_space.1");
	const arenaMap = placedMaps.findIndex(({ def }) => def.type === mapTypeId("ARENA"));
	const kconfigMap = placedMaps.length;
	const maps = [...placedMaps.map((map) => map.def), ...(externs.kconfig === null ? [] : [externs.kconfig])];
	const code = decodeSections(object, errors);
	const poisoned = applyCore(object, btf, options.kernelBtf, code, errors);
	const functions = findFunctions(object, code);
	const license = sectionText(object, "license");
	const input: LinkInput = {
		object,
		functions,
		code,
		poisoned,
		maps: placedMaps,
		externs,
		kconfigMap,
		btfExt: object.btfExt,
		hasKernel: options.kernelBtf !== undefined,
		arena: arenaSection < 0 || arenaMap < 0 ? null : { section: arenaSection, map: arenaMap },
	};
	const entries = functions.filter((fn) => isEntry(object, functions, fn));
	const programs = entries.map((fn): OpenedProgram => {
		const section = object.sections[fn.section].name;
		const own: LoadError[] = [];
		if (fn.binding === "local")
			own.push({
				section,
				offset: fn.start * 8,
				symbol: fn.name,
				message: "a static function is no program (libbpf refuses the object): remove `static`",
			});
		const linked = linkProgram(fn, input, own);
		let lines: readonly LineRecord[] | null = null;
		const choice = chooseType(fn, section, btf, options, own);
		const member = choice.type === programTypeId("STRUCT_OPS") ? members.get(fn.name) : undefined;
		if (member !== undefined && member.problem !== null)
			own.push({ section, offset: fn.start * 8, symbol: fn.name, message: member.problem });
		const attachName = choice.attach ?? member?.name ?? "";
		return {
			errors: own,
			autoload: member?.autoload ?? !section.startsWith("?"),
			guessed: choice.guessed ?? false,
			image: {
				name: fn.name,
				section,
				type: choice.type,
				expectedAttachType: member?.index ?? choice.expectedAttachType ?? 0,
				flags: choice.flags ?? 0,
				license,
				insns: linked.insns,
				funcInfo: linked.funcInfo,
				get lineInfo() {
					return (lines ??= linked.lines());
				},
				kfuncs: linked.kfuncs,
				ksyms: linked.ksyms,
				poisoned: linked.poisoned,
				maps,
				btf,
				attach: attachName === "" ? null : { name: attachName, btfId: member?.btfId ?? attachId(attachName, choice, options.kernelBtf) },
			},
		};
	});
	return { programs, maps, btf, license, errors };
}

function decodeSections(object: ObjectFile, errors: LoadError[]): Map<number, Insn[]> {
	const code = new Map<number, Insn[]>();
	for (const [index, section] of object.sections.entries()) {
		if ((section.flags & executable) === 0 || section.size === 0) continue;
		if (section.data.length % 8 !== 0)
			errors.push({
				section: section.name,
				offset: section.data.length & ~7,
				symbol: "",
				message: "the code ends in the middle of an instruction",
			});
		code.set(index, decode(section.data.subarray(0, section.data.length & ~7), object.endian));
	}
	return code;
}

/** Gives back what it poisoned: code section → slot → what the relocation asked for. */
function applyCore(
	object: ObjectFile,
	btf: Btf | null,
	kernelBtf: TypeSource | undefined,
	code: ReadonlyMap<number, Insn[]>,
	errors: LoadError[],
): Map<number, Map<number, string>> {
	const poisoned = new Map<number, Map<number, string>>();
	if (btf === null || object.btfExt === undefined) return poisoned;
	const local = typeSource(btf);
	// Without a kernel the object is its own target: every field is where the compiler saw it.
	const target = kernelBtf ?? local;
	const answers = new Map<string, ReturnType<typeof answer>>();
	for (const { section, records } of object.btfExt.coreRelos) {
		const index = object.sections.findIndex((s) => s.name === section);
		const insns = code.get(index);
		if (insns === undefined) continue;
		const here = poisoned.get(index) ?? new Map<number, string>();
		poisoned.set(index, here);
		for (const relo of records) {
			const key = `${relo.typeId}/${relo.kind}/${relo.access}`;
			const known = answers.get(key) ?? answer(relo, local, target);
			answers.set(key, known);
			const slot = relo.insnOffset / 8;
			const result = patch(insns, slot, known);
			if (result === "poisoned") here.set(slot, askedFor(relo, local));
			else if (result !== "patched")
				errors.push({ section, offset: relo.insnOffset, symbol: "", message: `CO-RE relocation: ${result.wrong}` });
		}
	}
	return poisoned;
}

/** Function symbols with code, each up to the size that its symbol says. */
function findFunctions(object: ObjectFile, code: ReadonlyMap<number, Insn[]>): CodeFunction[] {
	const functions = object.symbols.flatMap((symbol) => {
		if (symbol.type !== "function" || typeof symbol.section !== "number") return [];
		const insns = code.get(symbol.section);
		if (insns === undefined || symbol.value % 8 !== 0 || symbol.value / 8 >= insns.length) return [];
		const start = symbol.value / 8;
		return [
			{
				name: symbol.name,
				section: symbol.section,
				start,
				length: Math.min(Math.floor(symbol.size / 8), insns.length - start),
				binding: symbol.binding,
			},
		];
	});
	// A bare section, as hand-written assembly may have: all of it is one function named like the section.
	const bare = [...code].filter(([index, insns]) => insns.length > 0 && !functions.some((fn) => fn.section === index));
	return [
		...functions,
		...bare.map(([section, insns]) => ({
			name: object.sections[section].name,
			section,
			start: 0,
			length: insns.length,
			binding: "global" as const,
		})),
	].sort((a, b) => a.section - b.section || a.start - b.start);
}

/** Functions of .text are there for others to call, unless the object has but one function. Those of other sections are programs, be they static by mistake. */
function isEntry(object: ObjectFile, functions: readonly CodeFunction[], fn: CodeFunction): boolean {
	return object.sections[fn.section].name !== ".text" || (functions.length === 1 && fn.binding !== "local");
}

function chooseType(fn: CodeFunction, section: string, btf: Btf | null, options: OpenOptions, errors: LoadError[]): TypeChoice {
	if (typeof options.type === "function") {
		const chosen = options.type({ name: fn.name, section });
		if (chosen !== undefined) return chosen;
	} else if (options.type !== undefined) {
		return { type: options.type };
	}
	if (section === XRP || section.startsWith(`${XRP}/`)) return { type: XRP };
	const row = sectionRow(section);
	const guess = options.guessType === true && (row === undefined || row.type === "EXT") ? typeByContext(btf, fn.name) : undefined;
	if (guess !== undefined) return { ...guess, guessed: true };
	if (row === undefined) {
		errors.push({
			section,
			offset: fn.start * 8,
			symbol: fn.name,
			message: "the section's name says no program type; give one in the type option",
		});
		return { type: 0 };
	}
	const flags: readonly string[] = row.flags;
	const target = sectionTarget(section);
	return {
		...typeNumbers(row),
		flags: (flags.includes("sleepable") ? 0x10 : 0) | (flags.includes("frags") ? 0x20 : 0),
		...(flags.includes("attachBtf") && target !== "" ? { attach: target } : {}),
	};
}

/** Prefixes under which the kernel's BTF has the attach point (libbpf: btf_get_kernel_prefix_kind). */
function attachId(name: string, choice: TypeChoice, kernelBtf: TypeSource | undefined): number {
	if (kernelBtf === undefined) return 0;
	const attach = choice.expectedAttachType;
	const [prefix, kind] =
		attach === attachTypeId("TRACE_RAW_TP")
			? ["btf_trace_", "typedef"]
			: attach === attachTypeId("LSM_MAC") || attach === attachTypeId("LSM_CGROUP")
				? ["bpf_lsm_", "func"]
				: attach === attachTypeId("TRACE_ITER")
					? ["bpf_iter_", "func"]
					: ["", "func"];
	return kernelBtf.find(prefix + name).find((id) => kernelBtf.type(id).kind === kind) ?? 0;
}

function sectionText(object: ObjectFile, name: string): string {
	const data = object.sections.find((section) => section.name === name)?.data;
	if (data === undefined) return "";
	const end = data.indexOf(0);
	return new TextDecoder().decode(data.subarray(0, end < 0 ? data.length : end));
}
