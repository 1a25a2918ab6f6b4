/** The registry: helpers by number, kernel functions by name. A family is one file; the table below is the only list of them. */
import { helperByName } from "../../assembler/spec/helpers.ts";
import type { HelperFamily, HelperImplementation } from "./helper.ts";

const families: readonly HelperFamily[] = [];

const byId: ReadonlyMap<number, HelperImplementation> = new Map(
	families.flatMap((family) => Object.entries(family).map(([name, implementation]) => [helperByName(name)?.id ?? -1, implementation] as const)),
);

/** Undefined: the number is no helper's, or a helper's that needs a kernel around it and is not simulated. */
export function helperImplementation(id: number): HelperImplementation | undefined {
	return byId.get(id);
}

/** Kernel functions have no numbers: they are found by name. */
export function kfuncImplementation(_name: string): HelperImplementation | undefined {
	return undefined;
}
