/** Limits that all engines share. */

/**
 * How often `may_goto` goes on in one run of one function. The kernel counts to 8,388,608, or (6.15) a quarter of a second; programs must bear any
 * number.
 */
export const MAY_GOTO_LIMIT = 0x200000;
/** Instructions after which an unverified program is stopped, unless the caller says otherwise. */
export const defaultFuel = 50_000_000;
