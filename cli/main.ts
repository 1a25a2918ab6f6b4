#!/usr/bin/env node
/**
 * The command. When the first word is a verb of ours (`ebpfcc dump x.o`) its module is loaded; anything else is clang's command line
 * (`ebpfcc -O2 -c x.c -o x.o`). Modules are loaded when they are needed: a compiler is started a thousand times by make.
 */
import type { Command } from "commander";
import { loadScript } from "./compiler-script.ts";

type Verb = () => Promise<{ register(program: Command): void }>;

const VERBS: Readonly<Record<string, Verb>> = {
	as: () => import("./as.ts"),
	btf: () => import("./btf.ts"),
	dump: () => import("./dump.ts"),
	"explain-log": () => import("./explain-log.ts"),
	gen: () => import("./gen.ts"),
	kv: () => import("./kv.ts"),
	link: () => import("./link.ts"),
	run: () => import("./run.ts"),
	verify: () => import("./verify.ts"),
};

const SIGPIPE = 13;

/** A reader that has seen enough (`ebpfcc verify x.o | head`) ends the command as SIGPIPE ends one of C; one that stopped listening to the messages does not. */
function endWithReader(): void {
	process.stdout.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
		process.exit(128 + SIGPIPE);
	});
	process.stderr.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
	});
}

async function main(argv: readonly string[]): Promise<void> {
	const [verb] = argv;
	if (verb !== undefined && Object.hasOwn(VERBS, verb)) {
		const { Command } = await import("commander");
		const program = new Command("ebpfcc");
		(await VERBS[verb]()).register(program);
		await program.parseAsync(argv, { from: "user" });
		return;
	}
	const script = loadScript(import.meta.url);
	const { compileCommand } = script?.compiler ?? (await import("./compile.ts"));
	process.exitCode = await compileCommand(argv, Object.keys(VERBS));
	script?.finish();
}

endWithReader();
main(process.argv.slice(2)).catch((error: unknown) => {
	const message = error instanceof Error ? error.message : String(error);
	process.stderr.write(`ebpfcc: internal error: ${message}\n`);
	if (error instanceof Error && process.env.EBPFCC_DEBUG !== undefined) process.stderr.write(`${error.stack}\n`);
	else process.stderr.write("This is a bug in ebpfcc, not in your program. EBPFCC_DEBUG=1 shows where; please report it with the input.\n");
	process.exitCode = 1;
});
