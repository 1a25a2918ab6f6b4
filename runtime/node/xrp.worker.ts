/** A thread that serves XRP chains over one file, or several: its own descriptors, its own instance of the programs, slots of its own. */
import { parentPort, workerData } from "node:worker_threads";
import type { StorageHook } from "../xrp/chain.ts";
import { readXrpSync } from "../xrp/engine.ts";
import { readXrpFanout } from "../xrp/fanout.ts";
import { Ring, SLOT } from "../xrp/ring.ts";
import { deviceOpener, openAll } from "./pool-device.ts";
import { loadHooks, type WorkerSetup } from "./xrp-hooks.ts";

const setup = workerData as WorkerSetup;
const [device, ...files] = await openAll(await deviceOpener(setup.device), [setup.path, ...setup.files], setup.direct);
const hooks = await loadHooks(setup.objects, setup.slots);
const ring = new Ring(setup.ring, setup.slots);

parentPort?.postMessage({
	memories: hooks.map(({ hook }) => hook.memory.u8.buffer),
	scratch: hooks.map(({ scratchPages }) => scratchPages),
});

const { words } = ring;
const views: { -readonly [K in keyof StorageHook]: StorageHook[K] }[] = hooks.map(({ hook }) => ({ ...hook }));
ring.serveAll(
	(record, slot) => {
		const program = words[record + SLOT.hook];
		const hook = views[program];
		hook.scratch = hooks[program].scratchPages[slot];
		const run = words[record + SLOT.fanout] !== 0 ? readXrpFanout : readXrpSync;
		const result = run(device, hook, ring.long(record + SLOT.offset), {
			count: words[record + SLOT.count],
			firstSize: words[record + SLOT.firstSize],
			maxHops: words[record + SLOT.maxHops],
			maxOutstanding: words[record + SLOT.maxOutstanding],
			files,
			cancelled: () => words[record + SLOT.cancelled] !== 0,
		});
		ring.setResult(record, result);
	},
	{ spin: setup.spin, now: () => performance.now() },
);
for (const each of [device, ...files]) each.close();
