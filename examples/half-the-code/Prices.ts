/** What both programs of this folder do: the price of a market, from the socket where it speaks and over REST where it does not. */
export interface Price {
  readonly price: number;
  /** Milliseconds since it was known to be the market's last price. */
  readonly ageMs: number;
  readonly channel: "rest" | "websocket";
}

export interface Prices {
  readonly price: (market: string) => Promise<Price>;
  readonly close: () => Promise<void>;
}
