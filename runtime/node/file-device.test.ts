import { appendFileSync, chmodSync, constants, mkdtempSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createKvFile, type FileDevice, type FileDeviceOptions, openFileDevice } from "ebpfcc/runtime/node";
import { geometry, KvFile, type KvPrograms } from "ebpfcc";
import { storageProgram } from "../../test/support/storage-programs.ts";

const folder = mkdtempSync(join(tmpdir(), "file-device-"));
const path = join(folder, "blocks");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOBODY = 65534;

/** Memory that O_DIRECT may read into. */
const aligned = () => new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);

beforeEach(() => {
	const bytes = Buffer.alloc(512 * 20);
	for (let i = 0; i < 20; i++) bytes.writeUInt32LE(i + 1, 512 * i);
	writeFileSync(path, bytes);
});

/** Opened, or null where the file system has no O_DIRECT (tmpfs before Linux 6.6). */
function openDirect(file: string, options: FileDeviceOptions = {}): FileDevice | null {
	try {
		const device = openFileDevice(file, { ...options, direct: true });
		device.readSync(aligned(), 0, 512, 0);
		return device;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
		console.log(`O_DIRECT skipped: ${folder} has none`);
		return null;
	}
}

describe("a file as a device", () => {
	it.each([[{}], [{ direct: true }]] as const)("reads blocks, one or eight, waiting or not: %j", async (options: FileDeviceOptions) => {
		const device = options.direct ? openDirect(path) : openFileDevice(path);
		if (device === null) return;
		const memory = aligned();
		const words = (n: number) => Array.from({ length: n }, (_, i) => new DataView(memory.buffer).getUint32(4096 + 512 * i, true));
		expect(device.size).toBe(512 * 20);
		expect(device.readSync(memory, 4096, 512, 512 * 7)).toBe(512);
		expect(words(1)).toEqual([8]);
		expect(device.readSync(memory, 4096, 4096, 512 * 3)).toBe(4096);
		expect(words(8)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
		expect(await device.read(memory, 4096, 1024, 512 * 18)).toBe(1024);
		expect(words(2)).toEqual([19, 20]);
		// The rest of the file, and nothing behind it.
		expect(device.readSync(memory, 4096, 4096, 512 * 18)).toBe(1024);
		expect(device.readSync(memory, 4096, 512, 512 * 20)).toBe(0);
		device.close();
	});

	it.skipIf(constants.O_NOATIME === undefined)("leaves the access time of a file of one's own alone", () => {
		// Older than the last change: under `relatime` the next read would set it.
		utimesSync(path, new Date(0), new Date(1000));
		const device = openFileDevice(path);
		device.readSync(aligned(), 0, 512, 0);
		device.close();
		expect(statSync(path).atimeMs).toBe(0);
	});

	it.skipIf(process.getuid?.() !== 0)("opens a file of another owner's, where only root could leave the access time alone", () => {
		chmodSync(folder, 0o755);
		process.seteuid?.(NOBODY);
		try {
			const device = openFileDevice(path);
			expect(device.readSync(aligned(), 0, 512, 0)).toBe(512);
			device.close();
		} finally {
			process.seteuid?.(0);
		}
	});

	it("refuses memory that is not aligned, under O_DIRECT, with the system's error", () => {
		const device = openDirect(path);
		if (device === null) return;
		let code: string | undefined;
		try {
			device.readSync(aligned(), 4097, 512, 0);
		} catch (error) {
			code = (error as NodeJS.ErrnoException).code;
		}
		// Some file systems read in another way then.
		expect([undefined, "EINVAL"]).toContain(code);
		device.close();
	});

	it("answers lookups under O_DIRECT: both pages of a program lie as it wants them", async () => {
		const db = join(folder, "direct.db");
		await createKvFile(db, 3);
		const device = openDirect(db);
		if (device === null) return;
		const [get] = await storageProgram("get");
		const [range] = await storageProgram("range");
		const programs: Partial<KvPrograms> = { get, range };
		expect([get.data % 4096, get.scratch % 4096]).toEqual([0, 0]);
		const kv = new KvFile(device, programs);
		for (let i = 0; i < 50; i++) {
			const key = (i * 743) % geometry(3).keys;
			expect(kv.get(key)).toBe(String(key));
		}
		expect(kv.hops).toBe(50 * 4);
		expect(kv.range({ begin: 100, end: 140 }).map(({ value }) => value)).toEqual(Array.from({ length: 40 }, (_, i) => String(100 + i)));
		device.close();
	});

	it("has a new version when it grows, shrinks or gets blocks of its own, and only then", () => {
		const device = openFileDevice(path, { validateEvery: 0 });
		const versions = [device.version];
		const look = () => {
			device.validate?.();
			versions.push(device.version);
		};
		look();
		appendFileSync(path, Buffer.alloc(512));
		look();
		expect(device.size).toBe(512 * 21);
		truncateSync(path, 512 * 4);
		look();
		expect(device.size).toBe(512 * 4);
		// The same bytes written again change no mapping.
		writeFileSync(path, Buffer.alloc(512 * 4), { flag: "r+" });
		look();
		expect(versions).toEqual([0, 0, 1, 2, 2]);
		device.close();
	});

	it("is looked at as often as wanted: always, never, or when it is asked to", () => {
		const never = openFileDevice(path, { validateEvery: Number.POSITIVE_INFINITY });
		const rarely = openFileDevice(path, { validateEvery: 3_600_000 });
		const always = openFileDevice(path, { validateEvery: 0 });
		appendFileSync(path, Buffer.alloc(512));
		for (const device of [never, rarely, always]) device.validate?.(1);
		expect([never.version, rarely.version, always.version]).toEqual([0, 0, 1]);
		never.refresh();
		rarely.lookNow?.();
		expect([never.version, rarely.version]).toEqual([1, 1]);
		for (const device of [never, rarely, always]) device.close();
	});

	it("names what cannot be opened", () => {
		expect(() => openFileDevice(join(folder, "absent"))).toThrow("ENOENT");
		expect(() => openFileDevice(folder)).toThrow(`EISDIR: ${folder} is a directory`);
	});
});
