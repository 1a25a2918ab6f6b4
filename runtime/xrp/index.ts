export { XRP_BLOCK, XRP_CONTEXT, XRP_PAGE, XRP_SLOTS } from "./context.ts";
export { type BlockDevice, memoryDevice } from "./device.ts";
export { DEFAULT_MAX_HOPS, ERRNO, readXrpSync, type StorageHook, type XrpOptions, type XrpResult } from "./engine.ts";
export { storageHook } from "./hook.ts";
