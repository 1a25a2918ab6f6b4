/**
 * One subprogram's operations and graph in; out, for every slot, what the emitters need to choose representations.
 * Three passes, each plain dataflow: forward.ts (values), liveness.ts (which halves are needed), webs.ts (what shares a local).
 */
import type { Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { forward } from "./forward.ts";
import { backward } from "./liveness.ts";
import type { State } from "./range.ts";
import type { Analysis, AnalysisOptions, Draft } from "./representation.ts";
import { NO_OFFSET } from "./representation.ts";
import { webs } from "./webs.ts";

/** First half, callers before callees: `call` reports the argument state of each subprogram call, for the callee's entry. */
export function analyseForward(
	ops: readonly (Op | null)[],
	slots: number,
	cfg: Cfg,
	registers: number,
	entry: State,
	options: AnalysisOptions,
	call: (target: number, state: State) => void,
): Draft {
	const draft: Draft = {
		flags: new Uint32Array(slots),
		wide: new Int32Array(slots),
		argZero: new Int32Array(slots),
		argSign: new Int32Array(slots),
		stack: new Int32Array(slots).fill(NO_OFFSET),
		from: new Int8Array(slots).fill(-1),
		added: new Float64Array(slots),
		map: new Int32Array(slots).fill(-1),
		constant: new Float64Array(slots).fill(Number.NaN),
		words: new Int32Array(slots).fill(-1),
		unreached: new Uint8Array(cfg.blocks.length),
		exposed: [],
		sums: options.checked ? new Float64Array(slots * 4) : null,
		loops: null,
		counted: new Map(),
		oneWay: new Map(),
	};
	forward(ops, cfg, registers, entry, options, draft, call);
	return draft;
}

/** Second half, callees before callers: `options.shape` then knows what each callee needs. */
export function analyseBackward(
	ops: readonly (Op | null)[],
	cfg: Cfg,
	registers: number,
	options: AnalysisOptions,
	draft: Draft,
): Analysis {
	const live = backward(ops, cfg, options, draft);
	const wideIn = webs(ops, cfg, registers, draft, live);
	return { ...draft, liveIn: live.low[0] | live.high[0], wideIn };
}
