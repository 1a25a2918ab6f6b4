/**
 * Format strings of bpf_snprintf and its kin, as the kernel's bpf_bprintf_prepare takes them.
 */

/** `bytes`: size of the argument array. Whether every conversion is known and has an argument. */
export function formatIsValid(format: string, bytes: number, constant: boolean): boolean {
	if (!constant) bytes = 0;
	if (bytes % 8 !== 0) return false;
	const args = bytes / 8;
	if (args > 12) return false;
	let used = 0;
	for (let i = 0; i < format.length; i++) {
		const ch = format.charCodeAt(i);
		if ((ch < 32 && !(ch >= 9 && ch <= 13)) || ch > 126) return false;
		if (format[i] !== "%") continue;
		if (format[i + 1] === "%") {
			i++;
			continue;
		}
		if (used >= args) return false;
		i++;
		while ("0+- ".includes(format[i]) && format[i]) i++;
		while (format[i] >= "0" && format[i] <= "9") i++;
		if (format[i] === "p") {
			const two = format.slice(i + 1, i + 3);
			if ((two[0] === "k" || two[0] === "u") && two[1] === "s") i += 2;
			else if (two === "i4" || two === "I4" || two === "i6" || two === "I6") i += 2;
			else if ("KxsSB".includes(two[0] ?? " ") && two[0]) i++;
			else if (two[0] && /[A-Za-z0-9]/.test(two[0])) return false;
			used++;
			continue;
		}
		if (format[i] === "s" || format[i] === "c") {
			used++;
			continue;
		}
		if (format[i] === "l") i++;
		if (format[i] === "l") i++;
		if (!format[i] || !"iduxX".includes(format[i])) return false;
		used++;
	}
	return true;
}
