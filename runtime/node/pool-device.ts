/** What the threads of a pool read: files, or a module's own devices, which every thread opens for itself. */
import type { BlockDevice } from "../xrp/device.ts";
import { openFileDevice } from "./file-device.ts";

/**
 * Opens what a pool's path names, in each thread anew.
 * @param path as the pool was given it
 */
export type OpenDevice = (path: string, options: { readonly direct: boolean }) => BlockDevice | Promise<BlockDevice>;

/**
 * @param module the URL of a module whose `openDevice` is an `OpenDevice`; null: files
 * @throws what importing it throws; TypeError when it has none
 */
export async function deviceOpener(module: string | null): Promise<OpenDevice> {
	if (module === null) return openFileDevice;
	const { openDevice } = (await import(/* @vite-ignore */ module)) as { readonly openDevice?: unknown };
	if (typeof openDevice !== "function") throw new TypeError(`${module} has no function openDevice`);
	return openDevice as OpenDevice;
}

/** Opens all of a pool's files, or none. */
export async function openAll(open: OpenDevice, paths: readonly string[], direct: boolean): Promise<BlockDevice[]> {
	const devices: BlockDevice[] = [];
	try {
		for (const path of paths) devices.push(await open(path, { direct }));
	} catch (error) {
		for (const device of devices) device.close();
		throw error;
	}
	return devices;
}
