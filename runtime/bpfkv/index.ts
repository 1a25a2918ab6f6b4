export { bulkLoad, type BulkPair, type BulkResult, type BulkSink, TOMBSTONE_OFFSET } from "./bulk.ts";
export { type CheckOptions, type CheckReport, checkKv, type Damage } from "./check.ts";
export { type KvOptions, KvFile, type KvPrograms, XrpError } from "./client.ts";
export { createKv, type CreateOptions } from "./create.ts";
export { BLOCK, blockOf, FANOUT, type Geometry, geometry, layersOf, lookupPath, MAX_LAYERS, NODE, VALUE_SIZE, valueText, writeBlocks } from "./format.ts";
export { KvNode } from "./node.ts";
export { AGGREGATES, type Aggregate, GetPage, MAX_KEYS, type RangeBounds, RangePage } from "./query.ts";
export { type Distribution, Latencies, type Operation, seededRandom, WORKLOADS, type WorkloadName, workload, zipfian } from "./ycsb.ts";
export { KvStore, type KvStoreOptions, type WritableFile } from "./store.ts";
