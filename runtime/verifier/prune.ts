/**
 * Pruning: a path ends where it reaches a state that an earlier, accepted path's state includes. Also where endless loops are found.
 *
 * In: `env.current` at a prune point; out: "pruned" (with the precision marks it needs), or the state saved for later ones.
 * Source: is_state_visited, states_equal, regsafe, stacksafe, refsafe of kernel/bpf/verifier.c, Linux 6.18.
 */
import { EINVAL, type Env, reject } from "./env.ts";
import { IdMap } from "./id-map.ts";
import { isMayGoto } from "./structure.ts";
import { includes, same, unbounded } from "./range.ts";
import { markAllScalarsImprecise, propagatePrecision, pushHistory } from "./precision.ts";
import { addBackedge, addCallbackEdge, enterScc, marksIncomplete, updatePeak } from "./scc.ts";
import {
	ITER_ACTIVE,
	REF_IRQ,
	REF_PTR,
	type Frame,
	type Reg,
	type State,
	frameInsn,
	isAddConst,
	notInit,
	sameCallsites,
	scalar,
} from "./state.ts";
import {
	DYNPTR,
	INVALID,
	IRQ,
	ITER,
	MISC,
	NOT_INIT,
	PTR_TO_ARENA,
	PTR_TO_BUF,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_STACK,
	PTR_TO_TP_BUFFER,
	SCALAR,
	SPILL,
	ZERO,
	baseOf,
	kindAt,
	kindsOf,
} from "./types.ts";

const NOT_EXACT = 0;
const EXACT = 1;
const RANGE_WITHIN = 2;
/** As RANGE_WITHIN, but what was not there allows anything: all that safety asks of a loop. */
const RANGE_ONLY = 3;
type Exactness = typeof NOT_EXACT | typeof EXACT | typeof RANGE_WITHIN | typeof RANGE_ONLY;

const idMap = new IdMap();

function exactly(old: Reg, now: Reg): boolean {
	return old.sameKind(now) && same(old.range, now.range) && idMap.match(old.id, now.id) && idMap.match(old.refObjId, now.refObjId);
}

/** Whether the old register includes the new one. `precise`: its exact value matters. */
function regSafe(env: Env, old: Reg, now: Reg, precise: boolean, exact: Exactness): boolean {
	if (exact === EXACT) return exactly(old, now);
	// Where a loop is compared with itself, what was not there counts (until 6.18).
	if (old.type === NOT_INIT && (exact !== RANGE_WITHIN || now.type === NOT_INIT)) return true;
	if (old.type !== now.type) return false;
	switch (baseOf(old.type)) {
		case SCALAR:
			if (env.exploreAluLimits) return old.sameKind(now) && same(old.range, now.range) && idMap.matchScalar(old.id, now.id);
			if (!precise && exact === NOT_EXACT) return true;
			if (isAddConst(old.id) && !isAddConst(now.id)) return false;
			if (old.id && !isAddConst(old.id) && isAddConst(now.id)) return false;
			if (isAddConst(old.id) && old.off !== now.off) return false;
			return idMap.matchScalar(old.id, now.id) && includes(old.range, now.range);
		case PTR_TO_MAP_KEY:
		case PTR_TO_MAP_VALUE:
		case PTR_TO_MEM:
		case PTR_TO_BUF:
		case PTR_TO_TP_BUFFER:
			return old.sameKind(now) && includes(old.range, now.range) && idMap.match(old.id, now.id) && idMap.match(old.refObjId, now.refObjId);
		case PTR_TO_PACKET_META:
		case PTR_TO_PACKET:
			// A pointer whose distance to the end is known further is as good; one that is known to be at the end or past it is like no other.
			if (old.packetRange < 0 || now.packetRange < 0 ? old.packetRange !== now.packetRange : old.packetRange > now.packetRange)
				return false;
			return old.off === now.off && idMap.match(old.id, now.id) && includes(old.range, now.range);
		case PTR_TO_STACK:
			return exactly(old, now) && old.frameno === now.frameno;
		case PTR_TO_ARENA:
			return true;
		default:
			return exactly(old, now);
	}
}

const ALL_MISC = kindsOf(MISC);
const ALL_SPILL = kindsOf(SPILL);
const unboundScalar = scalar(unbounded);

function allMisc(env: Env, kinds: number): boolean {
	if (kinds === ALL_MISC) return true;
	for (let i = 0; i < 8; i++) {
		const k = kindAt(kinds, i);
		if (k !== MISC && !(k === INVALID && env.allowUninitStack)) return false;
	}
	return true;
}

/** The scalar that a whole slot holds, when it is one. */
function slotScalar(env: Env, kinds: number, reg: Reg): Reg | null {
	if (kindAt(kinds, 0) === SPILL && reg.type === SCALAR) return reg;
	return allMisc(env, kinds) ? unboundScalar : null;
}

function stackSafe(env: Env, old: Frame, now: Frame, exact: Exactness): boolean {
	for (let s = 0; s < old.kinds.length; s++) {
		const kinds = old.kinds[s];
		const nowKinds = s < now.kinds.length ? now.kinds[s] : 0;
		if (exact === EXACT || exact === RANGE_WITHIN) {
			if (s >= now.kinds.length || kinds !== nowKinds) return false;
		}
		if (kinds === 0) continue;
		if (kinds === ALL_MISC && env.allowUninitStack) continue;
		if (kinds === ALL_SPILL && nowKinds === ALL_SPILL) {
			if (!regSafe(env, old.slots[s], now.slots[s], old.slotIsPrecise(s), exact)) return false;
			continue;
		}
		const oldReg = slotScalar(env, kinds, old.slots[s]);
		let compared = false;
		for (let i = 0; i < 8; i++) {
			const k = kindAt(kinds, i);
			if (k === INVALID || (k === MISC && env.allowUninitStack)) continue;
			if (s >= now.kinds.length) return false;
			if (oldReg && !compared) {
				const nowReg = slotScalar(env, nowKinds, now.slots[s]);
				if (nowReg) {
					if (!regSafe(env, oldReg, nowReg, oldReg !== unboundScalar && old.slotIsPrecise(s), exact)) return false;
					break;
				}
				compared = true;
			}
			const n = kindAt(nowKinds, i);
			if (k === MISC && n === ZERO) continue;
			if (k !== n) return false;
			if (i !== 7) continue;
			if (!slotSafe(env, k, old, now, s, exact)) return false;
		}
	}
	return true;
}

function slotSafe(env: Env, kind: number, old: Frame, now: Frame, s: number, exact: Exactness): boolean {
	const a = old.slots[s];
	const b = now.slots[s];
	switch (kind) {
		case SPILL:
			return regSafe(env, a, b, old.slotIsPrecise(s), exact);
		case DYNPTR:
			return a.dynptrType === b.dynptrType && a.dynptrFirst === b.dynptrFirst && idMap.match(a.refObjId, b.refObjId);
		case ITER:
			return a.btf === b.btf && a.btfId === b.btfId && a.iterState === b.iterState && idMap.match(a.refObjId, b.refObjId);
		case IRQ:
			return idMap.match(a.refObjId, b.refObjId) && a.irqClass === b.irqClass;
		default:
			return true;
	}
}

function refSafe(old: State, now: State): boolean {
	if (
		old.refs.length !== now.refs.length ||
		old.activeLocks !== now.activeLocks ||
		old.activePreempt !== now.activePreempt ||
		old.activeRcu !== now.activeRcu
	)
		return false;
	if (!idMap.match(old.activeIrqId, now.activeIrqId)) return false;
	if (!idMap.match(old.activeLockId, now.activeLockId) || old.activeLockOwner !== now.activeLockOwner) return false;
	for (let i = 0; i < old.refs.length; i++) {
		const a = old.refs[i];
		const b = now.refs[i];
		if (!idMap.match(a.id, b.id) || a.kind !== b.kind) return false;
		if (a.kind !== REF_PTR && a.kind !== REF_IRQ && a.owner !== b.owner) return false;
	}
	return true;
}

function statesEqual(env: Env, old: State, now: State, exact: Exactness): boolean {
	if (old.curframe !== now.curframe) return false;
	idMap.reset(env.ids + env.refIds);
	if (old.speculative && !now.speculative) return false;
	if (old.inSleepable !== now.inSleepable) return false;
	if (!refSafe(old, now)) return false;
	for (let i = 0; i <= old.curframe; i++) {
		const a = old.frames[i];
		const b = now.frames[i];
		if (a.callsite !== b.callsite) return false;
		if (a.callbackDepth > b.callbackDepth) return false;
		const live = env.liveRegs[frameInsn(old, i)];
		for (let r = 0; r < 11; r++) {
			if (live & (1 << r) && !regSafe(env, a.regs[r], b.regs[r], (a.preciseRegs & (1 << r)) !== 0, exact)) return false;
		}
		if (!stackSafe(env, a, b, exact)) return false;
	}
	return true;
}

/** Forgets registers and slots that nothing reads from here on. */
function clean(env: Env, state: State): void {
	env.liveness.startQuery(state);
	state.cleaned = true;
	for (let i = 0; i <= state.curframe; i++) {
		const frame = state.frames[i];
		const live = env.liveRegs[frameInsn(state, i)];
		for (let r = 0; r < 10; r++) if (!(live & (1 << r))) frame.regs[r] = notInit;
		for (let s = 0; s < frame.kinds.length; s++) {
			if (frame.kinds[s] !== 0 && !env.liveness.isLive(i, s)) {
				frame.kinds[s] = 0;
				frame.slots[s] = notInit;
			}
		}
	}
}

function maybeLooping(old: State, now: State): boolean {
	if (old.curframe !== now.curframe) return false;
	const a = old.frames[old.curframe].regs;
	const b = now.frames[now.curframe].regs;
	for (let i = 0; i < 11; i++) {
		if (a[i] === b[i]) continue;
		if (!a[i].sameKind(b[i]) || !same(a[i].range, b[i].range) || a[i].id !== b[i].id || a[i].refObjId !== b[i].refObjId) return false;
	}
	return true;
}

function iterDepthsDiffer(old: State, now: State): boolean {
	for (let f = old.curframe; f >= 0; f--) {
		const frame = old.frames[f];
		for (let s = 0; s < frame.kinds.length; s++) {
			if (kindAt(frame.kinds[s], 0) !== ITER || frame.slots[s].iterState !== ITER_ACTIVE) continue;
			if (now.frames[f].slots[s]?.iterDepth !== frame.slots[s].iterDepth) return true;
		}
	}
	return false;
}

/** The iterator that the call at this instruction advances is still active. */
function iteratorActive(env: Env): boolean {
	const reg = env.regs[1];
	if (reg.type !== PTR_TO_STACK) return false;
	const slot = (-(reg.off + reg.range.sminNumber) - 1) >> 3;
	return env.current.frames[reg.frameno]?.slots[slot]?.iterState === ITER_ACTIVE;
}

function bucketOf(env: Env, insn: number): number {
	const { callsite } = env.frame;
	return ((insn ^ callsite) >>> 0) % env.insns.length;
}

/** Another visit of the same instruction in the same calls whose paths are not finished, above this one: for loops of iterators and callbacks. */
export function findUnfinished(env: Env, now: State, insn: number): State | null {
	const list = env.explored[bucketOf(env, insn)];
	if (!list) return null;
	for (let i = list.length - 1; i >= 0; i--) {
		const st = list[i];
		if (st.insn === insn && st.branches && sameCallsites(st, now) && st.dfsDepth < now.dfsDepth) return st;
	}
	return null;
}

/** True: the path ends here. */
export function isVisited(env: Env, insn: number): boolean {
	const now = env.current;
	const forced = env.testStateFreq || env.forceCheckpoint[insn] !== 0 || (now.history !== null && now.history.count > 40);
	let addNew = forced;
	if (env.jumpsProcessed - env.prevJumpsProcessed >= 2 && env.insnsProcessed - env.prevInsnsProcessed >= 8) addNew = true;
	const bucket = bucketOf(env, insn);
	const list = (env.explored[bucket] ??= []);
	for (const st of list) {
		if (st.branches || st.insn !== insn || st.cleaned || !sameCallsites(st, now) || marksIncomplete(st)) continue;
		clean(env, st);
	}
	const count = list.length;
	// Of the state compared last, until a finished one or a loop says otherwise: so a callback that came round can count as a back edge after all.
	let loop = false;
	for (let i = list.length - 1; i >= 0; i--) {
		const st = list[i];
		if (st.insn !== insn) continue;
		let hit = false;
		const unfinished = st.branches > 0;
		if (unfinished) {
			const verdict = compareUnfinished(env, st, now, insn);
			hit = verdict !== "miss";
			if (verdict === "loop" || (hit && env.thorough)) loop = true;
			else if (!hit && !forced && env.jumpsProcessed - env.prevJumpsProcessed < 20 && env.insnsProcessed - env.prevInsnsProcessed < 100)
				addNew = false;
		} else {
			loop = marksIncomplete(st);
			hit = statesEqual(env, st, now, loop ? loopExactness(env) : NOT_EXACT);
		}
		if (hit) {
			st.hits++;
			if (env.jumpPoint[insn]) pushHistory(env, now, 0, null);
			propagatePrecision(env, st, now);
			env.collector?.pruned(env, st, now, insn, unfinished || loop);
			if (unfinished || loop) {
				const edge = now.copy();
				edge.equalState = st;
				edge.insn = insn;
				if (loop) addBackedge(env, st, edge);
				else addCallbackEdge(env, edge);
			}
			return true;
		}
		if (addNew) st.misses++;
		const factor = env.forceCheckpoint[insn] && st.branches > 0 ? 64 : 3;
		if (st.misses > st.hits * factor + factor) {
			list.splice(i, 1);
			env.exploredStates--;
			// It stays until the paths through it are finished.
			if (st.branches > 0 || marksIncomplete(st)) {
				st.evicted = true;
				env.freeStates++;
			}
		}
	}
	if (env.maxStatesPerInsn < count) env.maxStatesPerInsn = count;
	if (addNew) save(env, now, insn, list);
	return false;
}

/** Inside a loop marks of precision are incomplete: every range counts. */
const loopExactness = (env: Env): Exactness => (env.thorough ? RANGE_ONLY : RANGE_WITHIN);

function compareUnfinished(env: Env, st: State, now: State, insn: number): "loop" | "callback" | "miss" {
	const frame = st.frames[st.curframe];
	if (frame.inAsyncCallback && frame.asyncEntries !== now.frames[now.curframe].asyncEntries) return "miss";
	const exact = loopExactness(env);
	if (env.isIterNext[insn]) return statesEqual(env, st, now, exact) && iteratorActive(env) ? "loop" : "miss";
	if (isMayGoto(env.insns[insn]) && st.mayGotoDepth !== now.mayGotoDepth && statesEqual(env, st, now, exact)) return "loop";
	if (env.callsCallback[insn]) return statesEqual(env, st, now, exact) ? "callback" : "miss";
	if (
		maybeLooping(st, now) &&
		statesEqual(env, st, now, EXACT) &&
		!iterDepthsDiffer(st, now) &&
		st.mayGotoDepth === now.mayGotoDepth &&
		st.callbackUnroll === now.callbackUnroll
	) {
		env.trace?.line(insn);
		reject(EINVAL, `infinite loop detected at insn ${insn}`, {
			code: "V0401",
			suggestion: "make the loop's condition depend on a value that changes, with a bound that is known",
			logged: env.trace?.states(now, st),
		});
	}
	return "miss";
}

function save(env: Env, now: State, insn: number, list: State[]): void {
	env.totalStates++;
	env.exploredStates++;
	updatePeak(env);
	env.prevJumpsProcessed = env.jumpsProcessed;
	env.prevInsnsProcessed = env.insnsProcessed;
	markAllScalarsImprecise(now);
	const saved = now.copy();
	saved.insn = insn;
	enterScc(env, saved);
	now.parent = saved;
	now.firstInsn = insn;
	now.dfsDepth = saved.dfsDepth + 1;
	now.history = null;
	list.push(saved);
}
