/**
 * A host application's own program type, as one description: its context's fields with widths and rights, the helpers that it offers, the range of its results.
 * The verifier checks programs by it, `run` lays contexts out by it. Objects name the type with their loader's `type` option, or by section.
 *
 * @example
 * const rate: ProgramTypeDescription = {
 *     name: "rate_limit",
 *     context: { size: 16, fields: { tokens: { offset: 0, size: 8, write: true }, tenant: { offset: 8, size: 4 } } },
 *     helpers: ["bpf_ktime_get_ns"],
 *     returns: { min: 0, max: 1 },
 * };
 * const { programs } = await load(bytes, { type: "rate_limit", programTypes: [rate] });
 */
import type { CustomProgramType } from "../verifier/programs/table.ts";
import type { ContextLayout } from "./contexts.ts";

/** Offset and size in bytes, offset a multiple of the size. */
export interface ContextFieldDescription {
	readonly offset: number;
	readonly size: 1 | 2 | 4 | 8;
	/** Elements of an array; one when absent. */
	readonly count?: number;
	/** Programs may store to it. */
	readonly write?: boolean;
	/** Programs may load it; they may unless it says false. */
	readonly read?: boolean;
	/** Loads of less than the whole field are allowed. */
	readonly narrow?: boolean;
}

/** A program type of the host's own: see the top of this file. */
export interface ProgramTypeDescription {
	readonly name: string;
	readonly context: { readonly size: number; readonly fields: Readonly<Record<string, ContextFieldDescription>> };
	/** Helpers beside those that every program may call (maps, time, chance, printing), by name. */
	readonly helpers?: readonly string[];
	/** What the program may return; anything when absent. */
	readonly returns?: { readonly min: number; readonly max: number };
}

/** What is wrong with a description; null: nothing. */
export function descriptionProblem({ name, context, returns }: ProgramTypeDescription): string | null {
	const taken: [string, number, number][] = [];
	for (const [field, { offset, size, count = 1 }] of Object.entries(context.fields)) {
		const end = offset + size * count;
		if (offset % size !== 0) return `program type ${name}: field ${field} at ${offset} is not aligned to its ${size} bytes`;
		if (offset < 0 || end > context.size)
			return `program type ${name}: field ${field} ends at ${end}, outside the context of ${context.size} bytes`;
		const other = taken.find(([, start, stop]) => offset < stop && start < end);
		if (other !== undefined) return `program type ${name}: fields ${other[0]} and ${field} overlap`;
		taken.push([field, offset, end]);
	}
	return returns !== undefined && returns.min > returns.max
		? `program type ${name}: its results are from ${returns.min} to ${returns.max}`
		: null;
}

export function verifierType({ name, context, helpers = [], returns }: ProgramTypeDescription): CustomProgramType {
	const fields = Object.values(context.fields).map(({ offset, size, count = 1, write = false, read = true, narrow = false }) => ({
		off: offset,
		length: size * count,
		read: !read ? [] : narrow ? [1, 2, 4, 8].filter((bytes) => bytes <= size) : [size],
		...(write ? { write: [size] } : {}),
	}));
	return {
		name,
		contextSize: context.size,
		fields,
		helpers: helpers.map((helper) => helper.replace(/^bpf_/, "")),
		...(returns === undefined ? {} : { returns }),
	};
}

export function contextLayout({ context }: ProgramTypeDescription): ContextLayout {
	return {
		size: context.size,
		fields: Object.fromEntries(
			Object.entries(context.fields).map(([name, { offset, size, count }]) => [
				name,
				count === undefined ? [offset, size] : [offset, size, count],
			]),
		),
	};
}
