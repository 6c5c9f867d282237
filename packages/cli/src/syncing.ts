/** What the two ways to bring history in have in common: what they say while it lasts, and how they end when the disk did not take it. */

/** The disk did not take it: EX_IOERR of sysexits.h. */
export const notKept = 74;
/** How often it is told how far it is, in milliseconds. */
export const tellEveryMs = 2_000;

/** A share from 0 to 1, drawn. */
export const barOf = (share: number): string => `[${"#".repeat(Math.round(share * 20)).padEnd(20, ".")}]`;
