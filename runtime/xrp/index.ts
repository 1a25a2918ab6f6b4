export { DEFAULT_MAX_HOPS, ERRNO, type StorageHook, type XrpOptions, type XrpResult } from "./chain.ts";
export { XRP_BLOCK, XRP_CONTEXT, XRP_PAGE, XRP_SLOTS } from "./context.ts";
export { type BlockDevice, memoryDevice } from "./device.ts";
export { readXrpSync } from "./engine.ts";
export { type FanoutOptions, readXrpFanout } from "./fanout.ts";
export { storageHook } from "./hook.ts";
