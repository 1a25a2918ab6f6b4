/** A thread that serves XRP chains over one file: its own descriptor, its own instance of the program, slots of its own. */
import { parentPort, workerData } from "node:worker_threads";
import type { StorageHook } from "../xrp/chain.ts";
import { readXrpSync } from "../xrp/engine.ts";
import { Ring, SLOT } from "../xrp/ring.ts";
import { openFileDevice } from "./file-device.ts";
import { loadHooks, type WorkerSetup } from "./xrp-hooks.ts";

const setup = workerData as WorkerSetup;
const device = openFileDevice(setup.path, { direct: setup.direct });
const hooks = await loadHooks(setup.objects, setup.slots);
const ring = new Ring(setup.ring, setup.slots);

parentPort?.postMessage({
	memories: hooks.map((hook) => hook.memory.u8.buffer),
	scratch: hooks.map((hook) => hook.scratchPages),
});

const { words } = ring;
const views: StorageHook[] = hooks.map((hook) => ({ ...hook, scratch: 0 }));
ring.serveAll((record, slot) => {
	const hook = views[words[record + SLOT.hook]] as { -readonly [K in keyof StorageHook]: StorageHook[K] };
	hook.scratch = hooks[words[record + SLOT.hook]].scratchPages[slot];
	const offset = (words[record + SLOT.offset] >>> 0) + (words[record + SLOT.offsetHigh] >>> 0) * 2 ** 32;
	const result = readXrpSync(device, hook, offset, {
		count: words[record + SLOT.count],
		maxHops: words[record + SLOT.maxHops],
		cancelled: () => words[record + SLOT.cancelled] !== 0,
	});
	words[record + SLOT.ret] = result.ret;
	words[record + SLOT.hops] = result.hops;
	words[record + SLOT.programReturn] = result.programReturn;
});
device.close();
