/** What the steps of linking share: the objects that come in, and what is wrong with them. */
import type { ObjectFile } from "../assembler/object.ts";

/** An object, and what messages call it. */
export interface LinkInput {
	/** For messages: the file's name. */
	readonly name: string;
	readonly object: ObjectFile;
}

/** Why objects do not go together. */
export interface LinkError {
	readonly message: string;
	/** Where the two sides are, if there are two. */
	readonly places: readonly string[];
}
