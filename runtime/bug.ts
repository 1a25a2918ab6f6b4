/** Our own mistake, never the user's: nothing sensible can go on. */
export function bug(message: string): never {
	throw new Error(`internal error: ${message}`);
}
