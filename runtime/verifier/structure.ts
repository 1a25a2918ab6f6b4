/**
 * What is checked of a program before any path is walked: subprogram boundaries, jump targets, reserved fields of `ld_imm64`, opcodes, function info.
 *
 * In: the image; out: `env.subprogs` and `env.subprogOf`, or a refusal. Order of the checks as in bpf_check(), so that the same one speaks first.
 * Source: add_subprog_and_kfunc, check_subprogs, check_btf_func, resolve_pseudo_ldimm64 of kernel/bpf/verifier.c.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { E2BIG, EBUSY, EINVAL, ENOENT, EOPNOTSUPP, EPERM, type Env, type Subprog, reject } from "./env.ts";
import { isEnum, resolved } from "./btf.ts";
import { FIELD, hasField } from "./fields.ts";
import { MAP, type MapInfo, hasDirectValue } from "./maps.ts";

export const CALL = 0x85;
export const EXIT = 0x95;
export const JA = 0x05;
export const JA32 = 0x06;
export const LD_IMM64 = 0x18;
const MAY_GOTO = 0xe5;
export const PSEUDO_MAP = 1;
export const PSEUDO_VALUE = 2;
export const PSEUDO_BTF = 3;
export const PSEUDO_FUNC = 4;
const PSEUDO_MAP_INDEX = 5;
const PSEUDO_CALL = 1;
const PSEUDO_KFUNC = 2;
export const HELPER_TAIL_CALL = 12;

export const isJump = (insn: Insn): boolean => (insn.opcode & 7) === 5 || (insn.opcode & 7) === 6;
export const isHelperCall = (insn: Insn): boolean => insn.opcode === CALL && insn.src === 0;
export const isSubprogCall = (insn: Insn): boolean => insn.opcode === CALL && insn.src === PSEUDO_CALL;
export const isKfuncCall = (insn: Insn): boolean => insn.opcode === CALL && insn.src === PSEUDO_KFUNC;
export const isFuncPointer = (insn: Insn): boolean => insn.opcode === LD_IMM64 && insn.src === PSEUDO_FUNC;
export const isMayGoto = (insn: Insn): boolean => insn.opcode === MAY_GOTO && insn.src === 0;
export const jumpOffset = (insn: Insn): number => (insn.opcode === JA32 ? insn.imm : insn.off);

export function findSubprograms(env: Env): void {
	const starts = new Set<number>([0]);
	const { insns } = env;
	const add = (at: number): void => {
		if (at < 0 || at >= insns.length) reject(EINVAL, "call to invalid destination");
		starts.add(at);
		if (starts.size > 256) reject(E2BIG, "too many subprograms");
	};
	for (let i = 0; i < insns.length; i++) {
		const insn = insns[i];
		if (isFuncPointer(insn) || isSubprogCall(insn)) add(i + insn.imm + 1);
	}
	const exception = exceptionCallback(env);
	if (exception) starts.add(exception);
	const sorted = [...starts].sort((a, b) => a - b);
	env.subprogs = sorted.map(
		(start, i): Subprog => ({
			start,
			end: sorted[i + 1] ?? insns.length,
			exitIndex: 0,
			hasTailCall: false,
			hasLdAbs: false,
			changesPacket: false,
			mightSleep: false,
			isCallback: false,
			isAsyncCallback: false,
			isExceptionCallback: false,
			stackDepth: 0,
			removed: false,
			fastcallStackOff: 0,
			keepFastcallStack: false,
			postorderStart: 0,
			typeId: 0,
			global: false,
			name: "",
			args: null,
			unreliable: false,
			called: false,
			verified: false,
		}),
	);
	env.subprogs.forEach((s, i) => env.subprogOf.fill(i, s.start, s.end));
	if (exception) {
		env.exceptionCallback = sorted.indexOf(exception);
		const s = env.subprogs[env.exceptionCallback];
		s.isCallback = s.isAsyncCallback = s.isExceptionCallback = true;
	}
}

/** The declaration tag `exception_callback:NAME` of the main function names a global function. */
function exceptionCallback(env: Env): number {
	const { types } = env;
	const { funcInfo } = env.image;
	if (!types || funcInfo.length === 0) return 0;
	const main = funcInfo[0][1];
	let name: string | null = null;
	for (let i = 1; i < types.count; i++) {
		const t = types.type(i);
		if (t.kind !== "decl_tag" || t.type !== main || t.componentIndex !== -1 || !t.name.startsWith("exception_callback:")) continue;
		if (name !== null) reject(17, "multiple exception callback tags for main subprog");
		name = t.name.slice("exception_callback:".length);
	}
	if (name === null) return 0;
	const id = types.find(name, "func");
	if (id < 0) reject(ENOENT, `exception callback '${name}' could not be found in BTF`);
	const f = types.type(id);
	if (f.kind === "func" && f.linkage !== "global") reject(EINVAL, `exception callback '${name}' must have global linkage`);
	const info = funcInfo.find(([, typeId]) => typeId === id);
	if (!info) reject(EINVAL, "exception callback type id not found in func_info");
	if (info[0] === 0) reject(EINVAL, "invalid exception callback insn_off in func_info: 0");
	return info[0];
}

export function checkSubprograms(env: Env): void {
	const { insns } = env;
	for (const sub of env.subprogs) {
		for (let i = sub.start; i < sub.end; i++) {
			const insn = insns[i];
			const { opcode } = insn;
			if (isHelperCall(insn) && insn.imm === HELPER_TAIL_CALL) sub.hasTailCall = true;
			if ((opcode & 7) === 0 && ((opcode & 0xe0) === 0x20 || (opcode & 0xe0) === 0x40)) sub.hasLdAbs = true;
			const op = opcode & 0xf0;
			if (isJump(insn) && op !== 0x80) {
				if (op === 0x90) sub.exitIndex = i;
				else {
					const to = i + jumpOffset(insn) + 1;
					if (to < sub.start || to >= sub.end) reject(EINVAL, `jump out of range from insn ${i} to ${to | 0}`);
				}
			}
			if (i === sub.end - 1 && opcode !== EXIT && opcode !== JA && opcode !== JA32) reject(EINVAL, "last insn is not an exit or jmp");
		}
	}
}

/** Records must be sane before subprograms are known; programs without any may not use BTF-only features in subprograms. */
export function checkFuncInfoEarly(env: Env): void {
	const { funcInfo } = env.image;
	const { types } = env;
	let previous = 0;
	funcInfo.forEach(([insn, typeId], i) => {
		if (i === 0 && insn !== 0) reject(EINVAL, `nonzero insn_off ${insn} for the first func info record`);
		if (i > 0 && insn <= previous) reject(EINVAL, `same or smaller insn offset (${insn}) than previous func info record (${previous})`);
		previous = insn;
		const f = types ? types.type(typeId) : null;
		if (f?.kind !== "func") reject(EINVAL, `invalid type id ${typeId} in func info`);
		if (types!.type(f.type).kind !== "func_proto") reject(EINVAL, "invalid func proto in func info");
	});
}

export function checkFuncInfo(env: Env): void {
	const { funcInfo } = env.image;
	const { types, subprogs } = env;
	if (funcInfo.length === 0 || !types) {
		for (let i = 1; i < subprogs.length; i++) {
			if (subprogs[i].hasLdAbs) reject(EINVAL, "LD_ABS is not allowed in subprogs without BTF");
			if (subprogs[i].hasTailCall) reject(EINVAL, "tail_call is not allowed in subprogs without BTF");
		}
		return;
	}
	if (funcInfo.length !== subprogs.length) reject(EINVAL, "number of funcs in func_info doesn't match number of subprogs");
	subprogs.forEach((sub, i) => {
		const [insn, typeId] = funcInfo[i];
		if (sub.start !== insn) reject(EINVAL, "func_info BTF section doesn't match subprog layout in BPF program");
		const f = types.type(typeId);
		if (f.kind !== "func") return;
		sub.typeId = typeId;
		sub.name = f.name;
		sub.global = f.linkage === "global";
		const proto = types.type(f.type);
		if (proto.kind !== "func_proto" || i === 0) return;
		const result = resolved(types, proto.result);
		const scalar = (result.kind === "int" && result.size <= 8) || isEnum(result);
		if (!scalar && sub.hasLdAbs) reject(EINVAL, "LD_ABS is only allowed in functions that return 'int'.");
		if (!scalar && sub.hasTailCall) reject(EINVAL, "tail_call is only allowed in functions that return 'int'.");
	});
}

const ATOMIC_SIZES = new Set([0xc3, 0xdb, 0xcb, 0xd3]);

const BSWAP_TO_BIG = 0xdf;

/** Every opcode that some Linux instruction has. */
function knownOpcode(opcode: number): boolean {
	const op = opcode & 0xf0;
	switch (opcode & 7) {
		case 4:
		case 7:
			// Bytes are swapped whatever the machine's order; there is no such 64-bit instruction "to big-endian".
			if (op > 0xd0 || opcode === BSWAP_TO_BIG) return false;
			return op === 0x80 ? (opcode & 8) === 0 : true;
		case 5:
			if (op === 0xe0) return opcode === MAY_GOTO;
			if (op === 0xf0) return false;
			return op === 0 || op === 0x80 || op === 0x90 ? (opcode & 8) === 0 : true;
		case 6:
			if (op === 0) return opcode === JA32;
			return op !== 0x80 && op !== 0x90 && op < 0xe0;
		case 0:
			// ABS and IND of 1, 2, 4 bytes; the 64-bit immediate was seen before.
			return [0x20, 0x28, 0x30, 0x40, 0x48, 0x50, LD_IMM64].includes(opcode);
		case 1:
			return (opcode & 0xe0) === 0x60 || ((opcode & 0xe0) === 0x80 && opcode !== 0x99);
		case 2:
			return (opcode & 0xe0) === 0x60;
		default:
			return (opcode & 0xe0) === 0x60 || ATOMIC_SIZES.has(opcode);
	}
}

/** Opcodes and `ld_imm64` pairs; maps that the program uses are checked against its type as they are met. */
export function checkImmediates(env: Env): void {
	const { insns } = env;
	const used = new Set<MapInfo>();
	for (let i = 0; i < insns.length; i++) {
		const insn = insns[i];
		if ((insn.opcode & 7) === 1) {
			const mode = insn.opcode & 0xe0;
			if ((mode !== 0x60 && mode !== 0x80) || insn.imm !== 0) reject(EINVAL, "BPF_LDX uses reserved fields");
		}
		if (insn.opcode !== LD_IMM64) {
			if (!knownOpcode(insn.opcode)) reject(EINVAL, `unknown opcode ${insn.opcode.toString(16).padStart(2, "0")}`);
			continue;
		}
		const next = insns[i + 1];
		if (next?.opcode !== 0 || next.dst !== 0 || next.src !== 0 || next.off !== 0) reject(EINVAL, "invalid bpf_ld_imm64 insn");
		if (insn.src === PSEUDO_BTF) checkKernelSymbol(env, i);
		else if ((insn.src === PSEUDO_MAP || insn.src === PSEUDO_MAP_INDEX) && next.imm !== 0) reject(EINVAL, "unrecognized bpf_ld_imm64 insn");
		else if (insn.src === PSEUDO_MAP || insn.src === PSEUDO_VALUE) {
			const map = env.maps[insn.imm];
			if (!map) reject(9, `fd ${insn.imm} is not pointing to valid bpf_map`);
			if (!used.has(map)) {
				if (used.size >= 64) reject(E2BIG, "The total number of maps per program has reached the limit of 64");
				checkMapForProgram(env, map);
				used.add(map);
			}
			if (insn.src === PSEUDO_VALUE) {
				const off = next.imm >>> 0;
				if (off >= MAX_VAR_OFF) reject(EINVAL, `direct value offset of ${off} is not allowed`);
				if (!hasDirectValue(map.type)) reject(EINVAL, "no direct value access support for this map type");
				if (map.type === MAP.ARRAY ? map.maxEntries !== 1 || off >= map.valueSize : off >= map.maxEntries * 4096) {
					reject(
						map.type === MAP.ARRAY && map.maxEntries !== 1 ? ENOTSUPP_MAP : EINVAL,
						`invalid access to map value pointer, value_size=${map.valueSize} off=${off}`,
					);
				}
			}
		} else if (insn.src !== 0 && insn.src !== PSEUDO_FUNC) {
			reject(
				insn.src > 6 ? EINVAL : insn.src >= 5 ? 71 : EINVAL,
				insn.src === 5 || insn.src === 6 ? "fd_idx without fd_array is invalid" : "unrecognized bpf_ld_imm64 insn",
			);
		}
		i++;
	}
}
const ENOTSUPP_MAP = 524;
/** BPF_MAX_VAR_OFF. */
const MAX_VAR_OFF = 1 << 29;

function checkKernelSymbol(env: Env, at: number): void {
	const { kernel } = env;
	if (!kernel) return;
	const insn = env.insns[at];
	const symbol = env.image.ksyms.find((k) => k.insn === at);
	const id = symbol?.btfId || insn.imm;
	// A symbol of no type is an address that the loader writes as a number.
	if (symbol && id === 0) return;
	// The second half names a module's BTF, and no module's is known here.
	if (env.insns[at + 1].imm !== 0) reject(EINVAL, "invalid module BTF object FD specified.");
	const t = kernel.type(id);
	if (id < 0 || id >= kernel.count) reject(ENOENT, `ldimm64 insn specifies invalid btf_id ${id}.`);
	if (t.kind !== "var" && t.kind !== "func") reject(EINVAL, `pseudo btf_id ${id} in ldimm64 isn't KIND_VAR or KIND_FUNC`);
	if (!env.hasAddress(t.name)) reject(ENOENT, `ldimm64 failed to find the address for kernel symbol '${t.name}'.`);
}

const TRACING_TYPES = new Set<number | string>([2, 5, 7, 17, 24]);
const SLEEPABLE_MAPS = new Set<number>([
	MAP.HASH,
	MAP.LRU_HASH,
	MAP.ARRAY,
	MAP.PERCPU_HASH,
	MAP.PERCPU_ARRAY,
	MAP.LRU_PERCPU_HASH,
	MAP.ARRAY_OF_MAPS,
	MAP.HASH_OF_MAPS,
	MAP.RINGBUF,
	MAP.USER_RINGBUF,
	MAP.INODE_STORAGE,
	MAP.SK_STORAGE,
	MAP.TASK_STORAGE,
	MAP.CGRP_STORAGE,
	MAP.QUEUE,
	MAP.STACK,
	MAP.ARENA,
	MAP.INSN_ARRAY,
]);

function checkMapForProgram(env: Env, map: MapInfo): void {
	const { type } = env.image;
	const tracing = TRACING_TYPES.has(type);
	if (hasField(map.fields, FIELD.listHead | FIELD.rbRoot) && tracing)
		reject(EINVAL, "tracing progs cannot use bpf_{list_head,rb_root} yet");
	if (hasField(map.fields, FIELD.spinLock | FIELD.resSpinLock)) {
		if (type === 1) reject(EINVAL, "socket filter progs cannot use bpf_spin_lock yet");
		if (tracing) reject(EINVAL, "tracing progs cannot use bpf_spin_lock yet");
	}
	if (hasField(map.fields, FIELD.timer) && tracing) reject(EINVAL, "tracing progs cannot use bpf_timer yet");
	if (hasField(map.fields, FIELD.wq) && tracing) reject(EINVAL, "tracing progs cannot use bpf_wq yet");
	if (map.type === MAP.STRUCT_OPS) reject(EINVAL, "bpf_struct_ops map cannot be used in prog");
	if (env.sleepable && !SLEEPABLE_MAPS.has(map.type))
		reject(EINVAL, "Sleepable programs can only use array, hash, ringbuf and local storage maps");
	if (map.type === MAP.CGROUP_STORAGE || map.type === MAP.PERCPU_CGROUP_STORAGE) {
		const slot = map.type === MAP.CGROUP_STORAGE ? 0 : 1;
		if (env.cgroupStorage[slot] && env.cgroupStorage[slot] !== map) reject(EBUSY, "only one cgroup storage of each type is allowed");
		env.cgroupStorage[slot] = map;
	}
	if (map.type === MAP.ARENA) {
		if (env.arena) reject(EBUSY, "Only one arena per program");
		if (!env.allowPtrLeaks) reject(EPERM, "CAP_BPF and CAP_PERFMON are required to use arena");
		if (!env.options.jit) reject(EOPNOTSUPP, "JIT is required to use arena");
		env.arena = map;
	}
}
