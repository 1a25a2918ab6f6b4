import type { LocalInit } from "../types/typed.ts";
import type { Value } from "../ir/types.ts";
import type { Lowering, Place } from "./state.ts";
import { constant } from "../ir/values.ts";
import { sizeOf } from "../types/layout.ts";
import { isMemory, isWide } from "./state.ts";
import { access, alignAt, writePlace, writeWide } from "./places.ts";

/**
 * Initialisers of automatic variables: zero the object when the list leaves something out, then store in order.
 * Values of bytes (strings) become stores of constants, as wide as the alignment allows.
 */
export function storeInit(f: Lowering, place: Place, init: LocalInit): void {
	const size = sizeOf(place.type);
	if (init.zero && size > 0) f.b.append("memset", null, [place.base, constant("i32", 0)], { size, align: Math.min(place.align, 8) });
	for (const store of init.stores) {
		const base = f.b.ptradd(place.base, store.offset);
		const align = alignAt(place.align, store.offset);
		if (store.kind === "bytes") {
			storeBytes(f, base, align, store.bytes, init.zero);
			continue;
		}
		const target: Place = { base, type: store.type, align, volatile: place.volatile };
		if (isMemory(store.type)) f.aggregate(store.value, target);
		else if (isWide(store.type)) writeWide(f, target, f.wide(store.value));
		else if (store.bits !== undefined) {
			const { bitOffset, bitWidth } = store.bits;
			const bits = { offset: store.offset * 8 + bitOffset, width: bitWidth, size };
			writePlace(f, { ...target, base: place.base, align: place.align, bits }, f.value(store.value));
		} else writePlace(f, target, f.value(store.value));
	}
}

function storeBytes(f: Lowering, base: Value, align: number, bytes: Uint8Array, zeroed: boolean): void {
	for (let at = 0; at < bytes.length; ) {
		let size = Math.min(8, align);
		while (size > bytes.length - at || at % size !== 0) size /= 2;
		let value = 0n;
		for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]);
		if (!(zeroed && value === 0n)) f.b.store(f.b.ptradd(base, at), constant(size === 8 ? "i64" : "i32", value), access(size, size, false));
		at += size;
	}
}
