/**
 * Memory accesses: each kind of pointer has its own bounds, rights and results.
 *
 * In: a register as address, an offset and size; out: the loaded register in place, or a refusal that says what is missing.
 * Source: check_mem_access and the functions it calls in kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { tnumAdd, tnumIsAligned, tnumText } from "./tnum.ts";
import { signExtend, truncate } from "./extend.ts";
import { type Range, S32_MAX, asS64, constNumber, isConst, isZero, rangeConst, rangeConstNumber, same, unbounded } from "./range.ts";
import { type Reg, scalar, unknownScalar, unknownScalar32 } from "./state.ts";
import { FIELD, KPTR, fieldAt, fieldName } from "./fields.ts";
import { F_RDONLY_PROG, F_WRONLY_PROG, MAP, hasDirectValue, readConstant } from "./maps.ts";
import { accessKernelObject, accessMapPointer, checkUnmodified, loadKptr } from "./objects.ts";
import { contextAccess } from "./context-access.ts";
import * as context from "./programs/contexts.ts";
import { checkStackBounds, framePointedTo, readFixed, readVariable, writeFixed, writeVariable } from "./stack.ts";
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
	isPacket,
	isSock,
	typeName,
} from "./types.ts";

const MAX_VAR_OFF = 1 << 29;
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

function checkAlignment(env: Env, reg: Reg, off: number, size: number, once: boolean): void {
	let strict = env.strictAlignment || once;
	let what = "";
	switch (reg.type) {
		case PTR_TO_PACKET:
		case PTR_TO_PACKET_META: {
			// The IP header is at 4n + 2.
			if (!strict || size === 1) return;
			const at = tnumAdd(reg.range.tnum, rangeConstNumber(2 + reg.off + off).tnum);
			if (!tnumIsAligned(at, size))
				reject(EACCES, `misaligned packet access off 2+${tnumText(reg.range.tnum)}+${reg.off}+${off} size ${size}`, { code: "V0230" });
			return;
		}
		case PTR_TO_FLOW_KEYS:
			what = "flow keys ";
			break;
		case PTR_TO_MAP_KEY:
			what = "key ";
			break;
		case PTR_TO_MAP_VALUE:
			what = "value ";
			break;
		case PTR_TO_CTX:
			what = "context ";
			break;
		case PTR_TO_STACK:
			what = "stack ";
			strict = true;
			break;
		case PTR_TO_SOCKET:
			what = "sock ";
			break;
		case PTR_TO_SOCK_COMMON:
			what = "sock_common ";
			break;
		case PTR_TO_TCP_SOCK:
			what = "tcp_sock ";
			break;
		case PTR_TO_XDP_SOCK:
			what = "xdp_sock ";
			break;
		case PTR_TO_ARENA:
			return;
	}
	if (!strict || size === 1) return;
	const at = tnumAdd(reg.range.tnum, rangeConstNumber(reg.off + off).tnum);
	if (!tnumIsAligned(at, size))
		reject(EACCES, `misaligned ${what}access off ${tnumText(reg.range.tnum)}+${reg.off}+${off} size ${size}`, { code: "V0230" });
}

export function checkAligned(env: Env, reg: Reg, size: number): void {
	checkAlignment(env, reg, 0, size, true);
}

export function describeRange(r: Range): string {
	if (isConst(r)) return `${asS64(r.tnum.value)}`;
	return r.umax > 1n << 62n ? `${r.smin} … ${r.smax}` : `${r.umin} … ${r.umax}`;
}

/** `off` … `off + size` inside an object of `limit` bytes; `at`: the offset's low half, to show; `reason`: what is said of the register. */
function inside(env: Env, regno: number, off: number, at: number, size: number, limit: number, zeroAllowed: boolean, reason: string): void {
	if (off >= 0 && (size > 0 || (size === 0 && zeroAllowed)) && off + size <= limit) return;
	const reg = env.regs[regno];
	let text: string;
	switch (reg.type) {
		case PTR_TO_MAP_KEY:
			text = `invalid access to map key, key_size=${limit} off=${at} size=${size}`;
			break;
		case PTR_TO_MAP_VALUE:
			text = `invalid access to map value, value_size=${limit} off=${at} size=${size}`;
			break;
		case PTR_TO_PACKET:
		case PTR_TO_PACKET_META:
			text = `invalid access to packet, off=${at} size=${size}, R${regno}(id=${reg.id},off=${at},r=${limit})`;
			break;
		default:
			text = `invalid access to memory, mem_size=${limit} off=${at} size=${size}`;
	}
	env.note(text);
	const packet = isPacket(reg.type);
	reject(EACCES, `${R(regno)} ${reason}`, {
		code: packet ? "V0301" : "V0221",
		register: regno,
		needed: `${size} byte${size === 1 ? "" : "s"} at offset ${at}`,
		known: packet
			? `${limit} bytes were compared with data_end`
			: `the object has ${limit} bytes, the offset is ${describeRange(reg.range)} + ${reg.off}`,
		suggestion: packet ? `compare first: if ((void *)$v + ${at + size} > data_end) return …;` : `check the index: if (i < …), or mask it`,
	});
}

/** A pointer with a variable part, against an object's size. */
export function checkRegion(env: Env, regno: number, off: number, size: number, limit: number, zeroAllowed: boolean): void {
	const reg = env.regs[regno];
	const { range } = reg;
	const least = range.sminNumber + off;
	if (range.sminHi < 0 && (least < 0 || least > S32_MAX)) {
		reject(EACCES, `${R(regno)} min value is negative, either use unsigned index or do a if (index >=0) check.`, {
			code: "V0222",
			register: regno,
			needed: "an offset ≥ 0",
			known: describeRange(range),
			suggestion: "use an unsigned index, or check i >= 0 before",
		});
	}
	inside(env, regno, least, (range.sminLo + off) | 0, size, limit, zeroAllowed, "min value is outside of the allowed memory range");
	if (range.umaxNumber >= MAX_VAR_OFF) {
		reject(EACCES, `${R(regno)} unbounded memory access, make sure to bounds check any such access`, {
			code: "V0223",
			register: regno,
			needed: `an offset of at most ${limit - off - size}`,
			known: describeRange(reg.range),
			suggestion: `mask or compare the index: it may be at most ${limit - off - size}`,
		});
	}
	inside(
		env,
		regno,
		range.umaxNumber + off,
		(range.umaxLo + off) | 0,
		size,
		limit,
		zeroAllowed,
		"max value is outside of the allowed memory range",
	);
}

export function checkMapRights(env: Env, regno: number, off: number, size: number, write: boolean): void {
	const map = env.regs[regno].map!;
	if (write && map.flags & F_RDONLY_PROG)
		reject(EACCES, `write into map forbidden, value_size=${map.valueSize} off=${off} size=${size}`, { code: "V0224" });
	if (!write && map.flags & F_WRONLY_PROG)
		reject(EACCES, `read from map forbidden, value_size=${map.valueSize} off=${off} size=${size}`, { code: "V0224" });
}

/** Bounds of a map value, and the fields that only helpers may touch. */
export function checkMapValue(env: Env, regno: number, off: number, size: number, zeroAllowed: boolean, direct: boolean): void {
	const reg = env.regs[regno];
	const map = reg.map!;
	checkRegion(env, regno, off, size, map.valueSize, zeroAllowed);
	if (!map.fields) return;
	for (const f of map.fields.list) {
		if (!(reg.range.sminNumber + off < f.offset + f.size && f.offset < reg.range.umaxNumber + off + size)) continue;
		const name = fieldName(f.kind);
		if (!(f.kind & (KPTR | FIELD.uptr))) reject(EACCES, `${name} cannot be accessed directly by load/store`, { code: "V0240" });
		if (!direct) reject(EACCES, `${name} cannot be accessed indirectly by helper`, { code: "V0240" });
		if (!isConst(reg.range)) reject(EACCES, `${name} access cannot have variable offset`, { code: "V0240" });
		if (f.offset !== off + constNumber(reg.range))
			reject(EACCES, `${name} access misaligned expected=${f.offset} off=${off + constNumber(reg.range)}`, { code: "V0240" });
		if (size !== 8) reject(EACCES, `${name} access size must be BPF_DW`, { code: "V0240" });
	}
}

export function checkPacket(env: Env, regno: number, off: number, size: number, zeroAllowed: boolean): void {
	const reg = env.regs[regno];
	if (reg.range.sminHi < 0) {
		reject(EACCES, `${R(regno)} min value is negative, either use unsigned index or do a if (index >=0) check.`, {
			code: "V0222",
			register: regno,
		});
	}
	if (reg.packetRange < 0) reject(EINVAL, `${R(regno)} offset is outside of the packet`, { code: "V0301", register: regno });
	inside(env, regno, off, off, size, reg.packetRange, zeroAllowed, "offset is outside of the packet");
}

/** Packet pointers may be used directly by this program, for reading or writing. */
export function mayAccessPacket(env: Env, write: boolean): boolean {
	const { spec } = env;
	if (!spec.packetRead) return false;
	return !write || spec.packetWrite;
}

export function checkBuffer(reg: Reg, regno: number, off: number, size: number, what: string): void {
	if (off < 0) reject(EACCES, `${R(regno)} invalid ${what} buffer access: off=${off}, size=${size}`, { code: "V0232" });
	if (!isZero(reg.range))
		reject(EACCES, `${R(regno)} invalid variable buffer offset: off=${off}, var_off=${tnumText(reg.range.tnum)}`, { code: "V0232" });
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
