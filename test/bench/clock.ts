/** The process's CPU time in milliseconds: other work on the machine counts little in it. */
export const cpu = (): number => {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
};

/** The least CPU time of `runs` runs, in milliseconds. */
export async function best(runs: number, run: () => unknown): Promise<number> {
	let least = Number.POSITIVE_INFINITY;
	for (let i = 0; i < runs; i++) {
		const before = cpu();
		await run();
		least = Math.min(least, cpu() - before);
	}
	return least;
}
