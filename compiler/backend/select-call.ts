import type { Inst } from "../ir/types.ts";
import { alu, copy, minst } from "./machine.ts";
import type { FunctionSym } from "../types/typed.ts";
import type { Selector } from "./selector.ts";

/**
 * Calls: arguments go to r1–r5, the result comes from r0, and nothing that was made before survives in r0–r5.
 * Values are copied in before constants are made, so that the argument registers are busy for as short a time as possible.
 */
export function selectCall(s: Selector, inst: Inst): void {
	const { loc } = inst;
	const callee = inst.attr!.callee!;
	if (callee.kind === "indirect") {
		s.error("E0704", "indirect call: eBPF can call only functions that are known at compile time", loc);
		return;
	}
	if (inst.args.length > 5) {
		s.error("E0705", `too many arguments: a call can pass 5, this one has ${inst.args.length}`, loc);
		return;
	}
	if (callee.kind === "function") complain(s, callee.symbol, loc);
	s.flush();
	if (callee.kind === "function" && callee.symbol.asmLabel?.startsWith("llvm.")) {
		selectIntrinsic(s, inst, callee.symbol.asmLabel);
		return;
	}
	// What a function of the program does not read is not passed to it (`opt/calls/arguments.ts`).
	const unread =
		callee.kind === "function" ? inst.args.reduce((bits, arg, i) => (arg.op === "undef" ? bits | (1 << (i + 1)) : bits), 0) : 0;
	for (const constants of [false, true]) {
		inst.args.forEach((arg, i) => {
			if (s.isMade(arg) !== constants || (unread & (1 << (i + 1))) !== 0) return;
			// The callee of a 32-bit argument may look at all of the register; what came as an argument goes on as it is.
			if (!constants && arg.ty === "i32" && arg.op !== "param" && s.cpu.alu32 && s.widths.bits(arg) > 32)
				s.emit(alu("mov", 32, i + 1, { reg: s.reg(arg) }, loc));
			else s.moveTo(i + 1, arg, loc);
		});
	}
	s.emit(
		minst("call", loc, {
			args: inst.args.length,
			unread,
			callee: callee.kind === "helper" ? { kind: "helper", id: callee.id } : { kind: "function", symbol: callee.symbol },
		}),
	);
	if (inst.ty !== null && s.isWanted(inst)) s.emit(copy(s.result(inst), 0, loc));
}

/** `__attribute__((error("why")))`: the call should not have been left. */
function complain(s: Selector, { name, complaint }: FunctionSym, loc: Inst["loc"]): void {
	if (complaint === undefined) return;
	const { severity, text } = complaint;
	const message = `call to '${name}' declared with '${severity}' attribute: ${text}`;
	if (severity === "error") s.error("E0714", message, loc);
	else s.warning("W0715", "attribute-warning", message, loc);
}

/** What LLVM offers to programs under its own names, `asm("llvm.bpf.load.half")`: the packet access of classic BPF. */
const packetLoads: Readonly<Record<string, 1 | 2 | 4>> = {
	"llvm.bpf.load.byte": 1,
	"llvm.bpf.load.half": 2,
	"llvm.bpf.load.word": 4,
};

function selectIntrinsic(s: Selector, inst: Inst, name: string): void {
	const { loc } = inst;
	const bytes = Object.hasOwn(packetLoads, name) ? packetLoads[name] : undefined;
	if (bytes === undefined || inst.args.length !== 2) {
		s.error("E0713", `unknown intrinsic function "${name}"`, loc);
		return;
	}
	const [context, offset] = inst.args;
	const imm = s.imm(offset);
	s.moveTo(6, context, loc);
	s.emit(minst("packet", loc, imm === null ? { bytes, src: s.reg(offset) } : { bytes, imm }));
	if (inst.ty !== null && s.isWanted(inst)) s.emit(copy(s.result(inst), 0, loc));
}
