/**
 * Ids of an old state and the ones that stand for them in a new: two states are the same when one renaming of ids makes them so.
 *
 * Source: check_ids, check_scalar_ids of kernel/bpf/verifier.c.
 */
import { baseId, isAddConst } from "./state.ts";

const MAX_IDS = 600;

export class IdMap {
	private readonly old = new Float64Array(MAX_IDS);
	private readonly now = new Float64Array(MAX_IDS);
	private count = 0;
	private fresh = 0;

	reset(ids: number): void {
		this.count = 0;
		this.fresh = ids;
	}

	match(old: number, now: number): boolean {
		if ((old !== 0) !== (now !== 0)) return false;
		if (old === 0) return true;
		for (let i = 0; i < this.count; i++) {
			if (this.old[i] === old) return this.now[i] === now;
			if (this.now[i] === now) return false;
		}
		if (this.count === MAX_IDS) return false;
		this.old[this.count] = old;
		this.now[this.count++] = now;
		return true;
	}

	/** Scalars without an id are each their own. */
	matchScalar(old: number, now: number): boolean {
		if (old === 0) return true;
		now = now === 0 ? ++this.fresh : now;
		if (!this.match(old, now)) return false;
		return isAddConst(old) ? this.match(baseId(old), baseId(now)) : true;
	}
}
