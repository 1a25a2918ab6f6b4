/** `ebpfcc/runtime/node`: what needs Node's files and threads. */
export { type FileDevice, type FileDeviceOptions, openFileDevice } from "./file-device.ts";
export { bulkLoadFile, createKvFile, createSparseKvFile, openKvDatabase, openKvReader, openKvStore, openWritableFile } from "./kv-file.ts";
export { progressBar, type ProgressCounter, progressCounter, type ProgressOutput } from "./progress.ts";
export { KvPoolClient, type KvPoolOptions, type KvPoolStatistics } from "./kv-pool.ts";
export type { HookObject } from "./xrp-hooks.ts";
export type { OpenDevice } from "./pool-device.ts";
export { XrpPool, type XrpPoolOptions, type XrpRequest } from "./xrp-pool.ts";
export { kernelBtf, kernelConfig, nodeEnvironment } from "./environment.ts";
export { bundledKernelBtf, bundledVmlinux } from "./vmlinux.ts";
