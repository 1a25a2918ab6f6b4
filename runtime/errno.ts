/** Error numbers as helpers and map operations return them, negated (include/uapi/asm-generic/errno*.h). */
export const errno = {
	EPERM: 1,
	ENOENT: 2,
	ESRCH: 3,
	EIO: 5,
	E2BIG: 7,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EFAULT: 14,
	EBUSY: 16,
	EEXIST: 17,
	ENODEV: 19,
	EINVAL: 22,
	ENOSPC: 28,
	ERANGE: 34,
	ENAMETOOLONG: 36,
	EOVERFLOW: 75,
	EPROTO: 71,
	EBADMSG: 74,
	ENODATA: 61,
	ETIME: 62,
	ENONET: 64,
	ENOTSUP: 95,
	ENOTSUPP: 524,
	EOPNOTSUPP: 95,
	ENETUNREACH: 101,
	EPROTONOSUPPORT: 93,
	ELOOP: 40,
	ENOTCONN: 107,
	EAFNOSUPPORT: 97,
	EALREADY: 114,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ECANCELED: 125,
} as const;

/** @example errnoName(22) // "EINVAL" */
export function errnoName(number: number): string {
	return Object.entries(errno).find(([, value]) => value === Math.abs(number))?.[0] ?? `errno ${Math.abs(number)}`;
}
