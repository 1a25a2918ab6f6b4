import type { Inst, Op, Value } from "../../ir/types.ts";
import { constant, isConst } from "../../ir/values.ts";
import { c, is, type Law, type Rewriter, zeroRight } from "./law.ts";

/** Addresses: moved, cast, and as numbers. */
export const pointerLaws: Partial<Record<Op, readonly Law[]>> = {
	ptrtoint: [(inst) => (is(inst.args[0], "inttoptr") ? inst.args[0].args[0] : null)],
	inttoptr: [
		(inst) => (is(inst.args[0], "ptrtoint") ? inst.args[0].args[0] : null),
		// (long)p + c back to a pointer is p moved by c
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "add")) return null;
			const base = a.args.findIndex((arg) => is(arg, "ptrtoint"));
			if (base < 0) return null;
			return rw.make("ptradd", "ptr", [(a.args[base] as Inst).args[0], a.args[1 - base]]);
		},
	],
	ptradd: [
		// p + offsetof(struct s, member), where the offset is relocated: the member of what lies at p.
		(inst, rw) =>
			is(inst.args[1], "ptrtoint") && is(inst.args[1].args[0], "coreoffset") ? memberAt(inst.args[1].args[0], inst.args[0], rw) : null,
		zeroRight,
		(inst, rw) => {
			const [p, x] = inst.args;
			if (!is(p, "ptradd")) return null;
			const inner = c(p.args[1]);
			const outer = c(x);
			// (p + c1) + c2 = p + (c1 + c2)
			if (inner !== null && outer !== null) return rw.make("ptradd", "ptr", [p.args[0], constant("i64", inner + outer)]);
			// (p + c) + x = (p + x) + c: loads and stores have constant offsets, and p + x is one value however often it is moved
			if (inner !== null && outer === null) return rw.make("ptradd", "ptr", [rw.make("ptradd", "ptr", [p.args[0], x]), p.args[1]]);
			return null;
		},
		// p + (x + c) = (p + x) + c, unless the sum is what was checked
		(inst, rw) => {
			const [p, x] = inst.args;
			if (!is(x, "add") || c(x.args[1]) === null || rw.uses(x) > 1) return null;
			return rw.make("ptradd", "ptr", [rw.make("ptradd", "ptr", [p, x.args[0]]), x.args[1]]);
		},
		(inst, rw) => {
			const [p, x] = inst.args;
			if (!is(p, "global") || !isConst(x)) return null;
			return rw.make("global", "ptr", [], { ...p.attr, offset: (p.attr!.offset ?? 0) + Number(x.value) });
		},
	],
	// A pointer is cast before it is moved: its neighbours share the cast.
	addrspace: [
		(inst, rw) =>
			is(inst.args[0], "ptradd") && isConst(inst.args[0].args[1])
				? rw.make("ptradd", "ptr", [rw.make("addrspace", "ptr", [inst.args[0].args[0]], inst.attr), inst.args[0].args[1]])
				: null,
	],
};

/** What members of members, from address 0 on, are of the pointer; null: it is not address 0 that they begin at. */
function memberAt(member: Value, pointer: Value, rw: Rewriter): Value | null {
	if (isConst(member)) return member.value === 0n ? pointer : null;
	if (!is(member, "coreoffset")) return null;
	const whole = memberAt(member.args[0], pointer, rw);
	return whole === null ? null : rw.make("coreoffset", "ptr", [whole], member.attr);
}
