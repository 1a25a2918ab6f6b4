/** What the functions of one generated text share, collected while they are emitted: names of the host, lookups by map. */
import type { HashLayout } from "../../maps/map.ts";
import type { JitProgram } from "../program.ts";
import type { Surroundings } from "../surroundings.ts";

export interface Context {
	readonly program: JitProgram;
	readonly around: Surroundings;
	readonly mapped: boolean;
	readonly names: Set<string>;
	/** Hash maps that it looks up through `m<i>`. */
	readonly lookups: Map<number, HashLayout>;
}

/** The name of something that the host provides. */
export function use(context: Context, name: string): string {
	context.names.add(name);
	return name;
}

/** A word of the exchange area, where it can be read and written. */
export const word = (place: number): string => `W[${place >> 2}]`;
