/**
 * `ld_imm64`: constants, maps, map values, kernel variables and functions of the program.
 *
 * Source: check_ld_imm, check_pseudo_btf_id of kernel/bpf/verifier.c.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { checkWritable } from "./alu.ts";
import { EINVAL, ENOENT, type Env, reject, unsupported } from "./env.ts";
import { isRecord, nameOf, resolved, sizeOf } from "./btf.ts";
import { MAP } from "./maps.ts";
import { rangeOf } from "./range.ts";
import { type Reg, pointer, scalar, unknownScalar } from "./state.ts";
import { PSEUDO_BTF, PSEUDO_FUNC, PSEUDO_MAP, PSEUDO_VALUE } from "./structure.ts";
import { CONST_PTR_TO_MAP, PERCPU, PTR_TO_BTF_ID, PTR_TO_FUNC, PTR_TO_MAP_VALUE, PTR_TO_MEM, RDONLY } from "./types.ts";

export function checkLoadImmediate(env: Env, insn: Insn): void {
	const { regs } = env;
	if (insn.off !== 0) reject(EINVAL, "BPF_LD_IMM64 uses reserved fields", { code: "V0012" });
	checkWritable(env, insn.dst);
	const next = env.insns[env.insn + 1];
	switch (insn.src) {
		case 0:
			regs[insn.dst] = scalar(rangeOf(next.imm, insn.imm));
			return;
		case PSEUDO_BTF:
			regs[insn.dst] = kernelSymbol(env, insn);
			return;
		case PSEUDO_FUNC: {
			const index = env.subprogOf[env.insn + insn.imm + 1];
			if (env.image.funcInfo.length === 0) reject(EINVAL, "missing btf func_info", { code: "V0643" });
			if (env.subprogs[index].global || env.types?.type(env.subprogs[index].typeId).kind !== "func")
				reject(EINVAL, "callback function not static", { code: "V0643" });
			const r = pointer(PTR_TO_FUNC);
			r.subprog = index;
			regs[insn.dst] = r;
			return;
		}
		case PSEUDO_MAP: {
			const r = pointer(CONST_PTR_TO_MAP);
			r.map = env.maps[insn.imm];
			regs[insn.dst] = r;
			return;
		}
		case PSEUDO_VALUE: {
			const map = env.maps[insn.imm];
			if (map.type === MAP.ARENA) {
				regs[insn.dst] = unknownScalar;
				return;
			}
			const r = pointer(PTR_TO_MAP_VALUE);
			r.map = map;
			r.off = next.imm;
			regs[insn.dst] = r;
			return;
		}
		default:
			reject(EINVAL, "unrecognized bpf_ld_imm64 insn", { code: "V0012" });
	}
}

function kernelSymbol(env: Env, insn: Insn): Reg {
	const { kernel } = env;
	const symbol = env.image.ksyms.find((k) => k.insn === env.insn);
	const id = symbol?.btfId || insn.imm;
	// A symbol of no type is an address that the loader writes as a number.
	if (symbol && id === 0) return unknownScalar;
	if (!kernel) unsupported("kernel variables without the kernel's BTF");
	const t = kernel.type(id);
	if (t.kind === "func") {
		const r = pointer(PTR_TO_MEM | RDONLY);
		return r;
	}
	if (t.kind !== "var") reject(ENOENT, `ldimm64 insn specifies invalid btf_id ${id}.`, { code: "V0650" });
	const percpuSection = kernel.find(".data..percpu", "datasec");
	const section = percpuSection > 0 ? kernel.type(percpuSection) : null;
	const percpu = section?.kind === "datasec" && section.vars.some((v) => v.type === id);
	if (percpu) {
		const r = pointer(PTR_TO_BTF_ID | PERCPU);
		r.btf = kernel;
		r.btfId = t.type;
		return r;
	}
	const target = resolved(kernel, t.type);
	if (isRecord(target)) {
		const r = pointer(PTR_TO_BTF_ID);
		r.btf = kernel;
		r.btfId = t.type;
		return r;
	}
	const size = sizeOf(kernel, t.type);
	if (size === null) reject(EINVAL, `ldimm64 unable to resolve the size of type '${nameOf(kernel, t.type)}'`, { code: "V0650" });
	const r = pointer(PTR_TO_MEM | RDONLY);
	r.memSize = size;
	return r;
}
