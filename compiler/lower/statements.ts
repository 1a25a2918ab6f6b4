import type { Block } from "../ir/types.ts";
import type { TStmt } from "../types/typed.ts";
import type { Lowering } from "./state.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import { constant } from "../ir/values.ts";
import { lowerAsm } from "./asm.ts";
import { copyPlace, writeWide } from "./places.ts";
import { isMemory, isSigned, isWide, shapeOf } from "./state.ts";

/** Statements → blocks. Case and label blocks exist before their statements are reached, so jumps forward find them. */
export function lowerStatement(f: Lowering, stmt: TStmt): void {
	f.b.loc = stmt.span;
	switch (stmt.kind) {
		case "expr":
			return f.effect(stmt.expr);
		case "local": {
			const slot = f.slot(stmt.symbol);
			f.b.append("lifetime", null, [slot]);
			if (stmt.init !== undefined)
				f.initialise({ base: slot, type: stmt.symbol.type, align: slot.attr!.align!, volatile: false }, stmt.init);
			return;
		}
		case "block":
			for (const inner of stmt.body) f.statement(inner);
			return;
		case "if":
			return lowerIf(f, stmt);
		case "loop":
			return lowerLoop(f, stmt);
		case "switch":
			return lowerSwitch(f, stmt);
		case "case":
			f.b.begin(f.cases.get(stmt.id) ?? bug("a case outside of its switch"));
			f.origins.labels.set(f.b.block, stmt.span);
			return f.statement(stmt.body);
		case "label":
			f.b.begin(labelBlock(f, stmt.name));
			return f.statement(stmt.body);
		case "goto":
			return f.b.jump(labelBlock(f, stmt.label));
		case "computed-goto":
			return computedGoto(f, stmt);
		case "break":
			return f.b.jump(f.targets.break ?? bug("break outside of a loop"));
		case "continue":
			return f.b.jump(f.targets.continue ?? bug("continue outside of a loop"));
		case "return":
			return lowerReturn(f, stmt);
		case "asm":
			for (const label of stmt.labels) labelBlock(f, label);
			return lowerAsm(f, stmt);
	}
}

function labelBlock(f: Lowering, name: string): Block {
	let block = f.labels.get(name);
	if (block === undefined) {
		block = f.b.newBlock(`label.${name}`);
		f.labels.set(name, block);
	}
	return block;
}

function lowerIf(f: Lowering, stmt: TStmt & { kind: "if" }): void {
	const { b } = f;
	const then = b.newBlock("if.then");
	const end = b.newBlock("if.end");
	const otherwise = stmt.else === undefined ? end : b.newBlock("if.else");
	f.condition(stmt.condition, then, otherwise, { word: "if", span: stmt.condition.span, flipped: false });
	b.begin(then);
	f.statement(stmt.then);
	if (stmt.else !== undefined) {
		b.jump(end);
		b.begin(otherwise);
		f.statement(stmt.else);
	}
	b.begin(end);
}

function lowerLoop(f: Lowering, stmt: TStmt & { kind: "loop" }): void {
	const { b } = f;
	const body = b.newBlock("loop.body");
	const test = b.newBlock("loop.test");
	const step = stmt.step === undefined ? test : b.newBlock("loop.step");
	const end = b.newBlock("loop.end");
	const outer = f.targets;
	f.targets = { break: end, continue: step };
	b.jump(stmt.test === "before" ? test : body);
	const condition = (): void => {
		b.begin(test);
		if (stmt.condition === undefined) b.jump(body);
		else f.condition(stmt.condition, body, end, { word: loopWord(stmt), span: stmt.condition.span, flipped: false });
	};
	if (stmt.test === "before") condition();
	b.begin(body);
	f.statement(stmt.body);
	if (stmt.step !== undefined) {
		b.begin(step);
		f.effect(stmt.step);
	}
	if (stmt.test === "before") b.jump(test);
	else condition();
	// Whatever jumps back to the loop's first block carries the wish to unroll it.
	if (stmt.unroll !== undefined) b.block.unroll = stmt.unroll;
	f.targets = outer;
	b.begin(end);
}

const loopWord = (stmt: TStmt & { kind: "loop" }): "do" | "for" | "while" => (stmt.test === "after" ? "do" : stmt.for ? "for" : "while");

/** Ranges of cases up to this many values become single ones. */
const SMALL_RANGE = 8n;

function lowerSwitch(f: Lowering, stmt: TStmt & { kind: "switch" }): void {
	const { b } = f;
	const type = stmt.value.type;
	const value = isWide(type) ? f.wide(stmt.value).lo : f.value(stmt.value);
	const end = b.newBlock("switch.end");
	const blocks = new Map<number, Block>();
	const blockFor = (id: number): Block => {
		let block = blocks.get(id);
		if (block === undefined) {
			block = b.newBlock("switch.case");
			blocks.set(id, block);
			f.cases.set(id, block);
		}
		return block;
	};
	const cases: bigint[] = [];
	const targets: Block[] = [];
	for (const { from, to, id } of stmt.cases) {
		const target = blockFor(id);
		if (to < from) continue;
		if (to - from < SMALL_RANGE) {
			for (let at = from; at <= to; at++) {
				cases.push(constant(value.ty!, at).value);
				targets.push(target);
			}
			continue;
		}
		const next = b.newBlock("switch.range");
		const above = b.newBlock("switch.above");
		b.branch(b.icmp(isSigned(type) ? "sge" : "uge", value, constant(value.ty!, from)), above, next);
		b.begin(above);
		b.branch(b.icmp(isSigned(type) ? "sle" : "ule", value, constant(value.ty!, to)), target, next);
		b.begin(next);
	}
	const fallback = stmt.defaultId === undefined ? end : blockFor(stmt.defaultId);
	if (b.open) {
		if (value.op === "const") {
			const at = cases.indexOf(value.value);
			b.jump(at < 0 ? fallback : targets[at]);
		} else if (cases.length === 0) b.jump(fallback);
		else b.append("switch", null, [value], { cases }, [fallback, ...targets]);
	}
	const outer = f.targets;
	f.targets = { break: end, continue: outer.continue };
	// What stands before the first case is reached by nobody.
	f.statement(stmt.body);
	f.targets = outer;
	b.begin(end);
}

/** Label addresses are small numbers, so a computed goto is a switch over them. */
function computedGoto(f: Lowering, stmt: TStmt & { kind: "computed-goto" }): void {
	const { b } = f;
	if (stmt.target.kind === "label-address") return b.jump(labelBlock(f, stmt.target.label));
	const value = b.extend(f.value(stmt.target), false);
	f.computedGotos.push({ block: b.block, value });
	b.append("unreachable", null, []);
}

/** When all labels are known: the jumps of computed gotos. */
export function finishComputedGotos(f: Lowering): void {
	for (const { block, value } of f.computedGotos) {
		const at = block.insts.findIndex((inst) => inst.op === "unreachable");
		block.insts.length = at;
		const stuck = f.b.newBlock("nowhere");
		f.b.block = stuck;
		f.fn.blocks.push(stuck);
		f.b.append("unreachable", null, []);
		f.b.block = block;
		const cases = f.addressed.map((_, i) => BigInt(i + 1));
		f.b.append("switch", null, [value], { cases }, [stuck, ...f.addressed.map((name) => labelBlock(f, name))]);
	}
}

function lowerReturn(f: Lowering, stmt: TStmt & { kind: "return" }): void {
	const { b } = f;
	const { type, indirect } = f.result;
	const { value } = stmt;
	if (value === undefined || shapeOf(type).kind === "void") {
		if (value !== undefined) f.effect(value);
		endFunction(f);
		return;
	}
	if (indirect !== null) {
		const to = { base: indirect, type, align: 8, volatile: false };
		if (isMemory(type)) {
			if (value.kind === "load") copyPlace(f, { ...to, align: 1 }, f.place(value.from));
			else f.aggregate(value, { ...to, align: 1 });
		} else writeWide(f, to, f.wide(value));
		if (b.open) b.append("ret", null, []);
		return;
	}
	const result = f.value(value);
	b.loc = stmt.span;
	if (b.open) b.append("ret", null, [result]);
}

/** Falling off the end: the value is undefined, and so may be anything. */
export function endFunction(f: Lowering): void {
	if (!f.b.open) return;
	const { result } = f.fn;
	f.b.append("ret", null, result === null ? [] : [{ op: "undef", ty: result }]);
}
