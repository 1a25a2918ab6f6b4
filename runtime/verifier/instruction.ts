/**
 * One instruction of the walk: to whom it belongs by its class, and loads, stores, atomics, packet loads, calls and exits as far as they are forms of
 * instructions; what they may do is asked of the files that know memory, calls and references.
 *
 * In: the instruction at `env.insn`; out: the state after it, and `env.insn` moved on.
 * Source: do_check_insn, check_atomic, check_ld_abs of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { checkAlu, checkReadable, checkWritable } from "./alu.ts";
import { callSubprog, clearCallerSaved, leaveFrame } from "./calls/callbacks.ts";
import { helperName } from "./calls/contract.ts";
import { callHelper } from "./calls/helper.ts";
import { callKfunc } from "./calls/kfunc.ts";
import { kfuncOf } from "./calls/kfuncs.ts";
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { checkLoadImmediate } from "./immediate.ts";
import { checkJump } from "./jump.ts";
import { accessMemory, recordPointerType } from "./memory.ts";
import { checkUnmodified } from "./objects.ts";
import { checkHeld } from "./references.ts";
import { checkReturn } from "./returns.ts";
import { unknownScalar, zeroScalar } from "./state.ts";
import { LD_IMM64 } from "./structure.ts";
import { PTR_TO_ARENA, PTR_TO_CTX, PTR_TO_FLOW_KEYS, SCALAR, isPacket, isSock, typeName } from "./types.ts";
import { pushBranch } from "./walk.ts";

/** True: the path ends here. `env.insn` is where it goes on. */
export function execute(env: Env, insn: Insn): boolean {
	const { opcode } = insn;
	switch (opcode & 7) {
		case 4:
		case 7:
			checkAlu(env, insn);
			env.insn++;
			return false;
		case 1:
			load(env, insn, insn.src, false, (opcode & 0xe0) === 0x80, true);
			env.insn++;
			return false;
		case 3:
			if ((opcode & 0xe0) === 0xc0) atomic(env, insn);
			else {
				if ((opcode & 0xe0) !== 0x60 || insn.imm !== 0) reject(EINVAL, "BPF_STX uses reserved fields", { code: "V0012" });
				store(env, insn, false);
			}
			env.insn++;
			return false;
		case 2: {
			if ((opcode & 0xe0) !== 0x60 || insn.src !== 0) reject(EINVAL, "BPF_ST uses reserved fields", { code: "V0012" });
			checkReadable(env, insn.dst);
			const { type } = env.regs[insn.dst];
			accessMemory(env, insn.dst, {
				off: insn.off,
				size: sizeOfAccess(opcode),
				write: true,
				value: -1,
				imm: insn.imm,
				strict: false,
				signExtend: false,
			});
			recordPointerType(env, type, false);
			env.insn++;
			return false;
		}
		case 0:
			if (opcode === LD_IMM64) {
				checkLoadImmediate(env, insn);
				env.seen[env.insn + 1] = env.seen[env.insn];
				env.insn += 2;
			} else if ((opcode & 0xe0) === 0x20 || (opcode & 0xe0) === 0x40) {
				env.insn = loadPacket(env, insn);
			} else reject(EINVAL, "invalid BPF_LD mode", { code: "V0012" });
			return false;
		default:
			return jump(env, insn);
	}
}

const SIZES = [4, 2, 1, 8];
const sizeOfAccess = (opcode: number): number => SIZES[(opcode >> 3) & 3];

function load(env: Env, insn: Insn, src: number, strict: boolean, signExtend: boolean, allowMismatch: boolean): void {
	checkReadable(env, src);
	checkWritable(env, insn.dst);
	const { type } = env.regs[src];
	accessMemory(env, src, { off: insn.off, size: sizeOfAccess(insn.opcode), write: false, value: insn.dst, imm: null, strict, signExtend });
	recordPointerType(env, type, allowMismatch);
}

function store(env: Env, insn: Insn, strict: boolean): void {
	checkReadable(env, insn.src);
	checkReadable(env, insn.dst);
	const { type } = env.regs[insn.dst];
	accessMemory(env, insn.dst, {
		off: insn.off,
		size: sizeOfAccess(insn.opcode),
		write: true,
		value: insn.src,
		imm: null,
		strict,
		signExtend: false,
	});
	recordPointerType(env, type, false);
}

const CMPXCHG = 0xf1;
const LOAD_ACQUIRE = 0x100;
const STORE_RELEASE = 0x110;
const RMW = new Set([0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, CMPXCHG]);

function atomic(env: Env, insn: Insn): void {
	const { imm, opcode } = insn;
	const size = sizeOfAccess(opcode);
	if (imm === LOAD_ACQUIRE) {
		load(env, insn, insn.src, true, false, false);
		checkAtomicPointer(env, insn.src, "loads from");
		return;
	}
	if (imm === STORE_RELEASE) {
		store(env, insn, true);
		checkAtomicPointer(env, insn.dst, "stores into");
		return;
	}
	if (!RMW.has(imm))
		reject(EINVAL, `BPF_ATOMIC uses invalid atomic opcode ${(imm >>> 0).toString(16).padStart(2, "0")}`, { code: "V0012" });
	if (size !== 4 && size !== 8) reject(EINVAL, "invalid atomic operand size", { code: "V0012" });
	checkReadable(env, insn.src);
	checkReadable(env, insn.dst);
	const leaks = (regno: number): void => {
		if (!env.allowPtrLeaks && env.regs[regno].type !== SCALAR)
			reject(EACCES, `${R(regno)} leaks addr into mem`, { code: "V0250", register: regno });
	};
	if (imm === CMPXCHG) {
		checkReadable(env, 0);
		leaks(0);
	}
	leaks(insn.src);
	checkAtomicPointer(env, insn.dst, "stores into");
	const { type } = env.regs[insn.dst];
	const result = imm & 1 ? (imm === CMPXCHG ? 0 : insn.src) : -1;
	const access = { off: insn.off, size, imm: null, strict: true, signExtend: false };
	if (result >= 0) {
		checkWritable(env, result);
		env.regs[result] = unknownScalar;
	}
	accessMemory(env, insn.dst, { ...access, write: false, value: -1 });
	if (result >= 0) accessMemory(env, insn.dst, { ...access, write: false, value: result });
	if (type === PTR_TO_ARENA) recordPointerType(env, type, false);
	// The second look sees a register that the load may have replaced: the address register cannot be the result, or its type is wrong.
	accessMemory(env, insn.dst, { ...access, write: true, value: -1 });
}

function checkAtomicPointer(env: Env, regno: number, what: string): void {
	const { type } = env.regs[regno];
	if (type === PTR_TO_CTX || isPacket(type) || type === PTR_TO_FLOW_KEYS || isSock(type)) {
		reject(EACCES, `BPF_ATOMIC ${what} ${R(regno)} ${typeName(type)} is not allowed`, { code: "V0262", register: regno });
	}
}

/** LD_ABS and LD_IND: bytes of the packet, of which r6 has the context. */
function loadPacket(env: Env, insn: Insn): number {
	if (!env.spec.loadsPacket) reject(EINVAL, "BPF_LD_[ABS|IND] instructions not allowed for this program type", { code: "V0263" });
	const indirect = (insn.opcode & 0xe0) === 0x40;
	if (insn.dst !== 0 || insn.off !== 0 || ((insn.opcode >> 3) & 3) === 3 || (!indirect && insn.src !== 0))
		reject(EINVAL, "BPF_LD_[ABS|IND] uses reserved fields", { code: "V0012" });
	checkReadable(env, 6);
	checkHeld(env, false, true, "BPF_LD_[ABS|IND]");
	if (env.regs[6].type !== PTR_TO_CTX) reject(EINVAL, "at the time of BPF_LD_ABS|IND R6 != pointer to skb", { code: "V0263" });
	if (indirect) checkReadable(env, insn.src);
	checkUnmodified(env, env.regs[6], 6, false);
	clearCallerSaved(env.regs);
	env.regs[0] = unknownScalar;
	if (env.current.curframe > 0) {
		// A load beyond the packet's end leaves the subprogram with 0. What 6.18 knows of live slots and of precision leaves that way out.
		env.doubt = true;
		pushBranch(env, env.insn + 1, env.insn, false);
		env.regs[0] = zeroScalar;
		return leaveFrame(env);
	}
	return env.insn + 1;
}

function jump(env: Env, insn: Insn): boolean {
	const { opcode } = insn;
	const wide = (opcode & 7) === 5;
	env.jumpsProcessed++;
	switch (opcode & 0xf0) {
		case 0x80:
			if (opcode & 8 || (insn.src !== 2 && insn.off !== 0) || insn.src > 2 || insn.dst !== 0 || !wide)
				reject(EINVAL, "BPF_CALL uses reserved fields", { code: "V0012" });
			if (env.current.activeLocks) checkLockedCall(env, insn);
			if (insn.src === 1) env.insn = callSubprog(env, insn);
			else if (insn.src === 2) {
				const next = callKfunc(env, insn);
				if (next < 0) return leaveProgram(env, true);
				env.insn = next;
			} else env.insn = callHelper(env, insn);
			return false;
		case 0x00:
			if (opcode & 8 || insn.src !== 0 || insn.dst !== 0 || (wide ? insn.imm !== 0 : insn.off !== 0))
				reject(EINVAL, "BPF_JA uses reserved fields", { code: "V0012" });
			env.insn += (wide ? insn.off : insn.imm) + 1;
			return false;
		case 0x90:
			if (opcode & 8 || insn.imm !== 0 || insn.src !== 0 || insn.dst !== 0 || !wide)
				reject(EINVAL, "BPF_EXIT uses reserved fields", { code: "V0012" });
			return leaveProgram(env, false);
		default:
			env.insn = checkJump(env, insn);
			return false;
	}
}

const SPIN_ALLOWED = /^bpf_(list_(push|pop|front|back)|rbtree_|refcount_acquire|iter_num_|res_spin_(un)?lock|stream_)/;

function checkLockedCall(env: Env, insn: Insn): void {
	if (
		(insn.src === 0 && helperName(insn.imm) !== "spin_unlock") ||
		(insn.src === 2 && (insn.off !== 0 || !SPIN_ALLOWED.test(kfuncOf(env, env.insn)?.name ?? "")))
	) {
		reject(EINVAL, "function calls are not allowed while holding a lock", { code: "V0619" });
	}
}

function leaveProgram(env: Env, exception: boolean): boolean {
	checkHeld(env, exception, exception || env.current.curframe === 0, exception ? "bpf_throw" : "BPF_EXIT instruction in main prog");
	if (exception) return true;
	if (env.current.curframe > 0) {
		env.insn = leaveFrame(env);
		env.trace?.resume();
		return false;
	}
	checkReturn(env, 0, "R0");
	return true;
}
