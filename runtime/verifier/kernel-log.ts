/**
 * The log of a verification as the kernel writes it for log_level 1 and 2: instructions with the registers that each touched, C lines, calls, the
 * other ways of branches, where a path was known already, and how precision went back.
 *
 * In: the walk tells what happens; out: the text. With level 1 the log goes back, at the end of each path, to where the next one branched off, so that
 * what remains is the path to the rejection. The kernel does that in a buffer that is written over: a line end that was replaced by a space
 * stays one, which is why such a log has "…goto pc+1 21: R0=…" on one line; so it is here, as tools that read these logs know it.
 *
 *     12: (15) if r0 == 0x0 goto pc+3       ; R0=map_value(ks=4,vs=8)
 *     from 12 to 16: R0=0 R6=ctx() R10=fp0
 *     16: safe
 *
 * Nothing of this runs unless a log was asked for: `env.trace` is null then.
 * Source: do_check, print_insn_state and __mark_chain_precision of kernel/bpf/verifier.c, kernel/bpf/log.c, Linux 6.18.
 */
import { type KernelNames, printKernelInsn } from "../../assembler/text/print-kernel.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { lineAt } from "../fault.ts";
import type { LineRecord } from "../image.ts";
import { helperName } from "./calls/contract.ts";
import { kfuncOf } from "./calls/kfuncs.ts";
import type { Env } from "./env.ts";
import { type Changed, stateText } from "./print-state.ts";
import { stackDepths } from "./stack-depth.ts";
import type { State } from "./state.ts";

/** Characters kept: libbpf's largest log buffer. Of a longer log the end stays, as in the kernel's own buffer. */
const KEPT = 16 << 20;
const CALLER_SAVED = 0x3f;

export class KernelLog {
	readonly level: number;
	private readonly env: Env;
	private readonly names: KernelNames;
	/** Pieces of text; a position in the log is their number, counted with those that were dropped. */
	private pieces: string[] = [];
	private dropped = 0;
	private size = 0;
	/** Position after the last instruction's line, and that line's length with its end. */
	private afterInsn = -1;
	private insnWidth = 0;
	private lastLine: LineRecord | null = null;
	private regs = 0;
	private readonly slots = new Set<number>();
	private all = false;
	/** The path was taken from the stack of pending ones. */
	private popped = false;

	constructor(env: Env, level: number) {
		this.env = env;
		this.level = level;
		this.names = {
			call: (insn) => (insn.src === 2 ? kernelFunction(env, insn) : insn.src === 0 ? calledHelper(insn.imm) : undefined),
			constant: (insn, next) => constantOf(env, insn, next),
		};
	}

	get text(): string {
		return this.pieces.join("");
	}

	/** Text at the start was dropped. */
	get truncated(): boolean {
		return this.dropped > 0;
	}

	get position(): number {
		return this.dropped + this.pieces.length;
	}

	write(text: string): void {
		this.pieces.push(text);
		this.size += text.length;
		if (this.size > 2 * KEPT) this.forget();
	}

	/** More than level 1 asks for. */
	detail(text: string): void {
		if (this.level > 1) this.write(text);
	}

	private forget(): void {
		let drop = 0;
		for (; this.size > KEPT; drop++) this.size -= this.pieces[drop].length;
		this.pieces = this.pieces.slice(drop);
		this.dropped += drop;
	}

	private reset(position: number): void {
		const keep = Math.max(0, position - this.dropped);
		for (let i = keep; i < this.pieces.length; i++) this.size -= this.pieces[i].length;
		this.pieces.length = Math.min(keep, this.pieces.length);
	}

	insnText(at: number): string {
		const { insns } = this.env;
		return printKernelInsn(insns[at], insns[at + 1], this.names);
	}

	// What the passes before the walk say.

	subprograms(): void {
		this.env.subprogs.forEach(({ start }, i) => this.detail(`func#${i} @${start}\n`));
	}

	liveRegisters(): void {
		if (this.level < 2) return;
		const { insns, liveRegs, scc } = this.env;
		this.write("Live regs before insn:\n");
		for (let i = 0; i < insns.length; i++) {
			let live = "";
			for (let r = 0; r < 10; r++) live += liveRegs[i] & (1 << r) ? String(r) : ".";
			this.write(`${scc[i] ? `${String(scc[i]).padStart(3)} ` : "    "}${String(i).padStart(3)}: ${live} ${this.insnText(i)}\n`);
			if (insns[i].opcode === 0x18) i++;
		}
	}

	// Paths.

	startWalk(): void {
		this.lastLine = null;
		this.afterInsn = -1;
		this.popped = false;
		this.touchAll();
	}

	/** The walk found nothing wrong: with level 1 nothing of it stays. */
	endWalk(): void {
		if (this.level < 2) this.reset(0);
	}

	/** A path ended, and the one pushed at `position` is next; null: none is left. */
	pop(position: number | null): void {
		this.touchAll();
		if (position === null) return;
		if (this.level < 2) this.reset(position);
		this.popped = true;
	}

	/** A state that was seen before includes this one. */
	safe(): void {
		const { insn, prevInsn, current } = this.env;
		this.write(
			this.popped ? `\nfrom ${prevInsn} to ${insn}${current.speculative ? " (speculative execution)" : ""}: safe\n` : `${insn}: safe\n`,
		);
	}

	/** The instruction that is about to be walked. */
	insn(): void {
		const { env } = this;
		const { insn: at, current: state } = env;
		if (this.level > 1 && this.popped) {
			this.write(
				`\nfrom ${env.prevInsn} to ${at}${state.speculative ? " (speculative execution)" : ""}:${stateText(state, state.curframe, null)}\n`,
			);
			this.popped = false;
		}
		if (this.all || this.regs !== 0 || this.slots.size > 0) this.state();
		this.line(at);
		const text = `${at}: ${this.insnText(at)}\n`;
		this.write(text);
		this.insnWidth = text.length;
		this.afterInsn = this.position;
		this.regs |= touched(env.insns[at]);
	}

	/** The C line of the instruction, unless it is the one shown last. */
	line(at: number): void {
		const line = lineAt(this.env.image, at);
		if (line === null) return;
		const last = this.lastLine;
		if (last !== null && last.line === line.line && last.file === line.file) return;
		this.lastLine = line;
		this.write(`; ${line.text.trimStart()} @ ${line.file.slice(line.file.lastIndexOf("/") + 1)}:${line.line}\n`);
	}

	/** What changed: behind the instruction when nothing was said since, or on a line of its own. */
	state(): void {
		const { env } = this;
		const { current: state } = env;
		const changed: Changed | null = this.all ? null : { regs: this.regs, slots: this.slots };
		const text = `${stateText(state, state.curframe, changed)}\n`;
		if (this.afterInsn === this.position && this.pieces.length > 0) {
			const last = this.pieces.length - 1;
			this.pieces[last] = `${this.pieces[last].slice(0, -1)} `;
			const column = Math.ceil(Math.max(this.insnWidth + 4, 40) / 8) * 8;
			this.write(`${" ".repeat(column - this.insnWidth - 2)};${text}`);
		} else this.write(`${env.insn}:${text}`);
		this.all = false;
		this.regs = 0;
		this.slots.clear();
	}

	touchSlot(slot: number): void {
		this.slots.add(slot);
	}

	touchReg(reg: number): void {
		this.regs |= 1 << reg;
	}

	touchAll(): void {
		this.all = true;
	}

	/** Two states that an endless loop goes between. */
	states(now: State, old: State): string {
		return `cur state:${stateText(now, now.curframe, null)}\nold state:${stateText(old, old.curframe, null)}\n`;
	}

	// Calls.

	enter(state: State): void {
		const caller = state.curframe - 1;
		this.write(`caller:\n${stateText(state, caller, null)}\ncallee:\n${stateText(state, state.curframe, null)}\n`);
	}

	/** An exit led back to the caller: its whole state is shown. */
	resume(): void {
		this.popped = true;
	}

	leave(state: State, to: number): void {
		this.write(
			`returning from callee:\n${stateText(state, state.curframe, null)}\nto caller at ${to}:\n${stateText(state, state.curframe - 1, null)}\n`,
		);
	}
}

function calledHelper(id: number): string | undefined {
	const name = id === 0 ? "unspec" : helperName(id);
	return name === undefined ? undefined : `bpf_${name}`;
}

function kernelFunction(env: Env, insn: Insn): string {
	return kfuncOf(env, env.insns.indexOf(insn))?.name ?? "unknown";
}

/** Addresses of maps and symbols are the kernel's own: 0, as it prints them for those who may not see them. Subprograms are meant by their distance. */
function constantOf(_env: Env, insn: Insn, next: Insn | undefined): bigint {
	const value = (BigInt(next?.imm ?? 0) << 32n) | BigInt(insn.imm >>> 0);
	return insn.src === 0 ? value : insn.src === 4 ? BigInt(insn.imm >>> 0) : 0n;
}

/** Registers that the kernel looks at or writes for the instruction. */
function touched(insn: Insn): number {
	const dst = 1 << insn.dst;
	const src = 1 << insn.src;
	const byReg = (insn.opcode & 8) !== 0;
	const op = insn.opcode >> 4;
	switch (insn.opcode & 7) {
		case 0:
			return insn.opcode === 0x18 ? dst : CALLER_SAVED | (1 << 6) | ((insn.opcode & 0xe0) === 0x40 ? src : 0);
		case 1:
			return dst | src;
		case 2:
			return dst;
		case 3:
			return dst | src | ((insn.opcode & 0xe0) === 0xc0 && insn.imm === 0xf1 ? 1 : 0);
		case 4:
		case 7:
			return byReg && op !== 0xd && op !== 8 ? dst | src : dst;
		default:
			if (op === 0 || op === 0xe) return 0;
			if (op === 8) return 1;
			if (op === 9) return 0;
			return byReg ? dst | src : dst;
	}
}

/** BPF_LOG_STATS of the log level. */
const STATS = 4;

/** The last lines. The kernel's statistics begin with its verification time, which is none of ours. */
export function closing(env: Env, level: number): string {
	const depth = level & STATS ? `stack depth ${stackDepths(env).join("+")}\n` : "";
	return `${depth}processed ${env.insnsProcessed} insns (limit ${env.limitInsns}) max_states_per_insn ${env.maxStatesPerInsn} total_states ${env.totalStates} peak_states ${env.peakStates} mark_read 0\n`;
}
