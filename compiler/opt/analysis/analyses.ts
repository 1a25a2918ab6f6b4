import type { Block, Inst, IrFunction } from "../../ir/types.ts";
import type { AliasInfo } from "./alias.ts";
import type { Dominators } from "../../ir/cfg.ts";
import type { SlotUse } from "./slots.ts";
import { blockOf, dominators, predecessors, reversePostorder } from "../../ir/cfg.ts";
import { usersOf } from "../../ir/values.ts";
import { aliasInfo } from "./alias.ts";
import { slotUses } from "./slots.ts";

/**
 * What passes ask of a function, computed when first asked and kept until the function changes. Most passes find nothing to do, and
 * all of them begin with the same questions.
 *
 * A pass may trust `analysesOf` until its first change. What it asked for before stays as it was: nothing in here follows a change. A pass
 * that has changed the function and asks again, or has another pass work on it, calls `forget`; the pipeline does after each pass that says
 * it changed something. Under `check` the pipeline also compares what is kept with the function after a pass that says it did not.
 */
export class Analyses {
	#predecessors: ReadonlyMap<Block, readonly Block[]> | undefined;
	#order: readonly Block[] | undefined;
	#dominators: Dominators | undefined;
	#users: ReadonlyMap<Inst, readonly Inst[]> | undefined;
	#home: ReadonlyMap<Inst, Block> | undefined;
	#slots: readonly SlotUse[] | undefined;
	#alias: AliasInfo | undefined;

	constructor(readonly fn: IrFunction) {}

	get predecessors(): ReadonlyMap<Block, readonly Block[]> {
		return (this.#predecessors ??= predecessors(this.fn));
	}

	/** Reachable blocks in reverse postorder. */
	get order(): readonly Block[] {
		return (this.#order ??= this.#dominators?.order ?? reversePostorder(this.fn));
	}

	get dominators(): Dominators {
		return (this.#dominators ??= dominators(this.fn));
	}

	get users(): ReadonlyMap<Inst, readonly Inst[]> {
		return (this.#users ??= usersOf(this.fn));
	}

	/** The block that each instruction stands in. */
	get home(): ReadonlyMap<Inst, Block> {
		return (this.#home ??= blockOf(this.fn));
	}

	get slots(): readonly SlotUse[] {
		return (this.#slots ??= slotUses(this.fn, this.users));
	}

	get alias(): AliasInfo {
		return (this.#alias ??= aliasInfo(this.slots, this.users));
	}

	/** Whether every way to `b` has passed `a`. */
	isBefore(a: Inst, b: Inst): boolean {
		const [one, other] = [this.home.get(a)!, this.home.get(b)!];
		return one === other ? one.insts.indexOf(a) < one.insts.indexOf(b) : this.dominators.dominates(one, other);
	}

	/** The one of them that every way to the others has passed. */
	firstOf<T extends Inst>(some: readonly T[], all: readonly Inst[] = some): T | undefined {
		return some.find((one) => all.every((other) => other === one || this.isBefore(one, other)));
	}

	/** What is kept and no longer so; null: all of it holds. */
	stale(): string | null {
		const now = new Analyses(this.fn);
		if (this.#predecessors !== undefined && !isSame(this.#predecessors, now.predecessors)) return "predecessors";
		if (this.#order !== undefined && !isSameList(this.#order, now.order)) return "order";
		if (this.#dominators !== undefined && !isSameMap(this.#dominators.idom, now.dominators.idom)) return "dominators";
		if (this.#users !== undefined && !isSame(this.#users, now.users)) return "users";
		if (this.#home !== undefined && !isSameMap(this.#home, now.home)) return "home";
		if (this.#slots !== undefined && !isSameList(this.#slots.map(textOf), now.slots.map(textOf))) return "slots";
		return null;
	}
}

const isSameList = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

const isSameMap = <K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean =>
	a.size === b.size && [...b].every(([key, value]) => a.get(key) === value);

const isSame = <K, V>(a: ReadonlyMap<K, readonly V[]>, b: ReadonlyMap<K, readonly V[]>): boolean =>
	a.size === b.size && [...b].every(([key, list]) => isSameList(a.get(key) ?? [], list));

const textOf = ({ alloca, accesses, addresses, escapes, indexed, leaks }: SlotUse): string =>
	[
		alloca.id,
		escapes,
		leaks,
		...accesses.flatMap(({ inst, offset, operand, size }) => [inst.id, offset, operand, size]),
		"/",
		...addresses.map(({ id }) => id),
		"/",
		...indexed.map(({ id }) => id),
	].join(" ");

/** The analyses of the function that is worked on. */
export interface Kept {
	analyses: Analyses | null;
}

/** Who keeps them; nobody: each question is answered anew. */
interface Keeper {
	readonly kept?: Kept;
}

export function analysesOf(fn: IrFunction, { kept }: Keeper): Analyses {
	if (kept === undefined) return new Analyses(fn);
	if (kept.analyses?.fn !== fn) kept.analyses = new Analyses(fn);
	return kept.analyses;
}

export function forget({ kept }: Keeper): void {
	if (kept !== undefined) kept.analyses = null;
}
