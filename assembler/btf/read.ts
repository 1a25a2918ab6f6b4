/** BTF bytes to plain data, all types at once: for the BTF of an object. (The kernel's is better looked at through `BtfView`.) */
import type { Btf, BtfType } from "./types.ts";
import { BtfView } from "./view.ts";

/** The bytes of a `.BTF` section, or a view of them, to all of its types. @throws FormatError for what is no BTF @throws FormatError with the offset in the bytes */
export function readBtf(source: Uint8Array | BtfView): Btf {
	const view = source instanceof BtfView ? source : new BtfView(source);
	const types: BtfType[] = [{ kind: "void" }];
	// Ids of a split BTF go on from those of its base, which is copied in front so that ids stay indexes.
	for (let id = 1; id < view.count; id++) types.push(view.type(id));
	return view.base ? { types, baseCount: view.firstId } : { types };
}
