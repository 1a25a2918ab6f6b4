/**
 * Flags of kernel functions, which BTF does not carry.
 */
export const KFUNC_FLAGS: Readonly<Record<string, string>> = {};
