/**
 * Memory accesses: each kind of pointer has its own bounds, rights and results.
 *
 * In: a register as address, an offset and size; out: the loaded register in place, or a refusal that says what is missing.
 * Source: check_mem_access and the functions it calls in kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { tnumText } from "./tnum.ts";
import { signExtend, truncate } from "./extend.ts";
import { constNumber, isConst, rangeConst, same, unbounded } from "./range.ts";
import { type Reg, scalar, unknownScalar, unknownScalar32 } from "./state.ts";
import { FIELD, KPTR, fieldAt } from "./fields.ts";
import { MAP, hasDirectValue, readConstant } from "./maps.ts";
import { accessKernelObject, accessMapPointer, checkUnmodified, loadKptr } from "./objects.ts";
import { contextAccess } from "./context-access.ts";
import * as context from "./programs/contexts.ts";
import { checkStackBounds, framePointedTo } from "./stack.ts";
import { readFixed, readVariable } from "./stack-read.ts";
import { writeFixed, writeVariable } from "./stack-write.ts";
import {
	CONST_PTR_TO_MAP,
	MAYBE_NULL,
	PTR_TO_ARENA,
	PTR_TO_BTF_ID,
	PTR_TO_BUF,
	PTR_TO_CTX,
	PTR_TO_FLOW_KEYS,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_STACK,
	PTR_TO_TCP_SOCK,
	PTR_TO_TP_BUFFER,
	PTR_TO_XDP_SOCK,
	RDONLY,
	SCALAR,
	UNTRUSTED,
	baseOf,
	isSock,
	typeName,
} from "./types.ts";
import { checkAlignment, checkBuffer, checkMapRights, checkMapValue, checkPacket, checkRegion, mayAccessPacket } from "./regions.ts";

const FLOW_KEYS_SIZE = 56;

export interface Access {
	readonly off: number;
	readonly size: number;
	readonly write: boolean;
	/** Register loaded into or stored from; −1: none. */
	readonly value: number;
	/** Stored constant of ST. */
	readonly imm: number | null;
	readonly strict: boolean;
	readonly signExtend: boolean;
}

function leak(env: Env, a: Access, into: string): void {
	if (a.write && a.value >= 0 && !env.allowPtrLeaks && env.regs[a.value].type !== SCALAR)
		reject(EACCES, `${R(a.value)} leaks addr into ${into}`, { code: "V0250", register: a.value });
}

function loadInto(regs: Reg[], { value, write }: Access, result: Reg): void {
	if (value >= 0 && !write) regs[value] = result;
}

/** Checks the access and, for loads, sets the value register. */
export function accessMemory(env: Env, regno: number, access: Access): void {
	const { regs } = env;
	const reg = regs[regno];
	const { size, write, value } = access;
	checkAlignment(env, reg, access.off, size, access.strict);
	const off = access.off + reg.off;
	switch (baseOf(reg.type)) {
		case PTR_TO_STACK:
			accessStack(env, reg, regno, off, access);
			break;
		case PTR_TO_CTX:
			if (reg.type !== PTR_TO_CTX) return notMemory(reg, regno);
			leak(env, access, "ctx");
			checkUnmodified(env, reg, regno, false);
			loadInto(regs, access, contextAccess(env, off, size, write, access.signExtend));
			break;
		case PTR_TO_MAP_VALUE:
			if (reg.type !== PTR_TO_MAP_VALUE) return notMemory(reg, regno);
			accessMapValue(env, reg, regno, off, access);
			break;
		case PTR_TO_BTF_ID:
			if (reg.type & MAYBE_NULL) return notMemory(reg, regno);
			loadInto(regs, access, accessKernelObject(env, reg, regno, off, size, write));
			break;
		case CONST_PTR_TO_MAP:
			if (reg.type !== CONST_PTR_TO_MAP) return notMemory(reg, regno);
			loadInto(regs, access, accessMapPointer(env, reg, regno, off, size, write));
			break;
		default:
			checkBytes(env, reg, regno, off, access);
			loadInto(regs, access, unknownScalar);
	}
	if (!write && value >= 0 && size < 8 && regs[value].type === SCALAR) narrow(env, access);
}

/** Memory of which nothing is known but where it ends: a load gives any number. */
function checkBytes(env: Env, reg: Reg, regno: number, off: number, access: Access): void {
	const { size, write } = access;
	switch (baseOf(reg.type)) {
		case PTR_TO_PACKET:
		case PTR_TO_PACKET_META:
			if (write && !mayAccessPacket(env, true)) reject(EACCES, "cannot write into packet", { code: "V0302" });
			leak(env, access, "packet");
			return checkPacket(env, regno, off, size, false);
		case PTR_TO_MAP_KEY:
			if (reg.type !== PTR_TO_MAP_KEY) return notMemory(reg, regno);
			if (write) reject(EACCES, `write to change key ${R(regno)} not allowed`, { code: "V0225" });
			return checkRegion(env, regno, off, size, reg.map!.keySize, false);
		case PTR_TO_MEM: {
			const readonly = (reg.type & RDONLY) !== 0;
			if (reg.type & MAYBE_NULL) return notMemory(reg, regno);
			if (write && readonly) reject(EACCES, `${R(regno)} cannot write into ${typeName(reg.type)}`, { code: "V0226" });
			leak(env, access, "mem");
			if (!(readonly && reg.type & UNTRUSTED)) checkRegion(env, regno, off, size, reg.memSize, false);
			return;
		}
		case PTR_TO_BUF: {
			const readonly = (reg.type & RDONLY) !== 0;
			if (reg.type & MAYBE_NULL) return notMemory(reg, regno);
			if (readonly && write) reject(EACCES, `${R(regno)} cannot write into ${typeName(reg.type)}`, { code: "V0226" });
			return checkBuffer(reg, regno, off, size, readonly ? "rdonly" : "rdwr");
		}
		case PTR_TO_TP_BUFFER:
			return checkBuffer(reg, regno, off, size, "tracepoint");
		case PTR_TO_FLOW_KEYS:
			leak(env, access, "flow keys");
			if (off < 0 || off + size > FLOW_KEYS_SIZE) reject(EACCES, `invalid access to flow keys off=${off} size=${size}`, { code: "V0227" });
			return;
		case PTR_TO_SOCKET:
		case PTR_TO_SOCK_COMMON:
		case PTR_TO_TCP_SOCK:
		case PTR_TO_XDP_SOCK:
			if (!isSock(reg.type)) return notMemory(reg, regno);
			if (write) reject(EACCES, `${R(regno)} cannot write into ${typeName(reg.type)}`, { code: "V0226" });
			return accessSock(env, reg, regno, off, size);
		case PTR_TO_ARENA:
			return;
		default:
			return notMemory(reg, regno);
	}
}

function accessStack(env: Env, reg: Reg, regno: number, off: number, { size, write, value, imm }: Access): void {
	checkStackBounds(env, regno, off, size, write);
	const frame = framePointedTo(env, reg);
	const fixed = isConst(reg.range);
	const at = fixed ? off + constNumber(reg.range) : off;
	if (write) {
		if (fixed) writeFixed(env, frame, at, size, value, imm);
		else writeVariable(env, frame, regno, off, size, value, imm);
	} else if (fixed) readFixed(env, frame, at, size, value);
	else if (value < 0) {
		reject(
			EACCES,
			`variable offset stack pointer cannot be passed into helper function; var_off=${tnumText(reg.range.tnum)} off=${off} size=${size}`,
			{ code: "V0233" },
		);
	} else readVariable(env, regno, off, size, value);
}

/** A loaded number has no more bits than were read. */
function narrow(env: Env, { size, value, signExtend: extended }: Access): void {
	const { regs } = env;
	const loaded = regs[value];
	if (loaded === unknownScalar && !extended) {
		regs[value] = unknownOfSize[size];
		return;
	}
	const range = extended ? signExtend(loaded.range, size) : truncate(loaded.range, size);
	const r = loaded.withRange(range);
	// A number that changes as its sign is extended is no longer its source's equal. Linux 6.18 keeps the link, and then believes what is not so.
	if (extended && r.id !== 0 && !same(range, loaded.range)) {
		if (env.thorough) r.id = 0;
		else env.doubt = true;
	}
	regs[value] = r;
}

const unknownOfSize: Readonly<Record<number, Reg>> = {
	1: scalar(truncate(unbounded, 1)),
	2: scalar(truncate(unbounded, 2)),
	4: unknownScalar32,
};

function notMemory(reg: Reg, regno: number): never {
	const name = typeName(reg.type);
	reject(EACCES, `${R(regno)} invalid mem access '${name}'`, {
		code: reg.type & MAYBE_NULL ? "V0101" : "V0200",
		register: regno,
		needed: "a pointer that is not null",
		known: name,
		...(reg.type & MAYBE_NULL ? { suggestion: "check the pointer first: if (!$v) return …;" } : {}),
	});
}

function accessMapValue(env: Env, reg: Reg, regno: number, off: number, access: Access): void {
	const { size, write, value } = access;
	const map = reg.map!;
	leak(env, access, "map");
	checkMapRights(env, regno, off, size, write);
	checkMapValue(env, regno, off, size, false, true);
	const fixed = isConst(reg.range);
	const field = fixed ? fieldAt(map.fields, off + constNumber(reg.range), KPTR | FIELD.uptr) : null;
	if (field) loadKptr(env, field, value, write);
	else if (!write && value >= 0) {
		env.regs[value] =
			fixed && map.constant && hasDirectValue(map.type) && map.type === MAP.ARRAY
				? scalar(rangeConst(readConstant(map, off + constNumber(reg.range), size, access.signExtend)))
				: unknownScalar;
	}
}

function accessSock(env: Env, reg: Reg, regno: number, off: number, size: number): void {
	if (reg.range.sminHi < 0)
		reject(EACCES, `${R(regno)} min value is negative, either use unsigned index or do a if (index >=0) check.`, {
			code: "V0222",
			register: regno,
		});
	const table =
		reg.type === PTR_TO_SOCK_COMMON
			? context.sockCommon
			: reg.type === PTR_TO_SOCKET
				? context.sock
				: reg.type === PTR_TO_TCP_SOCK
					? context.tcpSock
					: context.xdpSock;
	if (!table({ off, size, write: false, signExtend: false, attach: env.image.expectedAttachType })) {
		reject(EACCES, `${R(regno)} invalid ${typeName(reg.type)} access off=${off} size=${size}`, { code: "V0228", register: regno });
	}
}

/** One instruction is compiled for one kind of pointer; the kinds that compile alike may mix. */
export function recordPointerType(env: Env, type: number, allowMismatch: boolean): void {
	const previous = env.pointerType[env.insn];
	if (previous === 0) {
		env.pointerType[env.insn] = type;
		return;
	}
	if (previous === type || (mixes(type) && mixes(previous))) return;
	const base = baseOf(type);
	const was = baseOf(previous);
	if (allowMismatch && (base === PTR_TO_MEM || base === PTR_TO_BTF_ID) && (was === PTR_TO_MEM || was === PTR_TO_BTF_ID)) {
		env.pointerType[env.insn] =
			(base === PTR_TO_MEM || was === PTR_TO_MEM ? PTR_TO_MEM : PTR_TO_BTF_ID) | ((type | previous) & (UNTRUSTED | RDONLY));
		return;
	}
	reject(EINVAL, "same insn cannot be used with different pointers", { code: "V0260" });
}

function mixes(type: number): boolean {
	switch (baseOf(type)) {
		case PTR_TO_CTX:
		case PTR_TO_SOCKET:
		case PTR_TO_SOCK_COMMON:
		case PTR_TO_TCP_SOCK:
		case PTR_TO_XDP_SOCK:
		case PTR_TO_BTF_ID:
		case PTR_TO_ARENA:
			return false;
		default:
			return true;
	}
}
