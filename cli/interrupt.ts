/** ^C, and its like, as an AbortSignal: for commands that have something to put away first. */
import { constants } from "node:os";
import { Complaint } from "./files.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Why a command ended early; its exit status is that of a command which the signal ended. */
export class Interrupted extends Complaint {
	readonly status: number;

	constructor(signal: (typeof SIGNALS)[number]) {
		super(`interrupted by ${signal}`);
		this.status = 128 + constants.signals[signal];
	}
}

/** Runs `work`; the first signal aborts it with `Interrupted`, a second one ends the process. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const controller = new AbortController();
	const stopListening = () => {
		for (const signal of SIGNALS) process.removeListener(signal, interrupt);
	};
	const interrupt = (signal: (typeof SIGNALS)[number]) => {
		stopListening();
		controller.abort(new Interrupted(signal));
	};
	for (const signal of SIGNALS) process.on(signal, interrupt);
	try {
		return await work(controller.signal);
	} finally {
		stopListening();
	}
}
