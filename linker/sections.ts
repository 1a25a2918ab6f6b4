/**
 * Sections of one name become one, in order of first appearance, each part aligned as the strictest so far wants. In: objects. Out: the joined sections
 * and where each part went. Debug information and linker hints are dropped, as `bpftool gen object` does.
 */
import type { Section } from "../assembler/object.ts";
import { SHT } from "../assembler/spec/elf.ts";
import type { LinkError, LinkInput } from "./input.ts";

export interface JoinedSection {
	readonly name: string;
	readonly type: number;
	readonly flags: number;
	readonly entsize: number;
	align: number;
	size: number;
	readonly parts: { readonly offset: number; readonly data: Uint8Array }[];
	/** The first object that has it, for messages. */
	readonly from: string;
}

/** Where a section of an input lies now. */
export interface Placement {
	readonly section: number;
	readonly offset: number;
	/** A second license or version that says what the first does: its symbols and variables are not needed. */
	readonly duplicate?: boolean;
}

export interface Joined {
	readonly sections: readonly JoinedSection[];
	/** By input, by section of the input; nothing for what was dropped. */
	readonly placements: readonly (readonly (Placement | undefined)[])[];
}

/** These two say one thing for the whole object. */
const SINGLE = new Set(["license", "version"]);

const dropped = (section: Section): boolean =>
	(section.type !== SHT.progbits && section.type !== SHT.nobits) ||
	section.name.startsWith(".debug_") ||
	(section.size === 0 && section.name === ".text");

export function joinSections(inputs: readonly LinkInput[], errors: LinkError[]): Joined {
	const sections: JoinedSection[] = [];
	const byName = new Map<string, number>();
	const placements = inputs.map(({ name: input, object }) =>
		object.sections.map((section): Placement | undefined => {
			if (dropped(section)) return undefined;
			const index = byName.get(section.name);
			if (index === undefined) {
				byName.set(section.name, sections.length);
				sections.push({
					name: section.name,
					type: section.type,
					flags: section.flags,
					entsize: section.entsize,
					align: Math.max(1, section.align),
					size: section.size,
					parts: [{ offset: 0, data: section.data }],
					from: input,
				});
				return { section: sections.length - 1, offset: 0 };
			}
			const joined = sections[index];
			const mismatch = (what: string): undefined => {
				errors.push({ message: `section ${section.name} ${what}`, places: [joined.from, input] });
				return undefined;
			};
			if (joined.type !== section.type) return mismatch("has contents in one object only");
			if (joined.flags !== section.flags) return mismatch("has different flags");
			if (joined.entsize !== section.entsize) return mismatch("has entries of different sizes");
			if (SINGLE.has(section.name))
				return sameBytes(joined.parts[0].data, section.data) ? { section: index, offset: 0, duplicate: true } : mismatch("differs");
			joined.align = Math.max(joined.align, section.align);
			const offset = Math.ceil(joined.size / joined.align) * joined.align;
			joined.parts.push({ offset, data: section.data });
			joined.size = offset + section.size;
			return { section: index, offset };
		}),
	);
	return { sections, placements };
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export function contents(section: JoinedSection): Uint8Array {
	if (section.type === SHT.nobits) return new Uint8Array(0);
	const data = new Uint8Array(section.size);
	for (const part of section.parts) data.set(part.data, part.offset);
	return data;
}
