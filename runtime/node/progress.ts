/** How far a long command is: on a terminal only, in one line that is gone when the work is done. */

/** The part of a stream that this needs: process.stderr, or a test's own. */
export interface ProgressOutput {
	readonly isTTY?: boolean;
	write(text: string): unknown;
}

const CLEAR_LINE = "\r\x1b[K";
const COUNTER_MS = 200;

/** Work whose end is known. Draws when it is called; `done` ≥ `total` clears the line. */
export function progressBar(
	label: string,
	{ width = 40, output = process.stderr }: { readonly width?: number; readonly output?: ProgressOutput } = {},
): (done: number, total: number) => void {
	if (!output.isTTY) return () => {};
	return (done, total) => {
		const filled = Math.round((width * done) / total);
		const percent = Math.floor((100 * done) / total);
		output.write(`\r${label} [${"#".repeat(filled)}${" ".repeat(width - filled)}] ${String(percent).padStart(3)} %`);
		if (done >= total) output.write(CLEAR_LINE);
	};
}

/** A line that counts, for work without a known end. */
export interface ProgressCounter {
	add(): void;
	/** Clears the line and stops the clock. */
	stop(): void;
}

/** Work whose end nobody knows, as what comes through a pipe: so many so far, and how fast. Draws five times a second. */
export function progressCounter(
	label: string,
	unit: string,
	{ output = process.stderr }: { readonly output?: ProgressOutput } = {},
): ProgressCounter {
	if (!output.isTTY) return { add: () => {}, stop: () => {} };
	const begin = performance.now();
	let count = 0;
	const timer = setInterval(() => {
		const seconds = (performance.now() - begin) / 1000;
		output.write(`${CLEAR_LINE}${label}: ${count} ${unit}, ${(count / seconds).toFixed(0)} a second`);
	}, COUNTER_MS);
	return {
		add: () => void count++,
		stop: () => {
			clearInterval(timer);
			output.write(CLEAR_LINE);
		},
	};
}
