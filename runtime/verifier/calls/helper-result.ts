/**
 * What is known of a helper's result: its kind by the contract, its range by what was passed.
 *
 * Source: the end of check_helper_call, do_refine_retval_range of kernel/bpf/verifier.c.
 */
import { EINVAL, type Env, internal, reject } from "../env.ts";
import { isRecord, resolved, sizeOf } from "../btf.ts";
import { FIELD, hasField } from "../fields.ts";
import { F_INNER_MAP, MAP } from "../maps.ts";
import { rangeBetween, sync } from "../bounds.ts";
import { editable, unbounded } from "../range.ts";
import { highOf, lowOf } from "../word.ts";
import { type Reg, notInit, pointer, scalar, unknownScalar } from "../state.ts";
import type { CallFacts } from "./call-facts.ts";
import type { Contract } from "./contract.ts";
import {
	ALLOC,
	MAYBE_NULL,
	PERCPU,
	PTR_TO_BTF_ID,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_TCP_SOCK,
	RCU,
	RDONLY,
	RINGBUF,
	TRUSTED,
} from "../types.ts";

export function helperResult(env: Env, c: Contract, name: string, facts: CallFacts, percpuObject: boolean): Reg {
	let flags = c.result.nullable ? MAYBE_NULL : 0;
	switch (c.result.kind) {
		case "int":
			return unknownScalar.copy();
		case "void":
			return notInit.copy();
		case "value": {
			const map = facts.map;
			if (!map) internal("unexpected null map_ptr");
			if (
				name === "map_lookup_elem" &&
				(map.type === MAP.ARRAY || map.type === MAP.PERCPU_ARRAY) &&
				!(map.flags & F_INNER_MAP) &&
				facts.constKey >= 0n &&
				facts.constKey < BigInt(map.maxEntries)
			)
				flags &= ~MAYBE_NULL;
			const r = pointer(PTR_TO_MAP_VALUE | flags);
			r.map = map;
			r.mapUid = facts.mapUid;
			if (!(flags & MAYBE_NULL) && hasField(map.fields, FIELD.spinLock | FIELD.resSpinLock)) r.id = env.newId();
			return r;
		}
		case "socket":
			return pointer(PTR_TO_SOCKET | flags);
		case "sock_common":
			return pointer(PTR_TO_SOCK_COMMON | flags);
		case "tcp_sock":
			return pointer(PTR_TO_TCP_SOCK | flags);
		case "ringbuf":
		case "mem": {
			const r = pointer(PTR_TO_MEM | flags | (c.result.kind === "ringbuf" ? RINGBUF : 0));
			r.memSize = facts.memSize;
			return r;
		}
		case "mem_or_btf": {
			const p = facts.percpu!;
			const t = resolved(p.btf!, p.btfId);
			if (!isRecord(t)) {
				const size = sizeOf(p.btf!, p.btfId);
				if (size === null) reject(EINVAL, `unable to resolve the size of type`, { code: "V0113" });
				const r = pointer(PTR_TO_MEM | flags | RDONLY);
				r.memSize = size;
				return r;
			}
			const r = pointer(percpuObject ? PTR_TO_BTF_ID | ALLOC | RCU : PTR_TO_BTF_ID | flags);
			r.btf = p.btf;
			r.btfId = p.btfId;
			return r;
		}
		default: {
			const r = pointer(PTR_TO_BTF_ID | flags | (c.result.trusted ? TRUSTED : 0));
			if (name === "kptr_xchg") {
				const field = facts.kptr!;
				r.btf = field.types!;
				r.btfId = field.typeId!;
				if (!field.types!.kernel) r.type |= ALLOC | (field.kind === FIELD.kptrPercpu ? PERCPU : 0);
			} else {
				r.btf = env.kernel;
				r.btfId = env.kernel?.find(c.result.of, "struct") ?? 0;
			}
			return r;
		}
	}
}

const SIZED_RESULT = new Set(["get_stack", "get_task_stack", "probe_read_str", "probe_read_kernel_str", "probe_read_user_str"]);

const MAX_ERRNO = -4095;

export function refineResult(env: Env, c: Contract, name: string, facts: CallFacts): void {
	if (c.result.kind !== "int") return;
	const { regs } = env.frame;
	if (SIZED_RESULT.has(name)) {
		const r = editable(unbounded);
		r.setSigned(-1, MAX_ERRNO, highOf(facts.maxSize), lowOf(facts.maxSize));
		r.s32min = MAX_ERRNO;
		r.s32max = lowOf(facts.maxSize);
		const id = regs[0];
		regs[0] = scalar(sync(r));
		regs[0].id = id.id;
	} else if (name === "get_smp_processor_id") {
		regs[0] = scalar(rangeBetween(0, env.options.cpus - 1));
	}
}
