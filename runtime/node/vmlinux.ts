/** The types that `#include "vmlinux.h"` means where no such file is: those of Linux 6.18, which the package brings as compressed BTF. */
import { BtfView } from "../../assembler/btf/view.ts";

const PLACE = "compiler/headers/vmlinux.btf.gz";

let types: Uint8Array | null | undefined;

/** Raw BTF, unpacked once; null where the file beside this code is missing. */
export function bundledVmlinux(): Uint8Array | null {
	if (types !== undefined) return types;
	// Loaded where it is wanted: seldom.
	const { existsSync, readFileSync } = process.getBuiltinModule("node:fs");
	// The sources lie two folders deep, a bundle's chunks one.
	const file = [`../../${PLACE}`, `../${PLACE}`].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
	types = file === undefined ? null : process.getBuiltinModule("node:zlib").gunzipSync(readFileSync(file));
	return types;
}

let view: BtfView | undefined;

/**
 * The same for `load(bytes, { kernelBtf })`: what programs are attached to and CO-RE is resolved against, on a machine whose kernel does not say.
 * @throws Error where the file beside this code is missing
 */
export function bundledKernelBtf(): BtfView {
	if (view !== undefined) return view;
	const bytes = bundledVmlinux();
	if (bytes === null) throw new Error(`${PLACE} is not there: the package is not whole`);
	view = new BtfView(bytes);
	return view;
}
