/** Runs recorded XRP vectors and compares all that was recorded of them. */
import { BLOCK, geometry, writeBlocks } from "../../../runtime/bpfkv/format.ts";
import { rootOf } from "../../../examples/wiredtiger/lookup.ts";
import { ERRNO, type StorageHook, type XrpResult } from "../../../runtime/xrp/chain.ts";
import { RangePage } from "../../../runtime/bpfkv/query.ts";
import type { BlockDevice } from "../../../runtime/xrp/device.ts";
import { readXrpSync } from "../../../runtime/xrp/engine.ts";
import { childOf, isLeaf, type Pair, pairsOf } from "./wiredtiger-page.ts";

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
		/** What the application finds on the leaf: 0 or 1, its place among the keys (−1), its text. */
		readonly leaf_found?: number;
		readonly slot?: number;
		readonly value?: string;
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
		let run: DescentRun | null = null;
		let offset: number | null = root.offset;
		let calls = 0;
		// The application asks nothing for a key that the scratch page has no room for, and records no call then.
		while (offset !== null && vector.calls > 0) {
			run = descend(device, hook, offset, key, expect);
			calls++;
			trace.push(...run.trace.slice(0, run.result.hops));
			children.push(...run.children);
			// Six pages and the last one internal: the descent goes on at its child.
			const last = run.pages[PAGES - 1];
			offset = run.result.ret >= 0 && last !== undefined && !isLeaf(last) ? childOf(last, children[children.length - 1]) : null;
		}
		expect("ret", run?.result.ret ?? -ERRNO.EINVAL, vector.ret);
		if (run !== null) expect("prog_ret", run.result.programReturn, vector.prog_ret);
		expect("calls", calls, vector.calls);
		expect("nr_page", run?.pages.length ?? 0, vector.nr_page);
		expect("trace", trace.join(), vector.trace.slice(0, trace.length).join());
		expect("reads", trace.length, vector.trace.length - (run?.result.cause === "address" && vector.trace.length > trace.length ? 1 : 0));
		expect("child_index", children.join(), vector.child_index.join());
		const leaf = run?.pages.at(-1);
		if (run !== null && run.result.ret >= 0 && leaf !== undefined) expectLeaf(expect, pairsOf(leaf), key, vector);
		return `key ${vector.key}`;
	});
}

/** The original's scratch page holds so many pages, and so many bytes of a key. */
const PAGES = 6;
const KEY_BYTES = 18;
const PAGE_BASE = 1024;

interface DescentRun {
	readonly result: XrpResult;
	readonly trace: readonly number[];
	readonly children: readonly number[];
	/** The pages of the descent, which the program has copied. */
	readonly pages: readonly Uint8Array[];
}

/** One call. The whole scratch page must be what the contract says: the query, the way, each block of it, and nothing else. */
function descend(device: BlockDevice, hook: StorageHook, offset: number, key: Uint8Array, expect: Expect): DescentRun {
	const page = clearPage(hook);
	const bytes = bytesOf(page);
	page.setBigUint64(0, BigInt(key.length), true);
	bytes.set(key.subarray(0, KEY_BYTES), 8);
	const wanted = bytes.slice();
	const fields = new DataView(wanted.buffer);
	const trace: number[] = [];
	const result = readXrpSync(device, hook, offset, { trace });
	// An address that was refused is in the trace, and was not read.
	const read = trace.slice(0, result.hops);
	const levels = page.getInt32(28, true);
	const children = Array.from({ length: Math.min(levels, PAGES) }, (_, i) => Number(page.getBigUint64(72 + 8 * i, true)));
	fields.setInt32(28, levels, true);
	fields.setInt32(64, read.length, true);
	for (const [i, child] of children.entries()) fields.setBigUint64(72 + 8 * i, BigInt(child), true);
	for (const [i, at] of read.entries()) device.readSync(wanted, PAGE_BASE + BLOCK * i, BLOCK, at);
	expect("levels", levels, read.filter((_, i) => !isLeaf(wanted.subarray(PAGE_BASE + BLOCK * i))).length - (result.programReturn !== 0 ? 1 : 0));
	const differs = bytes.findIndex((byte, i) => byte !== wanted[i]);
	if (differs >= 0) expect(`scratch byte ${differs}`, bytes[differs], wanted[differs]);
	return { result, trace, children, pages: read.map((_, i) => wanted.subarray(PAGE_BASE + BLOCK * i, PAGE_BASE + BLOCK * (i + 1))) };
}

function expectLeaf(expect: Expect, pairs: readonly Pair[], key: Uint8Array, vector: WiredTigerVectors["vectors"][number]): void {
	const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1").replace(/\0$/, "");
	if (vector.leaf_first_key !== undefined) expect("leaf_first_key", pairs.length === 0 ? "" : text(pairs[0].key), vector.leaf_first_key);
	if (vector.leaf_found === undefined) return;
	const slot = pairs.findIndex((pair) => Buffer.compare(pair.key, key) === 0);
	expect("leaf_found", slot < 0 ? 0 : 1, vector.leaf_found);
	if (vector.slot !== undefined) expect("slot", slot, vector.slot);
	if (vector.value !== undefined) expect("value", slot < 0 ? "" : text(pairs[slot].value), vector.value);
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
	// The original refuses the caller's own address as it refuses a later one; here it is EINVAL.
	const refusedAtOnce = result.cause === "request" && wanted.nhops === 0 && wanted.ret === -ERRNO.EOPNOTSUPP;
	expect("ret", refusedAtOnce ? wanted.ret : result.ret, wanted.ret);
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
