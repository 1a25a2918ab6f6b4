import type { Insn } from "../../assembler/spec/insn.ts";
import { instructionOf } from "../../assembler/spec/isa.ts";

/**
 * The smallest machine that runs linked eBPF instructions: ten BigInt registers over one byte array. No checks beyond what a test
 * needs to fail on; it shares no code with the runtime's interpreter, so that each can be held against the other.
 */
export interface BpfWorld {
	readonly memory: Uint8Array;
	/** The first address above the frames. Each frame takes 512 bytes below. */
	readonly stackTop: number;
	helper(id: number, args: readonly bigint[]): bigint;
	fuel: number;
}

const mask = (value: bigint): bigint => BigInt.asUintN(64, value);

export function runBpf(insns: readonly Insn[], entry: number, args: readonly bigint[], world: BpfWorld): bigint {
	const r: bigint[] = new Array(11).fill(0xdeadbeefdeadbeefn);
	args.forEach((arg, i) => (r[i + 1] = mask(arg)));
	const frames: { pc: number; saved: bigint[] }[] = [];
	let top = BigInt(world.stackTop);
	r[10] = top;
	const view = new DataView(world.memory.buffer);
	const load = (at: number, bytes: number): bigint => {
		let value = 0n;
		for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
		return value;
	};
	const store = (at: number, bytes: number, value: bigint): void => {
		for (let i = 0; i < bytes; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
	};
	let pc = entry;
	for (;;) {
		if (world.fuel-- <= 0) throw new Error("out of fuel");
		const insn = insns[pc];
		const row = insn && instructionOf(insn);
		if (row === undefined) throw new Error(`no instruction at ${pc}`);
		pc++;
		const { dst, src, off, imm } = insn;
		switch (row.kind) {
			case "alu": {
				const w = row.width;
				const operand = row.source === "reg" ? r[src] : BigInt(imm);
				r[dst] = alu(row.op, w, r[dst], operand);
				break;
			}
			case "movsx":
				r[dst] = BigInt.asUintN(row.width, BigInt.asIntN(row.bits, r[src]));
				break;
			case "swap": {
				const value = BigInt.asUintN(row.bits, r[dst]);
				r[dst] = row.op === "le" ? value : swap(value, row.bits / 8);
				break;
			}
			case "load":
				r[dst] = row.signed
					? mask(BigInt.asIntN(row.bytes * 8, load(Number(r[src]) + off, row.bytes)))
					: load(Number(r[src]) + off, row.bytes);
				break;
			case "load_acquire":
				r[dst] = load(Number(r[src]) + off, row.bytes);
				break;
			case "store":
				store(Number(r[dst]) + off, row.bytes, row.source === "reg" ? r[src] : BigInt(imm));
				break;
			case "store_release":
				store(Number(r[dst]) + off, row.bytes, r[src]);
				break;
			case "atomic": {
				const at = Number(r[dst]) + off;
				const old = load(at, row.bytes);
				const operand = r[src];
				if (row.op === "cmpxchg") {
					if (BigInt.asUintN(row.bytes * 8, r[0]) === old) store(at, row.bytes, operand);
					r[0] = old;
					break;
				}
				const op = row.op.replace("fetch_", "");
				store(
					at,
					row.bytes,
					op === "add"
						? old + operand
						: op === "or"
							? old | operand
							: op === "and"
								? old & operand
								: op === "xor"
									? old ^ operand
									: operand,
				);
				if (row.op === "xchg" || row.op.startsWith("fetch_")) r[src] = old;
				break;
			}
			case "ld_imm64":
				r[dst] = mask((BigInt(insns[pc].imm) << 32n) | BigInt(imm >>> 0));
				pc++;
				break;
			case "jump": {
				const operand = row.source === "reg" ? r[src] : mask(BigInt(imm));
				if (holds(row.op, row.width, r[dst], operand)) pc += off;
				break;
			}
			case "goto":
				pc += row.wide ? imm : off;
				break;
			case "call":
				if (row.callee === "helper") r[0] = mask(world.helper(imm, r.slice(1, 6)));
				else {
					frames.push({ pc, saved: r.slice(6, 11) });
					top -= 512n;
					r[10] = top;
					pc += imm;
					r[0] = 0xdeadbeefdeadbeefn;
				}
				// What a call overwrites must not be used again.
				if (row.callee === "helper") for (let i = 1; i <= 5; i++) r[i] = 0xbad0bad0bad0bad0n;
				break;
			case "exit": {
				const frame = frames.pop();
				if (frame === undefined) return r[0];
				pc = frame.pc;
				frame.saved.forEach((value, i) => (r[6 + i] = value));
				top = r[10];
				for (let i = 1; i <= 5; i++) r[i] = 0xbad0bad0bad0bad0n;
				break;
			}
			default:
				throw new Error(`cannot run ${row.name}`);
		}
	}
}

function alu(op: string, w: 32 | 64, a: bigint, b: bigint): bigint {
	const ua = BigInt.asUintN(w, a);
	const ub = BigInt.asUintN(w, b);
	const sa = BigInt.asIntN(w, a);
	const sb = BigInt.asIntN(w, b);
	const count = ub & BigInt(w - 1);
	const results: Record<string, () => bigint> = {
		add: () => ua + ub,
		sub: () => ua - ub,
		mul: () => ua * ub,
		div: () => (ub === 0n ? 0n : ua / ub),
		sdiv: () => (sb === 0n ? 0n : sa / sb),
		or: () => ua | ub,
		and: () => ua & ub,
		lsh: () => ua << count,
		rsh: () => ua >> count,
		neg: () => -ua,
		mod: () => (ub === 0n ? ua : ua % ub),
		smod: () => (sb === 0n ? ua : sa % sb),
		xor: () => ua ^ ub,
		mov: () => ub,
		arsh: () => sa >> count,
	};
	return BigInt.asUintN(w, results[op]());
}

function holds(op: string, w: 32 | 64, a: bigint, b: bigint): boolean {
	const ua = BigInt.asUintN(w, a);
	const ub = BigInt.asUintN(w, b);
	const sa = BigInt.asIntN(w, a);
	const sb = BigInt.asIntN(w, b);
	switch (op) {
		case "jeq":
			return ua === ub;
		case "jne":
			return ua !== ub;
		case "jgt":
			return ua > ub;
		case "jge":
			return ua >= ub;
		case "jlt":
			return ua < ub;
		case "jle":
			return ua <= ub;
		case "jset":
			return (ua & ub) !== 0n;
		case "jsgt":
			return sa > sb;
		case "jsge":
			return sa >= sb;
		case "jslt":
			return sa < sb;
		case "jsle":
			return sa <= sb;
		default:
			throw new Error(op);
	}
}

function swap(value: bigint, bytes: number): bigint {
	let out = 0n;
	for (let i = 0; i < bytes; i++) out = (out << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
	return out;
}
