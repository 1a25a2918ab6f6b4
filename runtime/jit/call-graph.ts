/**
 * Which subprogram calls which: an order in which callers come before callees, and how deep each stands on the stack.
 * In: subprograms by their first slots, with those that they call and those whose address they take.
 */

interface Caller {
	readonly calls: readonly number[];
	readonly takes: readonly number[];
}
type Callers = ReadonlyMap<number, Caller>;

/** Topological order from the main program. Recursion has none. */
export function callersFirst(callers: Callers): number[] | { slot: number; why: string } {
	const done = new Map<number, "open" | "closed">();
	const order: number[] = [];
	let recursion = -1;
	const visit = (entry: number): void => {
		if (done.get(entry) === "open") recursion = entry;
		if (done.has(entry)) return;
		done.set(entry, "open");
		const caller = callers.get(entry);
		for (const target of caller?.calls ?? []) visit(target);
		// A callback that hands itself on is no recursion of ours: the helper calls it later.
		for (const target of caller?.takes ?? []) if (done.get(target) !== "open") visit(target);
		done.set(entry, "closed");
		order.push(entry);
	};
	visit(0);
	if (recursion >= 0) return { slot: recursion, why: "a subprogram that calls itself" };
	return order.reverse();
}

/** Frames above each one's own. */
export function depths(order: readonly number[], callers: Callers): Map<number, number> {
	const depth = new Map<number, number>(order.map((entry) => [entry, 0]));
	for (const entry of order) {
		const { calls, takes } = callers.get(entry)!;
		const own = depth.get(entry)!;
		for (const target of calls) depth.set(target, Math.max(depth.get(target)!, own + 1));
		// The helper may be called from any function below this one.
		for (const target of takes) if (target !== entry) depth.set(target, Math.max(depth.get(target)!, own + 1 + height(entry, callers)));
	}
	return depth;
}

/** Longest chain of direct calls from here. */
function height(entry: number, callers: Callers): number {
	let most = 0;
	for (const target of callers.get(entry)!.calls) most = Math.max(most, 1 + height(target, callers));
	return most;
}
