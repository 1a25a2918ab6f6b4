import type { AsmFlavor } from "../ir/asm.ts";
import type { Inst, Ty, Value } from "../ir/types.ts";
import type { LExpr, TAsm, TExpr } from "../types/typed.ts";
import type { Lowering, Place } from "./state.ts";
import { integerType } from "../types/basic.ts";
import { sizeOf } from "../types/layout.ts";
import { convert } from "./convert.ts";
import { readPlace, writePlace } from "./places.ts";
import { isMemory, shapeOf, tyOf } from "./state.ts";

/**
 * Inline assembly. Operands of the instruction, in order: per output its address ("=m", "+m") or its old value ("+r"),
 * then the inputs. The first register output is the instruction's value, `asmout` reads the others.
 */
export function lowerAsm(f: Lowering, stmt: TAsm): void {
	const { b } = f;
	const args: Value[] = [];
	const outputs: AsmFlavor["outputs"][number][] = [];
	const registers: { place: Place; ty: Ty; stmt: TAsm["outputs"][number] }[] = [];
	for (const output of stmt.outputs) {
		const place = f.place(output.target);
		const memory = isMemoryConstraint(output.constraint) || isMemory(output.target.type);
		const ty = tyOf(output.target.type);
		const register = registerOf(output.target);
		outputs.push({
			...(output.name === undefined ? {} : { name: output.name }),
			constraint: output.constraint,
			inout: output.inout,
			earlyClobber: output.earlyClobber,
			memory,
			wide: ty !== "i32",
			...(register === undefined ? {} : { register }),
		});
		if (memory) args.push(place.base);
		else {
			if (output.inout) {
				// Where it is was computed above, and is computed once.
				b.loc = output.target.span;
				args.push(readPlace(f, place));
			}
			registers.push({ place, ty, stmt: output });
		}
	}
	const inputs: AsmFlavor["inputs"][number][] = [];
	for (const input of stmt.inputs) {
		const memory = input.lvalue !== undefined && isMemoryConstraint(input.constraint);
		const value = memory
			? f.place(input.lvalue!).base
			: isMemory(input.value.type)
				? f.aggregate(input.value).base
				: f.value(input.matches === undefined ? wholeRegister(input.value) : input.value);
		args.push(value);
		const register = input.value.kind === "load" ? registerOf(input.value.from) : convertedRegister(input.value);
		inputs.push({
			...(input.name === undefined ? {} : { name: input.name }),
			constraint: input.constraint,
			...(input.matches === undefined ? {} : { matches: input.matches }),
			memory,
			wide: value.ty !== "i32",
			...(register === undefined ? {} : { register }),
		});
	}
	const asm: AsmFlavor = {
		template: stmt.template,
		volatile: stmt.volatile || stmt.outputs.length === 0,
		outputs,
		inputs,
		clobbers: stmt.clobbers,
		labels: stmt.labels.map(asWritten),
	};
	const ty = registers.length > 0 ? registers[0].ty : null;
	b.loc = stmt.span;
	let inst: Inst;
	if (stmt.labels.length > 0) {
		const next = b.newBlock("asm.next");
		inst = b.append("asmgoto", ty, args, { asm }, [next, ...stmt.labels.map((name) => f.labels.get(name)!)]);
		b.begin(next);
	} else inst = b.append("asm", ty, args, { asm });
	const values = registers.map((register, index) => (index === 0 ? inst : b.append("asmout", register.ty, [inst], { index })));
	registers.forEach((register, index) => {
		const { type } = register.place;
		const shape = shapeOf(type);
		// What the assembly left is cut to the variable's width.
		const value =
			shape.kind === "int" && shape.type.size < 4
				? convert(b, values[index], { kind: "int", name: "unsigned int", size: 4, signed: false, rank: 3 }, type)
				: values[index];
		writePlace(f, register.place, value);
	});
}

/** `__label__` names carry a number behind a dot, which the template does not know. */
const asWritten = (label: string): string => label.split(".")[0];

/** "m", "o", "Q"… and no register: an address. */
const isMemoryConstraint = (constraint: string): boolean => /[moVp]/.test(constraint) && !/[rg]/.test(constraint);

const registerOf = (target: LExpr): string | undefined => (target.kind === "variable" ? target.symbol.register : undefined);

/**
 * What is converted to less than a register stays the register that it was: what an instruction finds above the operand's bits is nobody's promise, and
 * `"r"((short)x)` is how the kernel's bpf_cmp_likely() has the verifier compare x itself.
 */
function wholeRegister(value: TExpr): TExpr {
	let whole = value;
	while (
		whole.kind === "convert" &&
		integerType(whole.type) !== null &&
		integerType(whole.operand.type) !== null &&
		sizeOf(whole.type) < 4 &&
		sizeOf(whole.operand.type) >= sizeOf(whole.type)
	)
		whole = whole.operand;
	return whole;
}

const convertedRegister = (expr: TExpr): string | undefined =>
	expr.kind === "convert" ? convertedRegister(expr.operand) : expr.kind === "load" ? registerOf(expr.from) : undefined;
