/** The registry: helpers by number, kernel functions by name. A family is one file; the list below is the only one of them. */
import { helperByName } from "../../assembler/spec/helpers.ts";
import { controlHelpers } from "./control.ts";
import { counterHelpers } from "./counters.ts";
import { dynptrHelpers } from "./dynptr.ts";
import { eventHelpers } from "./events.ts";
import type { HelperFamily, HelperImplementation } from "./helper.ts";
import { kfuncs } from "./kfuncs.ts";
import { mapHelpers } from "./maps.ts";
import { memoryHelpers } from "./memory.ts";
import { mtuHelpers } from "./mtu.ts";
import { packetHelpers } from "./packet.ts";
import { printHelpers } from "./print.ts";
import { redirectHelpers } from "./redirect.ts";
import { socketHelpers } from "./sockets.ts";
import { storageHelpers } from "./storage.ts";
import { syncookieHelpers } from "./syncookies.ts";
import { sysctlHelpers } from "./sysctl.ts";
import { textHelpers } from "./text.ts";
import { tunnelHelpers } from "./tunnel.ts";
import { worldHelpers } from "./world.ts";

const families: readonly HelperFamily[] = [
	mapHelpers,
	worldHelpers,
	printHelpers,
	eventHelpers,
	dynptrHelpers,
	controlHelpers,
	memoryHelpers,
	textHelpers,
	packetHelpers,
	redirectHelpers,
	storageHelpers,
	socketHelpers,
	sysctlHelpers,
	counterHelpers,
	mtuHelpers,
	tunnelHelpers,
	syncookieHelpers,
];

const byId: ReadonlyMap<number, HelperImplementation> = new Map(
	families.flatMap((family) =>
		Object.entries(family).map(([name, implementation]) => [helperByName(name)?.id ?? -1, implementation] as const),
	),
);

/** Undefined: the number is no helper's, or a helper's that needs a kernel around it and is not simulated. */
export function helperImplementation(id: number): HelperImplementation | undefined {
	return byId.get(id);
}

/** Kernel functions have no numbers: they are found by name. */
export function kfuncImplementation(name: string): HelperImplementation | undefined {
	return Object.hasOwn(kfuncs, name) ? kfuncs[name] : undefined;
}
