/**
 * Writes compiler/headers/vmlinux.btf.gz: the kernel's types where there is no kernel to ask, for `#include "vmlinux.h"`, CO-RE and
 * the verifier. They are those of the running kernel (Linux 6.18, x86-64), or of the file named.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { BtfView } from "../../assembler/btf/view.ts";

const btf = readFileSync(process.argv[2] ?? "/sys/kernel/btf/vmlinux");
// Throws where it is none.
new BtfView(btf);
const packed = gzipSync(btf, { level: 9 });
writeFileSync(new URL("../../compiler/headers/vmlinux.btf.gz", import.meta.url), packed);
console.log(`${btf.length} bytes of types, ${packed.length} packed`);
