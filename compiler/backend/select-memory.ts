import type { AtomicOp, Bytes } from "../../assembler/spec/isa.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import type { Inst, IrCore, Value } from "../ir/types.ts";
import { isConst, isInst } from "../ir/values.ts";
import { alu, copy, type FrameSlot, FRAME, minst, NONE, type Reg } from "./machine.ts";
import type { Selector } from "./selector.ts";

/**
 * Rules for memory. An access folds every constant on the way to its address into its 16-bit offset: fields of the context stay
 * at constant offsets, stack variables are r10 plus a constant, and a CO-RE field offset is the access's own, relocated in place.
 */
interface Address {
	readonly base: Reg;
	readonly off: number;
	readonly slot: FrameSlot | null;
	readonly core: IrCore | null;
}

const fits16 = (off: number): boolean => off >= -0x8000 && off <= 0x7fff;

export function address(s: Selector, pointer: Value): Address {
	let value = s.strip(pointer);
	if (isInst(value) && value.op === "coreoffset" && value.attr!.core!.value <= 0x7fffn) {
		return { base: s.reg(value.args[0]), off: Number(value.attr!.core!.value), slot: null, core: value.attr!.core! };
	}
	let off = 0;
	while (isInst(value) && value.op === "ptradd") {
		const step = s.imm(value.args[1]);
		if (step === null || !fits16(off + step)) break;
		off += step;
		value = s.strip(value.args[0]);
	}
	if (isInst(value) && value.op === "alloca") return { base: FRAME, off, slot: s.slot(value), core: null };
	if (isInst(value) && value.op === "global") {
		const whole = off + (value.attr!.offset ?? 0);
		if (fits16(whole)) return { base: s.address(value.attr!.global!, 0), off: whole, slot: null, core: null };
	}
	return { base: s.reg(value), off, slot: null, core: null };
}

export function selectMemory(s: Selector, inst: Inst): void {
	const { loc } = inst;
	switch (inst.op) {
		case "load":
			return selectLoad(s, inst);
		case "store": {
			const { base, off, slot, core } = address(s, inst.args[0]);
			const bytes = inst.attr!.size as Bytes;
			const constant = storable(s, inst.args[1], bytes);
			if (constant !== null && s.cpu.storeImmediate) s.emit(minst("store", loc, { bytes, dst: base, off, slot, core, imm: constant }));
			else s.emit(minst("store", loc, { bytes, dst: base, off, slot, core, src: s.reg(inst.args[1]) }));
			return;
		}
		case "atomic":
			return selectAtomic(s, inst);
		case "cmpxchg": {
			if (!hasAtomic(s, inst)) return unsupported(s, inst);
			const { base, off, slot, core } = address(s, inst.args[0]);
			s.moveTo(0, inst.args[1], loc);
			s.emit(
				minst("atomic", loc, {
					op: "cmpxchg",
					bytes: inst.attr!.size as Bytes,
					dst: base,
					off,
					slot,
					core,
					src: s.reg(inst.args[2]),
				}),
			);
			if (s.isWanted(inst)) s.emit(copy(s.result(inst), 0, loc));
			return;
		}
		case "loadacq": {
			const { base, off, slot, core } = address(s, inst.args[0]);
			const kind = s.cpu.acquireRelease ? "load_acquire" : "load";
			s.emit(minst(kind, loc, { bytes: inst.attr!.size as Bytes, dst: s.result(inst), src: base, off, slot, core }));
			return;
		}
		case "storerel": {
			const { base, off, slot, core } = address(s, inst.args[0]);
			const kind = s.cpu.acquireRelease ? "store_release" : "store";
			s.emit(minst(kind, loc, { bytes: inst.attr!.size as Bytes, dst: base, off, slot, core, src: s.reg(inst.args[1]) }));
			return;
		}
		case "coreoffset": {
			// Somebody needs the address itself.
			const dst = s.result(inst);
			const core = inst.attr!.core!;
			s.moveTo(dst, inst.args[0], loc);
			s.emit({ ...alu("add", 64, dst, { imm: Number(core.value) }, loc), core });
			return;
		}
		default:
			bug(`${inst.op} is no memory operation`);
	}
}

function selectLoad(s: Selector, inst: Inst): void {
	const { loc } = inst;
	const bytes = inst.attr!.size as Bytes;
	const { base, off, slot, core } = address(s, inst.args[0]);
	const dst = s.result(inst);
	const volatile = inst.attr!.volatile === true;
	const extends_ = inst.attr!.signed === true && bytes < 8 && !(bytes === 4 && inst.ty === "i32");
	if (!extends_ || s.cpu.signExtend) {
		s.emit(minst("load", loc, { bytes, signed: extends_, volatile, dst, src: base, off, slot, core }));
		return;
	}
	const loaded = s.fresh();
	const width = inst.ty === "i32" && s.cpu.alu32 ? 32 : 64;
	s.emit(minst("load", loc, { bytes, volatile, dst: loaded, src: base, off, slot, core }));
	s.emit(copy(dst, loaded, loc));
	s.emit(alu("lsh", width, dst, { imm: width - bytes * 8 }, loc));
	s.emit(alu("arsh", width, dst, { imm: width - bytes * 8 }, loc));
}

/** As the immediate of a store: sign-extended from 32 bits, cut to the size. */
function storable(s: Selector, value: Value, bytes: Bytes): number | null {
	const inst = s.strip(value);
	if (!isConst(inst)) return inst.op === "undef" ? 0 : null;
	const cut = BigInt.asIntN(bytes * 8, inst.value);
	return cut >= -0x80000000n && cut <= 0x7fffffffn ? Number(cut) : null;
}

/** Beyond `lock +=`. */
const hasAtomic = (s: Selector, inst: Inst): boolean => s.cpu.alu32 || inst.attr!.size === 8;

function unsupported(s: Selector, inst: Inst): void {
	s.error("E0702", `this atomic operation on 32 bits needs -mcpu=v3, the target is ${s.cpu.name}`, inst.loc);
}

function selectAtomic(s: Selector, inst: Inst): void {
	const { loc } = inst;
	const { rmw } = inst.attr!;
	const bytes = inst.attr!.size as Bytes;
	if (bytes !== 4 && bytes !== 8) {
		s.error("E0703", `unsupported atomic operation on ${bytes * 8} bits, only 32 and 64 bits are possible`, loc);
		return;
	}
	const fetch = rmw === "xchg" || (inst.attr!.fetch === true && s.isWanted(inst));
	const plain = rmw === "sub" ? "add" : rmw!;
	if ((fetch || plain !== "add") && !hasAtomic(s, inst)) return unsupported(s, inst);
	const { base, off, slot, core } = address(s, inst.args[0]);
	const op: AtomicOp = plain === "xchg" ? "xchg" : fetch ? `fetch_${plain}` : plain;
	if (!fetch && rmw !== "sub") {
		s.emit(minst("atomic", loc, { op, bytes, dst: base, off, slot, core, src: s.reg(inst.args[1]) }));
		return;
	}
	// The old value comes back in the register of the operand.
	const operand = fetch ? s.result(inst) : s.fresh();
	s.moveTo(operand, inst.args[1], loc);
	if (rmw === "sub") s.emit(minst("alu", loc, { op: "neg", width: bytes === 4 && s.cpu.alu32 ? 32 : 64, dst: operand, src: NONE }));
	s.emit(minst("atomic", loc, { op, bytes, dst: base, off, slot, core, src: operand }));
}
