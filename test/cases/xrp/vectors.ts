/** Runs recorded XRP vectors and compares all that was recorded of them. */
import { BLOCK, geometry, writeBlocks } from "../../../runtime/bpfkv/format.ts";
import { rootOf } from "../../../examples/wiredtiger/lookup.ts";
import type { StorageHook, XrpResult } from "../../../runtime/xrp/chain.ts";
import { RangePage } from "../../../runtime/bpfkv/query.ts";
import type { BlockDevice } from "../../../runtime/xrp/device.ts";
import { readXrpSync } from "../../../runtime/xrp/engine.ts";

export type Vectors = BpfKvVectors | RawVectors | WiredTigerVectors;

export interface Outcome {
	readonly passed: number;
	readonly failures: readonly string[];
}

interface GetQuery {
	readonly op: "get";
	readonly start: number;
	readonly root: number;
	readonly keys: readonly string[];
	readonly ret: number;
	readonly prog_ret: number;
	readonly nhops: number;
	readonly trace?: readonly number[];
	readonly trace_fnv?: string;
	readonly current_index: number;
	readonly state_flags: number;
	readonly value_ptr: number;
	readonly found: readonly number[];
	readonly values: readonly (string | null)[];
	readonly scratch_fnv: string;
	readonly class: string;
}

interface RangeQuery {
	readonly op: "range";
	readonly begin: string;
	readonly end: string;
	readonly flags: number;
	readonly agg: number;
	readonly calls?: readonly RangeCall[];
	/** Of a query with hundreds of calls, the first ones. */
	readonly calls_head?: readonly RangeCall[];
	readonly ncalls: number;
	readonly total: number;
	readonly agg_value: string;
	readonly kv_hash: string;
	readonly class: string;
}

interface RangeCall {
	readonly ret: number;
	readonly len: number;
	readonly prog_ret: number;
	readonly nhops: number;
	readonly trace?: readonly number[];
	readonly trace_fnv?: string;
	readonly after: { readonly range_begin: string; readonly range_end: string; readonly flags: number; readonly state: number; readonly resume_from_leaf: string; readonly node_key_ix: number; readonly agg_value: string };
	readonly kv?: readonly (readonly [key: string, value: string])[];
}

interface BpfKvVectors {
	readonly layers: number;
	readonly queries: readonly (GetQuery | RangeQuery)[];
}

interface RawVectors {
	readonly vectors: readonly {
		readonly layers: number;
		readonly name: string;
		readonly scratch_in: string;
		readonly prog: "get" | "range";
		readonly start: string;
		readonly ret: number;
		readonly prog_ret: number;
		readonly nhops: number;
		readonly trace: readonly number[];
		readonly scratch_out: string;
		readonly data_fnv: string;
	}[];
}

interface WiredTigerVectors {
	readonly file: string;
	readonly root_cookie: string;
	readonly vectors: readonly {
		readonly key: string;
		readonly ret: number;
		readonly prog_ret: number;
		readonly calls: number;
		readonly nr_page: number;
		readonly trace: readonly number[];
		readonly child_index: readonly number[];
		readonly leaf_first_key?: string;
	}[];
}

/** A BPF-KV file of any size, computed block by block as it is read. */
function computedDevice(layers: number): BlockDevice {
	const g = geometry(layers);
	const block = new Uint8Array(BLOCK);
	const readSync = (into: Uint8Array, at: number, length: number, offset: number) => {
		for (let done = 0; done < length; done += BLOCK) {
			writeBlocks(g, (offset + done) / BLOCK, 1, block);
			into.set(block, at + done);
		}
		return length;
	};
	return { size: g.fileSize, version: 0, readSync, read: async (...args) => readSync(...args), close: () => {} };
}

export function runGetVectors(file: BpfKvVectors, get: StorageHook, range: StorageHook): Outcome {
	const device = computedDevice(file.layers);
	return tally(file.queries, (query, expect) => {
		if (query.op === "get") runGet(query, device, get, expect);
		else runRange(query, device, range, expect);
		return `${query.op} ${query.class}`;
	});
}

function runGet(query: GetQuery, device: BlockDevice, hook: StorageHook, expect: Expect): void {
	const page = clearPage(hook);
	page.setBigUint64(0, BigInt(query.root), true);
	page.setInt32(24, query.keys.length, true);
	for (const [i, key] of query.keys.entries()) page.setBigUint64(32 + 8 * i, BigInt(key), true);
	const trace: number[] = [];
	const result = readXrpSync(device, hook, query.start, { trace, maxHops: 1 << 20 });
	expectRun(expect, result, query, trace);
	expect("current_index", page.getInt32(20, true), query.current_index);
	expect("state_flags", page.getUint32(16, true), query.state_flags);
	expect("value_ptr", Number(page.getBigUint64(8, true)), query.value_ptr);
	for (const [i, found] of query.found.entries()) {
		expect(`found[${i}]`, page.getUint8(288 + 65 * i), found);
		if (found) expect(`values[${i}]`, textAt(page, 289 + 65 * i), query.values[i]);
	}
	const whole = bytesOf(page);
	expect("scratch_fnv", fnv64(whole, PAGE_BASIS).toString(16), query.scratch_fnv.replace(/^0+/, ""));
}

function runRange(query: RangeQuery, device: BlockDevice, hook: StorageHook, expect: Expect): void {
	const page = clearPage(hook);
	page.setBigUint64(0, BigInt(query.begin), true);
	page.setBigUint64(8, BigInt(query.end), true);
	page.setUint32(16, query.flags, true);
	page.setUint32(20, query.agg, true);
	page.setUint32(2344, 2, true);
	const recorded = query.calls ?? query.calls_head ?? [];
	let start = 0;
	let total = 0;
	let hash = PAGE_BASIS;
	let calls = 0;
	do {
		const trace: number[] = [];
		const result = readXrpSync(device, hook, start, { trace, maxHops: 1 << 24 });
		if (calls < recorded.length) {
			const prefix = `call ${calls} `;
			expectCall((what, got, wanted) => expect(prefix + what, got, wanted), recorded[calls], result, trace, page);
		}
		const length = page.getInt32(24, true);
		for (let i = 0; i < length; i++) {
			const pair = bytesOf(page).subarray(32 + 72 * i, 104 + 72 * i);
			hash = BigInt.asUintN(64, (hash ^ fnv64(pair, PAGE_BASIS)) * 1099511628211n);
		}
		total += length;
		calls++;
		page.setInt32(24, 0, true);
		page.setUint32(2344, 1, true);
		start = Number(page.getBigUint64(2352, true));
	} while (!new RangePage(bytesOf(page)).empty() && calls <= query.ncalls);
	expect("ncalls", calls, query.ncalls);
	expect("total", total, query.total);
	expect("kv_hash", hash.toString(16), query.kv_hash.replace(/^0+/, ""));
}

function expectCall(expect: Expect, call: RangeCall, result: XrpResult, trace: readonly number[], page: DataView): void {
	expectRun(expect, result, call, trace);
	expect("len", page.getInt32(24, true), call.len);
	const { after } = call;
	expect("range_begin", String(page.getBigUint64(0, true)), after.range_begin);
	expect("range_end", String(page.getBigUint64(8, true)), after.range_end);
	expect("flags", page.getUint32(16, true), after.flags);
	expect("state", page.getUint32(2344, true), after.state);
	expect("resume_from_leaf", String(page.getBigUint64(2352, true)), after.resume_from_leaf);
	expect("node_key_ix", page.getUint32(2360, true), after.node_key_ix);
	expect("agg_value", String(page.getBigInt64(2336, true)), after.agg_value);
	for (const [i, [key, value]] of (call.kv ?? []).entries()) {
		expect(`kv[${i}].key`, String(page.getBigUint64(32 + 72 * i, true)), key);
		expect(`kv[${i}].value`, textAt(page, 40 + 72 * i), value);
	}
}

export function runRawVectors(file: RawVectors, get: StorageHook, range: StorageHook): Outcome {
	return tally(file.vectors, (vector, expect) => {
		const hook = vector.prog === "get" ? get : range;
		const page = clearPage(hook);
		bytesOf(page).set(Buffer.from(vector.scratch_in, "hex"));
		hook.memory.u8.fill(0, hook.data, hook.data + 4096);
		const trace: number[] = [];
		const result = readXrpSync(computedDevice(vector.layers), hook, Number(vector.start), { trace, maxHops: 1 << 20 });
		// The first address is the caller's: the original refuses it in the same way as a later one.
		expectRun(expect, result, vector, trace.slice(0, vector.trace.length));
		expect("scratch", Buffer.from(bytesOf(page)).toString("hex").replace(/(00)+$/, ""), vector.scratch_out.replace(/(00)+$/, ""));
expect("data_fnv", fnv64(hook.memory.u8.subarray(hook.data, hook.data + 512), PAGE_BASIS).toString(16), vector.data_fnv.replace(/^0+/, ""));
		return `${vector.prog} ${vector.name}, ${vector.layers} layers`;
	});
}

export function runWiredTigerVectors(file: WiredTigerVectors, device: BlockDevice, hook: StorageHook): Outcome {
	const root = rootOf(Buffer.from(file.root_cookie, "hex"));
	return tally(file.vectors, (vector, expect) => {
		const key = Buffer.from(`${vector.key}\0`, "latin1");
		const trace: number[] = [];
		const children: number[] = [];
		let result: XrpResult = { ret: 0, hops: 0, bytes: 0, programReturn: 0 };
		let offset = root.offset;
		let calls = 0;
		let pages = 0;
		for (let full = true; full; ) {
			const page = clearPage(hook);
			page.setBigUint64(0, BigInt(key.length), true);
			bytesOf(page).set(key, 8);
			result = readXrpSync(device, hook, offset, { trace });
			calls++;
			const levels = page.getInt32(28, true);
			for (let i = 0; i < levels; i++) children.push(Number(page.getBigUint64(72 + 8 * i, true)));
			pages = page.getInt32(64, true);
			// Six pages and the last one internal: the descent goes on at its child.
			full = result.ret >= 0 && levels === 6;
			if (full) offset = childOf(bytesOf(page).subarray(1024 + 512 * 5, 1024 + 512 * 6), children[children.length - 1]);
		}
		expect("ret", result.ret, vector.ret);
		expect("prog_ret", result.programReturn, vector.prog_ret);
		expect("calls", calls, vector.calls);
		expect("nr_page", pages, vector.nr_page);
		expect("trace", trace.join(), vector.trace.join());
		expect("child_index", children.join(), vector.child_index.join());
		return `key ${vector.key}`;
	});
}

/** File offset of the child with this index on an internal page. */
function childOf(page: Uint8Array, index: number): number {
	let at = 40;
	for (let i = 0; ; i++) {
		const length = (page[at] & 3) === 1 ? page[at] >> 2 : 64 + (page[at + 1] & 0x3f);
		at += (page[at] & 3) === 1 ? 1 + length : 2 + length;
		const size = page[at + 1] & 0x3f;
		if (i === index) return rootOf(new Uint8Array([1, ...page.subarray(at + 2, at + 2 + size)])).offset;
		at += 2 + size;
	}
}

/** Basis of the hashes over whole pages and pairs, as the recorder had it. */
const PAGE_BASIS = 1469598103934665603n;

type Expect = (what: string, got: unknown, wanted: unknown) => void;

function tally<T>(vectors: readonly T[], run: (vector: T, expect: Expect) => string): Outcome {
	const failures: string[] = [];
	for (const [i, vector] of vectors.entries()) {
		const wrong: string[] = [];
		const name = run(vector, (what, got, wanted) => {
			if (got !== wanted) wrong.push(`${what} is ${short(got)}, not ${short(wanted)}`);
		});
		if (wrong.length > 0) failures.push(`${i} (${name}): ${wrong.slice(0, 3).join("; ")}`);
	}
	return { passed: vectors.length - failures.length, failures };
}

function expectRun(expect: Expect, result: XrpResult, wanted: { ret: number; prog_ret: number; nhops: number; trace?: readonly number[]; trace_fnv?: string }, trace: readonly number[]): void {
	expect("ret", result.ret, wanted.ret);
	expect("prog_ret", result.programReturn >>> 0, wanted.prog_ret >>> 0);
	expect("nhops", result.hops, wanted.nhops);
	if (wanted.trace) expect("trace", trace.slice(0, wanted.trace.length).join(), wanted.trace.join());
	if (wanted.trace_fnv) expect("trace_fnv", fnv(new Uint8Array(BigUint64Array.from(trace, BigInt).buffer)), wanted.trace_fnv);
}

function clearPage(hook: StorageHook): DataView {
	hook.memory.u8.fill(0, hook.scratch, hook.scratch + 4096);
	return new DataView(hook.memory.u8.buffer, hook.scratch, 4096);
}

function bytesOf(page: DataView): Uint8Array {
	return new Uint8Array(page.buffer, page.byteOffset, page.byteLength);
}

function textAt(page: DataView, at: number): string {
	return Buffer.from(page.buffer, page.byteOffset + at, 64).toString("latin1").replace(/\0.*$/s, "").trim();
}

function fnv64(bytes: Uint8Array, basis = 14695981039346656037n): bigint {
	let hash = basis;
	for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 1099511628211n);
	return hash;
}

function fnv(bytes: Uint8Array): string {
	return fnv64(bytes).toString(16).padStart(16, "0");
}

function short(value: unknown): string {
	const text = String(value);
	return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
