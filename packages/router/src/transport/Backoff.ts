/**
 * How long to wait before trying again: full jitter, a uniform draw between nothing and a ceiling that doubles with every failure.
 * Clients that failed together do not come back together, which a fixed wait with a little noise does not achieve.
 */
export interface Backoff {
  /** Ceiling of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** Highest ceiling, in milliseconds. */
  readonly capMs: number;
}

/** Between socket connects: the first reconnect waits up to half a second (RFC 6455, 7.2.3 asks for a random first delay). */
export const reconnectBackoff: Backoff = { baseMs: 500, capMs: 30_000 };

/** Between attempts of one request. */
export const retryBackoff: Backoff = { baseMs: 100, capMs: 2_000 };

/**
 * The wait after `failures` earlier ones (0 for the first), in milliseconds. `random01` is uniform on [0, 1). Any number of failures is
 * safe.
 */
export const delayMs = (backoff: Backoff, failures: number, random01: number): number =>
  random01 * Math.min(backoff.capMs, backoff.baseMs * 2 ** failures);

/**
 * The wait before the next connect. Once the ceiling does not rise any more it is at least half of it: jitter alone would knock at a door that is
 * closed for hours several times in half a minute.
 */
export const reconnectMs = (failures: number, random01: number): number => {
  const ms = delayMs(reconnectBackoff, failures, random01);
  const isAtCeiling = reconnectBackoff.baseMs * 2 ** failures >= reconnectBackoff.capMs;
  return isAtCeiling ? (reconnectBackoff.capMs + ms) / 2 : ms;
};
