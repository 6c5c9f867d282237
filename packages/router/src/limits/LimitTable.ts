/** What an exchange allows, as data. */

/** At most `limit` in any `windowMs`. */
export interface Limit {
  readonly limit: number;
  readonly windowMs: number;
}

export interface LimitTable {
  /** REST groups, each with its own budget per IP. */
  readonly groups: Readonly<Record<string, Limit>>;
  /** Socket connects, per IP. */
  readonly socketConnect: Limit;
  /** Messages on one connection; all of these hold at once. */
  readonly socketMessage: ReadonlyArray<Limit>;
}
