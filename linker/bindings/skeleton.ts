/**
 * A C header that holds an object and opens it with libbpf: `name__open()`, `name__load()`, `name->maps.m`, `name->bss->counter`.
 *
 * In: an object, its bytes, a name. Out: the header. It has the members and functions that users of `bpftool gen skeleton` know, so that
 * their programs compile with either; types of globals are those of the object, without const (the user fills .rodata before loading).
 * Source: libbpf's `struct bpf_object_skeleton`.
 */
import { CDump } from "../../assembler/btf/c-dump.ts";
import { mapReferences } from "../../assembler/btf/dedup.ts";
import { sizeOf } from "../../assembler/btf/layout.ts";
import type { Btf } from "../../assembler/btf/types.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { completeDatasecs } from "../fix.ts";
import { programsOf } from "./model.ts";
import { identifier } from "../../assembler/btf/c-names.ts";

/**
 * The C header that `bpftool gen skeleton` makes of an object and its bytes; `title` begins the names in it.
 * @param bytes the object's file, which the header holds
 * @param title what the skeleton's struct and functions are called
 */
export function cSkeleton(input: ObjectFile, bytes: Uint8Array, title: string): string {
	const name = identifier(title) || "object";
	const object = completeDatasecs(input);
	const btf = withoutQualifiers(object.btf ?? { types: [{ kind: "void" }] });
	const sections = dataSections(object, btf);
	const model: Model = {
		name,
		entries: [
			...mapNames(btf).map((map) => ({ map, field: identifier(map), memory: false })),
			...sections.map(({ section, field }) => ({ map: `${title.slice(0, 7)}${section}`, field, memory: true })),
		],
		programs: programsOf(object).map(({ name }) => name),
		sections,
	};
	const guard = `__${name.toUpperCase()}_SKEL_H__`;
	return `/* Made by ebpfcc from ${name}. */
#ifndef ${guard}
#define ${guard}

#include <errno.h>
#include <stdlib.h>
#include <bpf/libbpf.h>

${declaration(model)}${destroyer(name)}${elfBytes(name, bytes)}${creator(model)}${lifecycle(name)}#endif
`;
}

/** What the header tells of an object. */
interface Model {
	readonly name: string;
	/** Maps, and sections as the maps that libbpf makes of them. */
	readonly entries: readonly { readonly map: string; readonly field: string; readonly memory: boolean }[];
	readonly programs: readonly string[];
	readonly sections: ReturnType<typeof dataSections>;
}

const declaration = ({ name, entries, programs, sections }: Model): string => `struct ${name} {
	struct bpf_object_skeleton *skeleton;
	struct bpf_object *obj;
${group(
	"maps",
	entries.map(({ field }) => `struct bpf_map *${field};`),
)}${group(
	"progs",
	programs.map((program) => `struct bpf_program *${identifier(program)};`),
)}${group(
	"links",
	programs.map((program) => `struct bpf_link *${identifier(program)};`),
)}${sections.map(({ field, body }) => `	struct ${name}__${field} {\n${body}	} *${field};\n`).join("")}};

`;

const destroyer = (name: string): string => `static inline void ${name}__destroy(struct ${name} *skel)
{
	if (skel && skel->skeleton)
		bpf_object__destroy_skeleton(skel->skeleton);
	free(skel);
}

`;

const elfBytes = (name: string, bytes: Uint8Array): string => `static inline const void *${name}__elf_bytes(size_t *size)
{
	static const char bytes[] __attribute__((__aligned__(8))) = "\\
${literal(bytes)}";

	*size = sizeof(bytes) - 1;
	return bytes;
}

`;

const creator = ({ name, entries, programs }: Model): string => `static inline int ${name}__create_skeleton(struct ${name} *skel)
{
	struct bpf_object_skeleton *s = (struct bpf_object_skeleton *)calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	/* From here on destroying the skeleton frees all of it. */
	skel->skeleton = s;
	s->sz = sizeof(*s);
	s->name = "${name}";
	s->obj = &skel->obj;
	s->data = (void *)${name}__elf_bytes(&s->data_sz);
${table(
	"map",
	entries.length,
	entries.map(
		({ map, field, memory }, i) =>
			`	s->maps[${i}].name = ${quoted(map)};\n	s->maps[${i}].map = &skel->maps.${field};\n${memory ? `	s->maps[${i}].mmaped = (void **)&skel->${field};\n` : ""}`,
	),
)}${table(
	"prog",
	programs.length,
	programs.map(
		(program, i) =>
			`	s->progs[${i}].name = ${quoted(program)};\n	s->progs[${i}].prog = &skel->progs.${identifier(program)};\n	s->progs[${i}].link = &skel->links.${identifier(program)};\n`,
	),
)}	return 0;
}

`;

/** Opening, loading, attaching: the same for every object. */
const lifecycle = (name: string): string => `static inline struct ${name} *${name}__open_opts(const struct bpf_object_open_opts *opts)
{
	struct ${name} *skel = (struct ${name} *)calloc(1, sizeof(*skel));
	int err = skel ? ${name}__create_skeleton(skel) : -ENOMEM;

	if (!err)
		err = bpf_object__open_skeleton(skel->skeleton, opts);
	if (!err)
		return skel;
	${name}__destroy(skel);
	errno = -err;
	return NULL;
}

static inline struct ${name} *${name}__open(void)
{
	return ${name}__open_opts(NULL);
}

static inline int ${name}__load(struct ${name} *skel)
{
	return bpf_object__load_skeleton(skel->skeleton);
}

static inline struct ${name} *${name}__open_and_load(void)
{
	struct ${name} *skel = ${name}__open();
	int err;

	if (!skel)
		return NULL;
	err = ${name}__load(skel);
	if (!err)
		return skel;
	${name}__destroy(skel);
	errno = -err;
	return NULL;
}

static inline int ${name}__attach(struct ${name} *skel)
{
	return bpf_object__attach_skeleton(skel->skeleton);
}

static inline void ${name}__detach(struct ${name} *skel)
{
	bpf_object__detach_skeleton(skel->skeleton);
}

`;

const group = (name: string, members: readonly string[]): string =>
	members.length === 0 ? "" : `	struct {\n${members.map((member) => `		${member}\n`).join("")}	} ${name};\n`;

const table = (what: "map" | "prog", count: number, rows: readonly string[]): string =>
	count === 0
		? ""
		: `	s->${what}_cnt = ${count};\n	s->${what}_skel_sz = sizeof(*s->${what}s);\n	s->${what}s = (struct bpf_${what}_skeleton *)calloc(s->${what}_cnt, s->${what}_skel_sz);\n	if (!s->${what}s)\n		return -ENOMEM;\n${rows.join("")}`;

/** A string of C; anything unusual as octal. */
const quoted = (text: string): string =>
	`"${text.replace(/[^A-Za-z0-9_.\- ]/g, (char) => [...new TextEncoder().encode(char)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(""))}"`;

function literal(bytes: Uint8Array): string {
	let text = "";
	for (let i = 0; i < bytes.length; i++)
		text += `\\x${bytes[i].toString(16).padStart(2, "0")}${i % 20 === 19 || i === bytes.length - 1 ? (i === bytes.length - 1 ? "" : "\\\n") : ""}`;
	return text;
}

function withoutQualifiers(btf: Btf): Btf {
	const strip = (id: number): number => {
		for (let depth = 0; depth < 32; depth++) {
			const type = btf.types[id];
			if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "restrict") break;
			id = type.type;
		}
		return id;
	};
	return { types: btf.types.map((type) => mapReferences(type, strip)) };
}

function mapNames(btf: Btf): string[] {
	const names: string[] = [];
	for (const type of btf.types)
		if (type.kind === "datasec" && type.name === ".maps")
			for (const { type: id } of type.vars) {
				const variable = btf.types[id];
				if (variable.kind === "var") names.push(variable.name);
			}
	return names;
}

/** The sections that libbpf maps into memory, as struct bodies. */
function dataSections(object: ObjectFile, btf: Btf): { section: string; field: string; body: string }[] {
	const out: { section: string; field: string; body: string }[] = [];
	for (const section of object.sections) {
		if (!/^\.(data|rodata|bss)(\.|$)/.test(section.name) || section.size === 0) continue;
		const described = btf.types.find((type) => type.kind === "datasec" && type.name === section.name);
		if (described?.kind !== "datasec") continue;
		const dump = new CDump(btf);
		let body = "";
		let at = 0;
		for (const { type, offset, size } of described.vars) {
			const variable = btf.types[type];
			if (variable.kind !== "var" || variable.linkage === "static" || offset < at) continue;
			if (offset > at) body += `		char __pad${at}[${offset - at}];\n`;
			// Packed by hand: a type's own alignment would add nothing that the offsets do not say.
			body += `		${dump.declaration(variable.type, variable.name).replace(/\n/g, "\n\t\t")};\n`;
			at = offset + (sizeOf(btf.types, variable.type) ?? size);
		}
		out.push({ section: section.name, field: identifier(section.name.slice(1)), body });
	}
	return out;
}
