/** BPF_MAX_LOOPS: how often `may_goto` goes on. */
export const MAY_GOTO_LIMIT = 8 * 1024 * 1024;
/** Instructions after which an unverified program is stopped, unless the caller says otherwise. */
export const defaultFuel = 50_000_000;
