/** The get of one or several keys, written by hand over the same memory: what the compiled hook is compared with. */
import { NODE, type StorageHook, XRP_CONTEXT } from "ebpfcc/runtime";

/** Offsets in the scratch page, as `struct ScatterGatherQuery` has them. */
const QUERY = { valuePtr: 8, state: 16, current: 20, count: 24, keys: 32, values: 288, stride: 65 } as const;

export function handWrittenGet(hook: StorageHook): StorageHook {
	const { u8, view } = hook.memory;
	const { data, scratch } = hook;
	const readNext = (context: number, low: number, high: number) => {
		view.setUint32(context + XRP_CONTEXT.nextAddr, low, true);
		view.setUint32(context + XRP_CONTEXT.nextAddr + 4, high, true);
		view.setUint32(context + XRP_CONTEXT.size, 512, true);
	};
	const nextKey = (context: number, current: number) => {
		view.setInt32(scratch + QUERY.state, 0, true);
		view.setInt32(scratch + QUERY.current, current + 1, true);
		if (current + 1 >= view.getInt32(scratch + QUERY.count, true)) view.setInt32(context + XRP_CONTEXT.done, 1, true);
		else readNext(context, view.getUint32(scratch, true), view.getUint32(scratch + 4, true) & 0x7fffffff);
	};
	const run = (context: number): number => {
		const current = view.getInt32(scratch + QUERY.current, true);
		const found = scratch + QUERY.values + QUERY.stride * current;
		if (view.getInt32(scratch + QUERY.state, true) === 1) {
			const at = data + (view.getUint32(scratch + QUERY.valuePtr, true) & 511);
			u8.copyWithin(found + 1, at, at + 64);
			u8[found] = 1;
			nextKey(context, current);
			return 0;
		}
		const low = view.getUint32(scratch + QUERY.keys + 8 * current, true);
		const high = view.getUint32(scratch + QUERY.keys + 8 * current + 4, true);
		let entry = 0;
		for (let key = data + NODE.keys + 8; entry < 30; key += 8, entry++) {
			const keyHigh = view.getUint32(key + 4, true);
			if (keyHigh > high || (keyHigh === high && view.getUint32(key, true) > low)) break;
		}
		const pointer = data + NODE.pointers + 8 * entry;
		const pointerLow = view.getUint32(pointer, true);
		const pointerHigh = view.getUint32(pointer + 4, true) & 0x7fffffff;
		const key = data + NODE.keys + 8 * entry;
		if (view.getUint32(data + NODE.type, true) === 0) readNext(context, pointerLow, pointerHigh);
		else if (view.getUint32(key, true) === low && view.getUint32(key + 4, true) === high) {
			view.setUint32(scratch + QUERY.valuePtr, pointerLow, true);
			view.setUint32(scratch + QUERY.valuePtr + 4, pointerHigh, true);
			view.setInt32(scratch + QUERY.state, 1, true);
			readNext(context, (pointerLow & ~511) >>> 0, pointerHigh);
		} else {
			u8[found] = 0;
			nextKey(context, current);
		}
		return 0;
	};
	return { ...hook, name: "hand-written get", run };
}
