/** The running kernel through bpftool: load, test-run, unload. Nothing is attached, and nothing stays. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BPF_FS = "/sys/fs/bpf";

/** Why the kernel cannot be asked here, or null. */
export function whyNoKernel(): string | null {
	if (process.platform !== "linux") return "not Linux";
	if (process.getuid?.() !== 0) return "not root";
	try {
		execFileSync("bpftool", ["version"], { stdio: "ignore" });
	} catch {
		return "no bpftool";
	}
	try {
		execFileSync("bpftool", ["prog", "list"], { stdio: "ignore" });
	} catch {
		return "bpf() is refused";
	}
	return null;
}

export interface KernelProgram {
	/** One BPF_PROG_TEST_RUN over a packet. */
	run(packet: Uint8Array): { readonly retval: number; readonly data: Uint8Array };
	unload(): void;
}

/** Loads an object of one program. @throws Error with bpftool's message when the kernel refuses it */
export function loadInKernel(object: Uint8Array): KernelProgram {
	const folder = mkdtempSync(join(tmpdir(), "ebpfcc-kernel-"));
	const pin = join(BPF_FS, `ebpfcc-${process.pid}-${Math.random().toString(36).slice(2)}`);
	const unload = () => {
		rmSync(pin, { force: true });
		rmSync(folder, { recursive: true, force: true });
	};
	const file = (name: string) => join(folder, name);
	writeFileSync(file("x.o"), object);
	try {
		execFileSync("bpftool", ["prog", "load", file("x.o"), pin], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	} catch (error) {
		unload();
		throw new Error(`the kernel refused the object: ${(error as { stderr?: string }).stderr ?? error}`);
	}
	return {
		run(packet) {
			writeFileSync(file("in"), packet);
			const output = execFileSync("bpftool", ["-j", "prog", "run", "pinned", pin, "data_in", file("in"), "data_out", file("out")], { encoding: "utf8" });
			return { retval: (JSON.parse(output) as { retval: number }).retval, data: new Uint8Array(readFileSync(file("out"))) };
		},
		unload,
	};
}
