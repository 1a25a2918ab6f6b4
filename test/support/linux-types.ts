/** The types of Linux 6.18 that the package brings: the same on every machine. */
import { bundledKernelBtf } from "../../runtime/node/vmlinux.ts";
import { kernelTypes } from "../../runtime/verifier/btf.ts";

export const linuxBtf = bundledKernelBtf();
export const linuxTypes = kernelTypes(linuxBtf);
