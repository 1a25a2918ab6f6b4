/** What is wrong with an object, and where in it. Loading collects these; nothing is half loaded. */
export interface LoadError {
	/** Section that the trouble is in, or "". */
	readonly section: string;
	/** Bytes from the section's start; −1: the section as a whole. */
	readonly offset: number;
	/** Symbol, map or type concerned, or "". */
	readonly symbol: string;
	readonly message: string;
}

/**
 * One line: place, symbol, message.
 * @example formatLoadError({ section: "xdp", offset: 16, symbol: "m", message: "no such map" }) // "xdp+0x10: m: no such map"
 */
export function formatLoadError(error: LoadError): string {
	const place = error.section === "" ? "" : error.offset < 0 ? `${error.section}: ` : `${error.section}+0x${error.offset.toString(16)}: `;
	return `${place}${error.symbol === "" ? "" : `${error.symbol}: `}${error.message}`;
}

/** Thrown by `load`: an object that cannot be loaded. */
export class LoadFailure extends Error {
	readonly errors: readonly LoadError[];

	constructor(errors: readonly LoadError[]) {
		super(errors.map(formatLoadError).join("\n"));
		this.name = "LoadFailure";
		this.errors = errors;
	}
}
