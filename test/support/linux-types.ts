/** The types of Linux 6.18 that the package brings: the same on every machine. */
import { bundledKernelBtf } from "../../runtime/node/vmlinux.ts";
import { kernelTypes } from "../../runtime/verifier/btf.ts";

const bundled = bundledKernelBtf();
if (bundled === null) throw new Error("compiler/headers/vmlinux.btf.gz is not there");
export const linuxBtf = bundled;
export const linuxTypes = kernelTypes(bundled);
