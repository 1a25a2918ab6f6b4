/**
 * One run of a program, instruction by instruction: the reference for the JITs, and what a debugger drives.
 * In: a bound program, addresses for r1 and r2. Out: r0. Registers are bigints; memory is the machine's.
 *
 * With `checked`, every access must lie inside one region of the memory, and stores only in writable ones: that is how unverified
 * programs run. Without, an access only has to lie in the memory at all (the typed array's own bounds).
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { absentHelper, absentKfunc, ProgramFault } from "../fault.ts";
import { exchange, layout } from "../memory.ts";
import type { Callback, BoundProgram } from "../program.ts";
import { resolveImm64 } from "../program.ts";
import { alu, atomic, byteSwap, condition, u32, u64 } from "./alu.ts";
import { MAY_GOTO_LIMIT } from "../limits.ts";
import { packetLoad } from "./legacy.ts";

export interface ExecutionOptions {
	readonly checked: boolean;
	/** Instructions until the run is stopped with a fault. */
	readonly budget: number;
	/** Called before each instruction, for traces, coverage and breakpoints. */
	readonly onStep?: (execution: Execution) => void;
	/** Called after each access to memory, for watchpoints. */
	readonly onAccess?: (access: { readonly address: number; readonly size: number; readonly write: boolean; readonly insn: number }) => void;
}

interface Frame {
	readonly returnTo: number;
	/** r6 to r9 and r10 of the caller. */
	readonly saved: readonly bigint[];
	/** What was left of the caller's budget for may_goto. */
	readonly mayGoto: number;
}

export class Execution {
	readonly program: BoundProgram;
	readonly options: ExecutionOptions;
	readonly registers = new BigUint64Array(11);
	pc: number;
	/** Callers' frames, outermost first. */
	readonly frames: Frame[] = [];
	/** Instructions executed. */
	steps = 0;
	finished = false;
	#mayGoto = MAY_GOTO_LIMIT;
	readonly #handles: Map<number, number>;
	readonly #bottom: number;

	constructor(
		program: BoundProgram,
		options: ExecutionOptions,
		start: number,
		args: readonly number[],
		stackTop: number,
		handles: Map<number, number>,
	) {
		this.program = program;
		this.options = options;
		this.pc = start;
		this.#handles = handles;
		this.#bottom = stackTop;
		args.forEach((value, i) => {
			this.registers[i + 1] = BigInt(value >>> 0);
		});
		this.registers[10] = BigInt(stackTop);
	}

	/** Runs to the end and returns r0. */
	run(): bigint {
		while (!this.finished) this.step();
		return this.registers[0];
	}

	/** The memory address just above the running frame. */
	get frameTop(): number {
		return this.#bottom - layout.frameSize * this.frames.length;
	}

	/** One instruction. */
	step(): void {
		const insn = this.program.image.insns[this.pc];
		if (insn === undefined) this.fault("runs past the last instruction");
		this.options.onStep?.(this);
		if (++this.steps > this.options.budget) this.fault(`used up its budget of ${this.options.budget} instructions`);
		if (insn.dst > 10 || insn.src > 10) this.fault(`register r${Math.max(insn.dst, insn.src)} does not exist`);
		switch (insn.opcode & 7) {
			case 0:
				this.#load(insn);
				break;
			case 1:
				this.#loadRegister(insn);
				break;
			case 2:
				this.#store(insn, u64(BigInt(insn.imm)));
				break;
			case 3:
				if ((insn.opcode & 0xe0) === 0xc0) this.#atomic(insn);
				else this.#store(insn, this.registers[insn.src]);
				break;
			case 4:
			case 7:
				this.#alu(insn);
				break;
			default:
				this.#jump(insn);
		}
	}

	fault(reason: string): never {
		throw new ProgramFault(this.program.image, this.pc, reason);
	}

	#alu(insn: Insn): void {
		const is64 = (insn.opcode & 7) === 7;
		const code = insn.opcode & 0xf0;
		const { registers } = this;
		const operand = insn.opcode & 8 ? registers[insn.src] : u64(BigInt(insn.imm));
		if (code === 0xd0) {
			const swap = is64 || (insn.opcode & 8) !== 0;
			if (insn.imm !== 16 && insn.imm !== 32 && insn.imm !== 64) this.fault(`byte swap of ${insn.imm} bits`);
			registers[insn.dst] = swap ? byteSwap(registers[insn.dst], insn.imm) : BigInt.asUintN(insn.imm, registers[insn.dst]);
		} else if (code === 0xb0 && is64 && insn.off === 1 && (insn.opcode & 8) !== 0) {
			// addr_space_cast: both spaces are the one memory, where an address has 32 bits.
			registers[insn.dst] = u32(operand);
		} else {
			const value = alu(code, is64, registers[insn.dst], operand, insn.off);
			if (value === undefined) this.fault(`unknown opcode 0x${insn.opcode.toString(16)}`);
			registers[insn.dst] = value;
		}
		this.pc++;
	}

	#load(insn: Insn): void {
		if (insn.opcode === 0x18) {
			const value = resolveImm64(this.program, this.pc, (target) => this.#functionHandle(target));
			if (value === null) this.fault(`ld_imm64 with source ${insn.src} does not resolve`);
			this.registers[insn.dst] = value;
			this.pc += 2;
			return;
		}
		const mode = insn.opcode & 0xe0;
		if (mode !== 0x20 && mode !== 0x40) this.fault(`unknown opcode 0x${insn.opcode.toString(16)}`);
		const size = accessSize(insn.opcode);
		const index = mode === 0x40 ? Number(BigInt.asIntN(32, this.registers[insn.src])) : 0;
		const value = packetLoad(this.program.machine, (insn.imm + index) | 0, size);
		if (value === null) {
			// Out of the packet: the function returns 0, as the code does that the kernel makes of the instruction.
			this.registers[0] = 0n;
			this.#exit();
			return;
		}
		this.registers[0] = value;
		this.pc++;
	}

	#loadRegister(insn: Insn): void {
		const mode = insn.opcode & 0xe0;
		const size = accessSize(insn.opcode);
		if (mode !== 0x60 && mode !== 0x80) this.fault(`unknown opcode 0x${insn.opcode.toString(16)}`);
		const address = u64(this.registers[insn.src] + BigInt(insn.off));
		const value = this.#read(address, size);
		this.registers[insn.dst] = mode === 0x80 ? u64(BigInt.asIntN(size * 8, value)) : value;
		this.pc++;
	}

	#store(insn: Insn, value: bigint): void {
		if ((insn.opcode & 0xe0) !== 0x60) this.fault(`unknown opcode 0x${insn.opcode.toString(16)}`);
		this.#write(u64(this.registers[insn.dst] + BigInt(insn.off)), accessSize(insn.opcode), value);
		this.pc++;
	}

	#atomic(insn: Insn): void {
		const size = accessSize(insn.opcode);
		const { registers } = this;
		if (insn.imm === 0x100) {
			registers[insn.dst] = this.#read(u64(registers[insn.src] + BigInt(insn.off)), size);
		} else if (insn.imm === 0x110) {
			this.#write(u64(registers[insn.dst] + BigInt(insn.off)), size, registers[insn.src]);
		} else {
			if (size < 4) this.fault(`atomic operation on ${size} bytes`);
			const address = u64(registers[insn.dst] + BigInt(insn.off));
			const old = this.#read(address, size);
			const source = BigInt.asUintN(size * 8, registers[insn.src]);
			if (insn.imm === 0xf1) {
				if (old === BigInt.asUintN(size * 8, registers[0])) this.#write(address, size, source);
				registers[0] = old;
			} else {
				const value = insn.imm === 0xe1 ? source : atomic(insn.imm & ~1, old, source);
				if (value === undefined) this.fault(`unknown atomic operation 0x${insn.imm.toString(16)}`);
				this.#write(address, size, value);
				if (insn.imm & 1) registers[insn.src] = old;
			}
		}
		this.pc++;
	}

	#jump(insn: Insn): void {
		const is64 = (insn.opcode & 7) === 5;
		const code = insn.opcode & 0xf0;
		if (code === 0x00) {
			this.pc += 1 + (is64 ? insn.off : insn.imm);
		} else if (code === 0x80) {
			this.#call(insn);
		} else if (code === 0x90) {
			this.#exit();
		} else if (code === 0xe0 && is64) {
			this.pc += this.#mayGoto-- > 0 ? 1 : 1 + insn.off;
		} else {
			const operand = insn.opcode & 8 ? this.registers[insn.src] : u64(BigInt(insn.imm));
			const taken = condition(code, is64, this.registers[insn.dst], operand);
			if (taken === undefined) this.fault(`unknown opcode 0x${insn.opcode.toString(16)}`);
			this.pc += taken ? 1 + insn.off : 1;
		}
	}

	#exit(): void {
		const frame = this.frames.pop();
		if (frame === undefined) {
			this.finished = true;
			return;
		}
		frame.saved.forEach((value, i) => {
			this.registers[6 + i] = value;
		});
		this.#mayGoto = frame.mayGoto;
		this.pc = frame.returnTo;
	}

	#call(insn: Insn): void {
		if (insn.src === 1 && !(insn.opcode & 8)) {
			const top = this.frameTop - layout.frameSize;
			if (top <= layout.stackBase) this.fault(`calls nest deeper than ${layout.frames} frames`);
			this.frames.push({ returnTo: this.pc + 1, saved: Array.from(this.registers.subarray(6, 11)), mayGoto: this.#mayGoto });
			this.#mayGoto = MAY_GOTO_LIMIT;
			this.registers[10] = BigInt(top);
			this.pc += 1 + insn.imm;
			return;
		}
		const { machine } = this.program;
		// callx (which Linux refuses and other engines take): the helper's number is in a register.
		const id = insn.opcode & 8 ? Number(BigInt.asIntN(32, this.registers[insn.dst])) : insn.imm;
		const kfunc = insn.src === 2 && !(insn.opcode & 8);
		if (!kfunc && id === 12) {
			this.#tailCall();
			return;
		}
		const helper = kfunc ? machine.kfunc(this.#kfuncName()) : machine.helper(id);
		if (helper === undefined) this.fault(kfunc ? absentKfunc(this.#kfuncName()) : absentHelper(id));
		const { registers } = this;
		const words = machine.memory.i32;
		for (let k = 1; k <= 5; k++) {
			if (helper.wide & (1 << (k - 1))) words[(exchange.args >> 2) + k - 1] = Number(BigInt.asIntN(32, registers[k] >> 32n));
		}
		const low = (k: number) => Number(BigInt.asIntN(32, registers[k]));
		words[exchange.frame >> 2] = this.frameTop - layout.frameSize;
		const result = helper.run(machine, low(1), low(2), low(3), low(4), low(5));
		words[exchange.frame >> 2] = 0;
		if (helper.result === "wide") registers[0] = (BigInt(machine.memory.i32[exchange.result >> 2] >>> 0) << 32n) | BigInt(result >>> 0);
		else registers[0] = helper.result === "signed" ? u64(BigInt(result | 0)) : BigInt(result >>> 0);
		this.pc++;
	}

	/** Success leaves the frame that called, with the other program's result. Failure goes on behind the call. */
	#tailCall(): void {
		const { machine } = this.program;
		const words = machine.memory.i32;
		const target = machine.tailCall(Number(u32(this.registers[2])), Number(u32(this.registers[3])));
		if (target === undefined) {
			this.registers[0] = u64(-1n);
			this.pc++;
			return;
		}
		words[exchange.frame >> 2] = 0;
		const low = machine.onFreshStack(this.frameTop, () => target.entry(Number(u32(this.registers[1])), 0));
		this.registers[0] = (BigInt(machine.memory.i32[exchange.result >> 2] >>> 0) << 32n) | BigInt(low >>> 0);
		this.#exit();
	}

	#kfuncName(): string {
		return this.program.image.kfuncs.find((kfunc) => kfunc.insn === this.pc)?.name ?? "?";
	}

	/** A subprogram as a number: calling it starts an execution of its own, one frame below the helper's caller. */
	#functionHandle(target: number): number {
		const known = this.#handles.get(target);
		if (known !== undefined) return known;
		const { program, options } = this;
		const { machine } = program;
		const handles = this.#handles;
		const callback: Callback = (...args) => {
			const top = machine.memory.i32[exchange.frame >> 2] || layout.stackTop;
			if (top <= layout.stackBase) throw new ProgramFault(program.image, target, `calls nest deeper than ${layout.frames} frames`);
			const inner = new Execution(program, options, target, args, top, handles);
			const r0 = inner.run();
			machine.memory.i32[exchange.frame >> 2] = top;
			return Number(BigInt.asIntN(32, r0));
		};
		const handle = machine.addCallback(callback);
		handles.set(target, handle);
		return handle;
	}

	#address(address: bigint, size: number, write: boolean): number {
		const { memory } = this.program.machine;
		const at = Number(address);
		const access = `${write ? "store" : "load"} of ${size} byte${size === 1 ? "" : "s"} at 0x${address.toString(16)}`;
		if (at < layout.nullGuard) this.fault(`${access}: a null pointer`);
		if (at + size > memory.size) this.fault(`${access}: outside the memory`);
		if (this.options.checked) {
			const region = memory.region(at, size);
			if (region === undefined) this.fault(`${access}: outside every region`);
			if (write && !region.writable) this.fault(`${access}: ${region.name} is read-only`);
		}
		this.options.onAccess?.({ address: at, size, write, insn: this.pc });
		return at;
	}

	#read(address: bigint, size: number): bigint {
		// A load through a kernel pointer never faults in the kernel: what is not there reads as 0.
		if (
			this.program.facts?.access[this.pc] === "kernel" &&
			(address < BigInt(layout.nullGuard) || address + BigInt(size) > BigInt(this.program.machine.memory.size))
		)
			return 0n;
		const at = this.#address(address, size, false);
		const { view } = this.program.machine.memory;
		switch (size) {
			case 1:
				return BigInt(view.getUint8(at));
			case 2:
				return BigInt(view.getUint16(at, true));
			case 4:
				return BigInt(view.getUint32(at, true));
			default:
				return view.getBigUint64(at, true);
		}
	}

	#write(address: bigint, size: number, value: bigint): void {
		const at = this.#address(address, size, true);
		const { view } = this.program.machine.memory;
		switch (size) {
			case 1:
				view.setUint8(at, Number(value & 0xffn));
				break;
			case 2:
				view.setUint16(at, Number(value & 0xffffn), true);
				break;
			case 4:
				view.setUint32(at, Number(u32(value)), true);
				break;
			default:
				view.setBigUint64(at, u64(value), true);
		}
	}
}

/** Bytes by the two size bits: W 0x00, H 0x08, B 0x10, DW 0x18. */
function accessSize(opcode: number): number {
	return [4, 2, 1, 8][(opcode >> 3) & 3];
}
