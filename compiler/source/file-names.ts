/** Names of files: with slashes on every system (the command line sees to that), and with a drive in front on one of them. */

/** @example isAbsolute("/usr/include"), isAbsolute("C:/project") */
export const isAbsolute = (path: string): boolean => /^(?:[A-Za-z]:)?\//.test(path);

export function dirname(path: string): string {
	const slash = path.lastIndexOf("/");
	return slash < 0 ? "" : slash === 0 ? "/" : path.slice(0, slash);
}

export const basename = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

export const join = (folder: string, name: string): string =>
	folder === "" || folder === "." ? name : folder.endsWith("/") ? folder + name : `${folder}/${name}`;

/** `a/../b/./c` is `b/c`. */
export function plain(path: string): string {
	const names: string[] = [];
	for (const name of path.split("/")) {
		if (name === ".") continue;
		if (name === ".." && names.length > 0 && !["", ".."].includes(names[names.length - 1])) names.pop();
		else names.push(name);
	}
	return names.join("/");
}
