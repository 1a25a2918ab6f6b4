import type { AluOp } from "../../assembler/spec/isa.ts";
import { bug, type DiagnosticSink } from "../diagnostics/diagnostic.ts";
import { reversePostorder } from "../ir/cfg.ts";
import type { Block, Const, Inst, IrFunction, IrGlobal, Loc, Value } from "../ir/types.ts";
import { foldOp } from "../ir/fold.ts";
import { isConst, isInst, isRemovable, phisOf, terminator } from "../ir/values.ts";
import type { Sym } from "../types/typed.ts";
import type { Cpu } from "./cpu.ts";
import { forgottenSlots } from "./forgotten-slots.ts";
import { alu, copy, FIRST_VIRTUAL, type FrameSlot, goTo, type MBlock, type MFunction, type MInst, minst, type Reg } from "./machine.ts";
import { sequentialise, type Transfer } from "./phis.ts";
import { type Frequency, frequencies, newSurvey, ONCE, survey } from "./survey.ts";
import { Widths } from "./widths.ts";
import { SharedValues } from "./shared-values.ts";

/**
 * The walk of instruction selection, and what its rules can do: registers for values, instructions, blocks.
 *
 * Every block is walked backwards, last blocks first. An instruction is translated when its value has been asked for
 * (or when it does something), so an operation that all its users could fold into themselves — a compare into its jump, an added
 * constant into the offset of a load — is never asked for and leaves no code. Constants and addresses are asked for in the same way,
 * but made where they are needed: once for each stretch of code without a call, just before its first use, because a register
 * that survives calls is dearer than an instruction.
 */
export interface SelectContext {
	readonly cpu: Cpu;
	readonly diagnostics: DiagnosticSink;
}

/** How an IR instruction is translated. */
export type Rule = (s: Selector, inst: Inst) => void;

/** The state of one function's selection. */
export class Selector {
	readonly ir: IrFunction;
	readonly cpu: Cpu;
	readonly widths: Widths;
	readonly context: SelectContext;
	readonly #rule: Rule;
	readonly fn: MFunction;
	readonly #told = newSurvey();
	private readonly regs = new Map<Inst, Reg>();
	private readonly slots = new Map<Inst, FrameSlot>();
	private readonly forgotten: ReadonlySet<Inst>;
	private readonly symbols = new Map<IrGlobal | Sym, number>();
	private readonly heads = new Map<Block, MBlock>();
	private readonly order: Block[];
	readonly #frequencies: ReadonlyMap<Block, Frequency>;
	/** Code of the machine block at hand, last instruction first. */
	private out: MInst[] = [];
	/** Code of the IR instruction at hand, in order. */
	private seq: MInst[] = [];
	private readonly shared = new SharedValues();
	private block: Block;
	private readonly extra: MBlock[] = [];

	constructor(ir: IrFunction, context: SelectContext, rule: Rule) {
		this.ir = ir;
		this.context = context;
		this.#rule = rule;
		this.cpu = context.cpu;
		this.widths = new Widths(context.cpu);
		this.fn = { ir, name: ir.name, blocks: [], slots: [], nextReg: FIRST_VIRTUAL, nextBlock: 0 };
		this.order = reversePostorder(ir);
		this.forgotten = forgottenSlots(ir);
		this.block = this.order[0];
		this.#frequencies = frequencies(ir);
	}

	run(): MFunction {
		this.widths.prime(this.order);
		for (const block of this.order) this.heads.set(block, this.newBlock(block.name, block));
		survey(this.order, (value) => this.strip(value), this.#told);
		for (let i = this.order.length - 1; i >= 0; i--) this.selectBlock(this.order[i]);
		this.fn.blocks = [...this.order.map((block) => this.heads.get(block)!), ...this.extra];
		return this.fn;
	}

	private selectBlock(block: Block): void {
		this.block = block;
		this.out = [];
		const phis = phisOf(block).length;
		this.selectOne(terminator(block));
		for (let i = block.insts.length - 2; i >= phis; i--) {
			const inst = block.insts[i];
			if (inst.op === "param" || inst.op === "asmout") continue;
			if (isRemovable(inst) && !this.regs.has(inst)) continue;
			this.selectOne(inst);
		}
		this.flush();
		if (block === this.order[0]) this.receiveParams();
		this.heads.get(block)!.insts = this.out.reverse();
	}

	private selectOne(inst: Inst): void {
		this.seq = [];
		this.#rule(this, inst);
		for (let i = this.seq.length - 1; i >= 0; i--) this.out.push(this.seq[i]);
		this.shared.settle(this.out.length);
	}

	private receiveParams(): void {
		const seq: MInst[] = [];
		this.ir.params.forEach((param, i) => {
			const reg = this.regs.get(param);
			if (reg !== undefined) seq.push(copy(reg, i + 1, param.loc));
		});
		for (let i = seq.length - 1; i >= 0; i--) this.out.push(seq[i]);
	}

	/** Phis that an instruction's value flows into: the register to overwrite, if there is a choice. */
	get flowsInto(): ReadonlyMap<Inst, readonly Inst[]> {
		return this.#told.flowsInto;
	}

	/** Of a returned operation: the call whose result it takes, when no other call is between. */
	callBefore(inst: Inst): Inst | null {
		return this.#told.returnedCall.get(inst) ?? null;
	}

	/** The asmout instructions of an asm. */
	asmOuts(asm: Inst): readonly Inst[] {
		return this.#told.outs.get(asm) ?? [];
	}

	// ── what rules do ────────────────────────────────────────────────────────────────────────────

	emit(inst: MInst): void {
		this.seq.push(inst);
	}

	/** The code of this IR instruction so far, for a block of its own. */
	takeSequence(): MInst[] {
		const taken = this.seq;
		this.seq = [];
		return taken;
	}

	fresh(): Reg {
		return this.fn.nextReg++;
	}

	newBlock(name: string, from: Block = this.block): MBlock {
		const { depth, rounds } = this.#frequencies.get(from) ?? ONCE;
		return { id: this.fn.nextBlock++, insts: [], depth, rounds, name };
	}

	/** A block that no IR block stands for: an edge's copies, half of a conditional value. */
	addBlock(block: MBlock): void {
		this.extra.push(block);
	}

	/** Casts that cost nothing are their operand. */
	strip(value: Value): Value {
		let now = value;
		for (;;) {
			if (!isInst(now)) return now;
			if (now.op !== "ptrtoint" && now.op !== "inttoptr" && now.op !== "trunc" && now.op !== "zext") return now;
			const from = now.args[0];
			if (isConst(from)) return foldOp(now.op, now.ty, [from], now.attr)!;
			if (now.op === "zext" && this.widths.bits(from) > 32) return now;
			now = from;
		}
	}

	/** Has anything later asked for this value? If not, its register may be overwritten here. */
	isWanted(value: Value): boolean {
		const inst = this.strip(value);
		return isInst(inst) && this.regs.has(inst);
	}

	/** The register that an instruction's result goes to. */
	result(inst: Inst): Reg {
		let reg = this.regs.get(inst);
		if (reg === undefined) {
			reg = this.fresh();
			this.regs.set(inst, reg);
		}
		return reg;
	}

	/** A register with the value; the upper half of an i32 may be anything. */
	reg(value: Value): Reg {
		const inst = this.strip(value);
		if (isConst(inst)) return this.constant(this.content(inst));
		if (!isInst(inst)) return this.constant(0n);
		if (inst.op === "global") return this.address(inst.attr!.global!, inst.attr!.offset ?? 0);
		const place = this.onStack(inst);
		if (place !== null)
			return this.share(`slot ${place.alloca.id} ${place.off}`, (to) => [
				minst("address", null, { dst: to, slot: this.slot(place.alloca), off: place.off }),
			]);
		return this.result(inst);
	}

	/** A register by whose number of places is shifted: the machine looks at its lowest bits only, so that nothing needs to be extended, unless the verifier knows bounds of the extension. */
	amount(value: Value): Reg {
		let at = this.strip(value);
		while (isInst(at) && (at.op === "zext" || at.op === "sext") && !this.#told.compared.has(this.strip(at.args[0])))
			at = this.strip(at.args[0]);
		return this.reg(at);
	}

	/** As an instruction's immediate, if it fits. */
	imm(value: Value): number | null {
		const inst = this.strip(value);
		if (!isConst(inst)) return inst.op === "undef" ? 0 : null;
		return inst.value >= -0x80000000n && inst.value <= 0x7fffffffn ? Number(inst.value) : null;
	}

	/** What a whole register holds for a constant. */
	content(value: Const): bigint {
		return value.ty === "i32" && this.cpu.alu32 ? BigInt.asUintN(32, value.value) : value.value;
	}

	/** An i32 with a zero upper half. */
	clean(value: Value, loc: Loc | null): Reg {
		const inst = this.strip(value);
		if (isConst(inst)) return this.constant(BigInt.asUintN(32, inst.value));
		const reg = this.reg(inst);
		if (this.widths.bits(inst) <= 32) return reg;
		return this.share(`zext ${reg}`, (to) =>
			this.cpu.alu32
				? [alu("mov", 32, to, { reg }, loc)]
				: [copy(to, reg, loc), alu("lsh", 64, to, { imm: 32 }, loc), alu("rsh", 64, to, { imm: 32 }, loc)],
		);
	}

	/** An i32 sign-extended to the whole register. */
	signed(value: Value, loc: Loc | null): Reg {
		const inst = this.strip(value);
		if (isConst(inst)) return this.constant(BigInt.asIntN(32, inst.value));
		const reg = this.reg(inst);
		if (this.widths.bits(inst) <= 31) return reg;
		return this.share(`sext ${reg}`, (to) =>
			this.cpu.signExtend
				? [minst("movsx", loc, { width: 64, bits: 32, dst: to, src: reg })]
				: [copy(to, reg, loc), alu("lsh", 64, to, { imm: 32 }, loc), alu("arsh", 64, to, { imm: 32 }, loc)],
		);
	}

	constant(content: bigint): Reg {
		return this.share(`const ${content}`, (to) => [this.loadConstant(to, content, null)]);
	}

	loadConstant(to: Reg, content: bigint, loc: Loc | null): MInst {
		const signed = BigInt.asIntN(64, content);
		if (signed >= -0x80000000n && signed <= 0x7fffffffn) return alu("mov", 64, to, { imm: Number(signed) }, loc);
		if (this.cpu.alu32 && signed >= 0n && signed <= 0xffffffffn) return alu("mov", 32, to, { imm: Number(BigInt.asIntN(32, signed)) }, loc);
		return minst("wide", loc, { dst: to, wide: signed });
	}

	address(symbol: IrGlobal | Sym, addend: number): Reg {
		let id = this.symbols.get(symbol);
		if (id === undefined) this.symbols.set(symbol, (id = this.symbols.size));
		return this.share(`address ${id} ${addend}`, (to) => [minst("wide", null, { dst: to, wide: { symbol, addend } })]);
	}

	/** A place on the stack at a constant distance: its address is made anew wherever it is used. */
	onStack(value: Value): { readonly alloca: Inst; readonly off: number } | null {
		let off = 0;
		let at = this.strip(value);
		while (isInst(at) && at.op === "ptradd") {
			const step = this.imm(at.args[1]);
			if (step === null) return null;
			off += step;
			at = this.strip(at.args[0]);
		}
		return isInst(at) && at.op === "alloca" ? { alloca: at, off } : null;
	}

	/** A constant or an address: nothing is kept in a register for it. */
	isMade(value: Value): boolean {
		const inst = this.strip(value);
		return !isInst(inst) || inst.op === "global" || this.onStack(inst) !== null;
	}

	slot(alloca: Inst): FrameSlot {
		let slot = this.slots.get(alloca);
		if (slot === undefined) {
			slot = {
				size: alloca.attr!.size!,
				align: alloca.attr!.align!,
				variable: alloca.attr!.variable ?? null,
				loc: alloca.loc,
				forgotten: this.forgotten.has(alloca),
				offset: 0,
			};
			this.slots.set(alloca, slot);
			this.fn.slots.push(slot);
		}
		return slot;
	}

	private share(key: string, make: (to: Reg) => MInst[]): Reg {
		return this.shared.ask(key, this.out.length, () => this.fresh(), make);
	}

	/** What was asked for after a call is made after it, too. */
	flush(which: (key: string) => boolean = () => true): void {
		this.shared.make(this.out, which);
	}

	/** Puts a value into a register of the caller's choice without asking for another one. */
	moveTo(to: Reg, value: Value, loc: Loc | null): void {
		const from = this.strip(value);
		if (isConst(from)) this.emit(this.loadConstant(to, this.content(from), loc));
		else if (!isInst(from)) this.emit(alu("mov", 64, to, { imm: 0 }, loc));
		else if (from.op === "global")
			this.emit(minst("wide", loc, { dst: to, wide: { symbol: from.attr!.global!, addend: from.attr!.offset ?? 0 } }));
		else {
			const place = this.onStack(from);
			this.emit(
				place === null
					? copy(to, this.result(from), loc)
					: minst("address", loc, { dst: to, slot: this.slot(place.alloca), off: place.off }),
			);
		}
	}

	/**
	 * dst op= operand, after dst = first. The verifier refuses 32-bit arithmetic other than subtraction on a packet pointer,
	 * but lets its low half be copied, which makes a number of it: such a copy is one of 32 bits, and stays.
	 */
	twoAddress(
		op: AluOp,
		width: 32 | 64,
		dst: Reg,
		first: Value,
		operand: { readonly reg: Reg } | { readonly imm: number },
		loc: Loc | null,
	): void {
		const from = this.strip(first);
		if (width === 32 && op !== "sub" && isInst(from) && this.#told.packetPointers.has(from))
			this.emit(alu("mov", 32, dst, { reg: this.result(from) }, loc));
		else this.moveTo(dst, first, loc);
		this.emit(alu(op, width, dst, operand, loc));
	}

	/** The machine block to go to for an IR edge: the target, or a block with the phis' copies when the edge is critical. */
	edge(target: Block, loc: Loc | null): MBlock {
		const head = this.heads.get(target)!;
		const transfers = this.transfers(target);
		if (transfers.length === 0) return head;
		const saved = this.seq;
		this.seq = [];
		this.copyPhis(transfers, loc);
		const block = this.newBlock(`${this.block.name}.${target.name}`);
		block.insts = [...this.seq, goTo(head, loc)];
		this.addBlock(block);
		this.seq = saved;
		return block;
	}

	/** The only way out of the block at hand: copies stand before the jump. */
	leave(target: Block, loc: Loc | null): void {
		this.copyPhis(this.transfers(target), loc);
		this.emit(goTo(this.heads.get(target)!, loc));
	}

	private transfers(target: Block): Transfer[] {
		return phisOf(target).map((phi) => {
			const at = phi.blocks!.indexOf(this.block);
			if (at < 0) bug(`phi %${phi.id} of ${this.ir.name} has no value for its predecessor ${this.block.name}`);
			return { to: this.result(phi), from: phi.args[at] };
		});
	}

	private copyPhis(transfers: readonly Transfer[], loc: Loc | null): void {
		sequentialise(transfers, {
			registerOf: (value) => (this.isMade(value) ? null : this.result(this.strip(value) as Inst)),
			fresh: () => this.fresh(),
			copy: (to, from) => this.emit(copy(to, from, loc)),
			make: (to, value) => this.moveTo(to, value, loc),
		});
	}

	/**
	 * Ends the machine block at hand and starts the part before it: what has been selected so far moves to a new block,
	 * which is returned; the code to come ends with a jump that the caller emits.
	 */
	splitHere(name: string): MBlock {
		// Constants and addresses that the tail wants are made before the split: no call can be in between.
		this.flush((key) => key.startsWith("zext") || key.startsWith("sext"));
		this.shared.askAll();
		const tail = this.newBlock(name);
		tail.insts = this.out.reverse();
		this.out = [];
		this.addBlock(tail);
		return tail;
	}

	failed = false;

	error(code: string, message: string, loc: Loc | null): void {
		this.failed = true;
		this.context.diagnostics.report({ code, severity: "error", message, span: loc });
	}

	warning(code: string, group: string, message: string, loc: Loc | null): void {
		this.context.diagnostics.report({ code, severity: "warning", group, message, span: loc });
	}
}
