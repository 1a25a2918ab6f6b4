/**
 * What a program type is to the verifier: its context, its helpers, what it may return. Host applications describe their own the same way.
 */
import type { TypeSource } from "../btf.ts";

/** What a program or callback may return. */
export interface RetvalRange {
	readonly min: number;
	readonly max: number;
}

/** What a load from the context gives. */
export interface ContextValue {
	/** Register type; SCALAR when a number. */
	readonly type: number;
	readonly memSize?: number;
	readonly btf?: TypeSource;
	readonly btfId?: number;
	/** The traced function's return value: its range may be known. */
	readonly retval?: boolean;
	readonly refObjId?: number;
}

export interface ContextQuery {
	readonly off: number;
	readonly size: number;
	readonly write: boolean;
	readonly signExtend: boolean;
	/** enum bpf_attach_type of the program. */
	readonly attach: number;
}

/** Null: the access is not allowed. */
export type ContextAccess = (query: ContextQuery) => ContextValue | null;

export interface ProgramSpec {
	readonly name: string;
	/** Prog type number, 0 for others. */
	readonly id: number;
	readonly access: ContextAccess;
	/** Contract of a helper by name, null when programs of this type do not have it. */
	helper(name: string, attach: number, sleepable: boolean): string | null;
	/** The attach type that the given one stands for; null: the program cannot be loaded for it. */
	attachType(given: number): number | null;
	/** What the program may return; null: anything. */
	returns(attach: number): RetvalRange | null;
	/** Packet bytes: may be read through packet pointers, and written. */
	readonly packetRead: boolean;
	readonly packetWrite: boolean;
	/** LD_ABS and LD_IND. */
	readonly loadsPacket: boolean;
	/** The context is memory of the helper's own (tracepoints, syscall programs): helpers may read it. */
	readonly contextIsMemory: boolean;
	/** Names of the context struct, for global functions' arguments. */
	readonly contextType: string;
	/** The kernel's own struct behind it; empty: none. */
	readonly kernelContext: string;
	/** The kind of program for which kernel functions are registered. */
	readonly kfuncHook: string;
}

/** A field of a context laid out as data. */
export interface ContextField {
	readonly off: number;
	/** Bytes; an access must lie inside. */
	readonly length: number;
	/** Access sizes that may read: "narrow" 1, 2, 4 aligned. */
	readonly read: "narrow" | readonly number[];
	readonly write?: readonly number[];
	/** Register type that a load gives; a number when absent. */
	readonly type?: number;
	readonly memSize?: number;
	/** Only for these attach types. */
	readonly attach?: readonly number[];
	/** Writes only for these attach types. */
	readonly writeAttach?: readonly number[];
	/** Sign-extending loads are refused. */
	readonly unsigned?: boolean;
}

const NARROW = [1, 2, 4];

export function layout(fields: readonly ContextField[], size: number): ContextAccess {
	return ({ off, size: bytes, write, signExtend, attach }) => {
		if (off < 0 || off >= size || off % bytes !== 0) return null;
		const field = fields.find((f) => off >= f.off && off < f.off + f.length);
		if (!field || (field.attach && !field.attach.includes(attach))) return null;
		if (write) {
			if (!field.write?.includes(bytes) || (field.writeAttach && !field.writeAttach.includes(attach))) return null;
		} else {
			if (!(field.read === "narrow" ? NARROW : field.read).includes(bytes)) return null;
			if (field.unsigned && signExtend) return null;
		}
		return field.type === undefined
			? SCALAR_VALUE
			: { type: field.type, ...(field.memSize === undefined ? {} : { memSize: field.memSize }) };
	};
}

export const SCALAR_VALUE: ContextValue = { type: 1 };
