/**
 * Where memory ends: an offset, constant or with bounds, against the size of what is pointed to; alignment; the rights that a map or program has.
 *
 * Source: check_mem_region_access, check_map_access, check_packet_access, check_ptr_alignment of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { tnumAdd, tnumIsAligned, tnumText } from "./tnum.ts";
import { type Range, S32_MAX, asS64, constNumber, isConst, isZero, rangeConstNumber } from "./range.ts";
import type { Reg } from "./state.ts";
import { FIELD, KPTR, fieldName } from "./fields.ts";
import { F_RDONLY_PROG, F_WRONLY_PROG } from "./maps.ts";
import {
	PTR_TO_ARENA,
	PTR_TO_CTX,
	PTR_TO_FLOW_KEYS,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_STACK,
	PTR_TO_TCP_SOCK,
	PTR_TO_XDP_SOCK,
	isPacket,
} from "./types.ts";

const MAX_VAR_OFF = 1 << 29;

export function checkAlignment(env: Env, reg: Reg, off: number, size: number, once: boolean): void {
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
