import { loops } from "../ir/cfg.ts";
import type { Block, Inst, IrFunction, Value } from "../ir/types.ts";
import { isInst, phisOf } from "../ir/values.ts";
import { mostRounds } from "./rounds.ts";

/** What instruction selection (`selector.ts`), which walks backwards, must know of a function before it begins. */
export interface Survey {
	/** Phis that an instruction's value flows into. */
	readonly flowsInto: Map<Inst, Inst[]>;
	/** 32-bit loads that become pointers: `ctx->data`, where the verifier puts a packet pointer. */
	readonly packetPointers: Set<Inst>;
	/** What a comparison tells the verifier about. */
	readonly compared: Set<Value>;
	/** Results of assembly. */
	readonly outs: Map<Inst, Inst[]>;
	/** A returned operation → the call in front of it, of which it takes the result: that is in r0, where its own goes. */
	readonly returnedCall: Map<Inst, Inst>;
}

export const newSurvey = (): Survey => ({
	flowsInto: new Map(),
	packetPointers: new Set(),
	compared: new Set(),
	outs: new Map(),
	returnedCall: new Map(),
});

/** `strip`: a value without the casts that cost nothing. */
export function survey(blocks: readonly Block[], strip: (value: Value) => Value, into: Survey): void {
	for (const block of blocks) {
		for (const inst of block.insts) {
			if (inst.op === "inttoptr") {
				const from = strip(inst.args[0]);
				if (isInst(from) && from.op === "load" && from.attr!.size === 4) into.packetPointers.add(from);
			}
			if (inst.op === "icmp") for (const arg of inst.args) into.compared.add(strip(arg));
			if (inst.op === "asmout" && isInst(inst.args[0])) add(into.outs, inst.args[0], inst);
		}
		noteReturned(block, strip, into.returnedCall);
		for (const phi of phisOf(block)) {
			for (const arg of phi.args) {
				const from = strip(arg);
				if (isInst(from)) add(into.flowsInto, from, phi);
			}
		}
	}
}

function noteReturned({ insts }: Block, strip: (value: Value) => Value, into: Map<Inst, Inst>): void {
	const end = insts[insts.length - 1];
	const result = end.op === "ret" && end.args.length > 0 ? strip(end.args[0]) : null;
	if (result === null || !isInst(result)) return;
	const call = insts.findLast(({ op }) => op === "call");
	if (call !== undefined && insts.indexOf(result) > insts.indexOf(call) && result.args.some((arg) => strip(arg) === call))
		into.set(result, call);
}

function add(lists: Map<Inst, Inst[]>, key: Inst, value: Inst): void {
	const list = lists.get(key);
	if (list === undefined) lists.set(key, [value]);
	else list.push(value);
}

/** How deep in loops a block is, and how often it is gone through at most. */
export interface Frequency {
	readonly depth: number;
	readonly rounds: number;
}

/** Of a block in no loop. */
export const ONCE: Frequency = { depth: 0, rounds: 1 };

export function frequencies(fn: IrFunction): ReadonlyMap<Block, Frequency> {
	const all = new Map<Block, Frequency>();
	for (const loop of loops(fn)) {
		const most = mostRounds(loop);
		for (const block of loop.blocks) {
			const { depth, rounds } = all.get(block) ?? ONCE;
			all.set(block, { depth: Math.max(loop.depth, depth), rounds: most * rounds });
		}
	}
	return all;
}
