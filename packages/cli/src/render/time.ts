/** Times for people, in Korea's time zone: UTC+9 all year, whatever the machine is set to. */

const offsetMs = 9 * 3_600_000;

/** `2026-01-05 12:00:00`. */
export const kst = (epochMs: number): string => shifted(epochMs).slice(0, 19).replace("T", " ");

/** `2026-01-05 12:00:00.123`. */
export const kstMillis = (epochMs: number): string => shifted(epochMs).slice(0, 23).replace("T", " ");

const shifted = (epochMs: number): string => new Date(epochMs + offsetMs).toISOString();
