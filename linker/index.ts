/** `ebpfcc/linker`: objects to one object. */
export { link, type Linked, type LinkError, type LinkInput } from "./link.ts";
export { completeDatasecs } from "./fix.ts";
