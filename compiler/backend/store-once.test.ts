import { describe, expect, it } from "vitest";
import { parseModule } from "../ir/parse.ts";
import { FRAME, type FrameSlot, goTo, type MBlock, type MFunction, type MInst, minst } from "./machine.ts";
import { SPILL } from "./stack.ts";
import { storeOnce } from "./store-once.ts";
import { body, compileIr } from "./testing/compile.ts";

/** Five values and a choice that are wanted after a call: more than there are registers for. */
function chosen(): string {
	const values = [0, 1, 2, 3, 4];
	const loads = values.map((i) => `%${30 + i} = ptradd ptr %0, i64 ${8 * i}\n%${40 + i} = load i64 size=8 %${30 + i}`);
	const sums = (first: number, with0: string): string[] => values.map((i) => `%${first + i} = xor i64 ${i === 0 ? with0 : `%${first + i - 1}`}, %${40 + i}`);
	const choice = "%10 = icmp.ult i32 %2, i64 15\nbranch %10, a.11, b.12\na.11:\njump end.13\nb.12:\njump end.13\nend.13:\n%20 = phi i64 [%2, a.11], [i64 15, b.12]";
	const calls = ["call helper h#1", ...sums(120, "%2"), "call helper h#1", ...sums(220, "%124"), ...sums(60, "%20"), "%70 = xor i64 %64, %224\nret %70"];
	return body([...loads, choice, ...calls].join("\n"));
}

describe("what goes to the stack on each of the ways into a block", () => {
	it("goes there once", () => {
		const lines = compileIr(chosen()).code();
		const at = lines.indexOf("r1 = 15");
		expect(lines.slice(at - 2, at + 3)).toEqual(["r1 = r9", "if r9 < 15 goto +1", "r1 = 15", "*(u64 *)(r10 - 24) = r1", "call 1"]);
	});

	/** Two blocks that store and go to a third one, which is in `depth` loops. */
	const stores = (depth: number, behind: (slot: FrameSlot) => MInst[]): number[] => {
		const slot: FrameSlot = { size: 8, align: 8, variable: SPILL, loc: null, offset: 0 };
		const block = (id: number, insts: MInst[]): MBlock => ({ id, insts, depth: 0, rounds: 1, name: `b${id}` });
		const met = { ...block(3, [minst("exit", null, {})]), depth };
		const store = (src: number): MInst => minst("store", null, { dst: FRAME, src, slot, spillCode: true });
		const [left, right] = [block(1, [store(20), ...behind(slot), goTo(met, null)]), block(2, [store(21), goTo(met, null)])];
		const entry = block(0, [minst("jump", null, { op: "jeq", dst: 20, blocks: [left, right] })]);
		const [ir] = parseModule("function @f() -> void static {\na.1:\nret\n}\n").functions;
		const fn: MFunction = { ir, name: "f", blocks: [entry, left, right, met], slots: [slot], nextReg: 30, nextBlock: 4 };
		storeOnce(fn);
		return [left, right, met].map(({ insts }) => insts.filter(({ kind }) => kind === "store").length);
	};
	it("but not in a loop, when it was stored in front of it", () => {
		expect(stores(0, () => [])).toEqual([0, 0, 1]);
		expect(stores(1, () => [])).toEqual([1, 1, 0]);
	});
	it("nor when it is read before, or kept over a call", () => {
		expect(stores(0, (slot) => [minst("load", null, { dst: 22, src: FRAME, slot })])).toEqual([1, 1, 0]);
		expect(stores(0, () => [minst("call", null, {})])).toEqual([1, 1, 0]);
	});
});
