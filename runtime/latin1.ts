/** Text with a character for each byte, which is how the kernel looks at text. No spread: bytes may be more than a call takes arguments. */
export function latin1(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += String.fromCharCode(byte);
	return text;
}

export const bytesOfLatin1 = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));
