/** `ebpfcc/linker`: objects to one object. */
export type { LinkError, LinkInput } from "./input.ts";
export { link, type Linked } from "./link.ts";
export { minCoreBtf, type MinCoreBtf } from "./core/min-btf.ts";
export { completeDatasecs } from "./fix.ts";
export { describeObject, type ObjectModel } from "./bindings/model.ts";
export { cSkeleton } from "./bindings/skeleton.ts";
export { typescriptBindings, type TypeScriptBindings } from "./bindings/typescript.ts";
