export { AsyncKvFile, type AsyncKvOptions, type AsyncKvStatistics } from "./async-client.ts";
export { bulkLoad, type BulkPair, type BulkResult, type BulkSink, TOMBSTONE_OFFSET } from "./bulk.ts";
export { type CheckOptions, type CheckReport, checkKv } from "./check.ts";
export { type KvOptions, KvFile, type KvPair, type KvPrograms, XrpError } from "./client.ts";
export { type Damage, greatestKey, KvDamage } from "./damage.ts";
export { KvDatabase } from "./database.ts";
export { createKv, type CreateOptions, sparseBlocks } from "./create.ts";
export {
	BLOCK,
	blockOf,
	FANOUT,
	type Geometry,
	geometry,
	layersOf,
	lookupPath,
	MAX_LAYERS,
	NODE,
	VALUE_SIZE,
	valueText,
	writeBlocks,
} from "./format.ts";
export { LsmPage, MAX_LSM_FILES } from "./lsm.ts";
export { KvNode } from "./node.ts";
export { ObjectCache } from "./object-cache.ts";
export { AGGREGATES, type Aggregate, GetPage, MAX_KEYS, type RangeBounds, RangePage, type RangeRest } from "./query.ts";
export { LogView } from "./log-view.ts";
export { KvReader, type PendingWrites, type ReaderOptions, type ReaderStatistics } from "./reader.ts";
export {
	type Distribution,
	Latencies,
	type Operation,
	seededRandom,
	WORKLOADS,
	type WorkloadName,
	type WorkloadRun,
	workload,
	zipfian,
} from "./ycsb.ts";
export { KvUnsettled } from "./settled.ts";
export { KvStore, type KvStoreOptions } from "./store.ts";
export type { WritableFile } from "./tree-edit.ts";
export { TopCache } from "./top-cache.ts";
