/** Numbers on the command line and in files of pairs. */
import { Complaint } from "./files.ts";

const SHOWN = 40;

/** @throws Complaint that says what it is instead */
export function whole(text: string, what: string): number {
	const value = Number(text);
	if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
		throw new Complaint(`${what} is a whole number up to 2^53 − 1, not ${shown(text)}`);
	return value;
}

export function positive(text: string, what: string): number {
	const value = whole(text, what);
	if (value === 0) throw new Complaint(`${what} is at least 1`);
	return value;
}

/** Text of somebody else's for a message of one line. */
function shown(text: string): string {
	if (text === "") return "nothing";
	const part = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
	return /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(part) && !part.includes("\ufffd")
		? part
		: JSON.stringify(part).replace(/[\u007f-\u009f]/g, "\ufffd");
}
