declare module "*.bpf.c" {
	import type { LoadedObject, Program } from "ebpfcc/runtime";

	export const { programs, maps, globals }: LoadedObject;
	export const filter: Program;
}
