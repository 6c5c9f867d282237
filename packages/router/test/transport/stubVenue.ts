/** A venue with one endpoint and just enough of an error table, and a transport that answers from a script. */
import { Effect, Layer, Result } from "effect";
import { DecodeError, type MarketDataError, RateLimited, UpstreamError } from "../../src/errors/MarketDataError.ts";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { type RestFailure, type RestRequest, type RestResponse, Transport } from "../../src/transport/Transport.ts";
import { type RestCall, Venue } from "../../src/transport/Venue.ts";

export interface Row {
  readonly market: string;
}

export const limits: LimitTable = {
  groups: { ticker: { limit: 10, windowMs: 1_000 }, candle: { limit: 10, windowMs: 1_000 } },
  socketConnect: { limit: 5, windowMs: 1_000 },
  socketMessage: [],
};

/** A call whose body is a JSON list of rows. */
export const tickerCall: RestCall<Row> = {
  endpoint: "ticker",
  group: "ticker",
  url: "https://stub.test/v1/ticker?markets=KRW-BTC",
  decode: ({ text }) => {
    try {
      return Result.succeed({ rows: JSON.parse(text) as ReadonlyArray<Row>, rejected: [], unknownFields: ["new_field"] });
    } catch {
      return Result.fail(new DecodeError({ stage: "json", path: "", detail: "not JSON" }));
    }
  },
};

const seconds = (header: string | undefined): number | null => (header === undefined ? null : Number(header) * 1_000);

const failure = (call: RestCall<unknown>, { status, headers }: RestResponse): MarketDataError | undefined => {
  if (status === 200) return undefined;
  const retryAfterMs = seconds(headers["retry-after"]);
  if (status === 429 || status === 418) {
    const scope = status === 418 ? "ip" : "group";
    return new RateLimited({ group: call.group, scope, status, retryAfterMs: retryAfterMs ?? 1_000, detail: null });
  }
  return new UpstreamError({ status, name: null, detail: null, retryAfterMs });
};

const unscripted = (): never => {
  throw new Error("The stub has no such endpoint");
};

export const stubVenue = (options: { readonly host?: string; readonly limits?: LimitTable } = {}): Layer.Layer<Venue> =>
  Layer.succeed(Venue, {
    id: "stub",
    simulated: true,
    host: options.host ?? "stub.test",
    limits: options.limits ?? limits,
    paging: { candles: 200, trades: 500, orderbookLevels: 30 },
    intervals: ["1m"],
    socket: {
      url: "wss://stub.test",
      format: "full",
      supports: () => true,
      subscribe: () => "",
      listSubscriptions: () => "",
      decode: () => [],
    },
    markets: unscripted,
    instruments: unscripted,
    tickers: unscripted,
    allTickers: unscripted,
    orderbooks: unscripted,
    trades: unscripted,
    candles: unscripted,
    upgradeFailure: unscripted,
    failure,
    remaining: (headers) =>
      headers["remaining-req"] === undefined ? undefined : { group: "ticker", remaining: Number(headers["remaining-req"]) },
  });

/** One answer of the script: given the number of the request, from 0. */
export type Script = (index: number, request: RestRequest) => Effect.Effect<RestResponse, RestFailure>;

/** A transport that answers REST by the script, and the requests it got. */
export const scriptedTransport = (script: Script) => {
  const requests: Array<RestRequest> = [];
  const layer = Layer.mock(Transport, {
    rest: (request) => Effect.suspend(() => script(requests.push(request) - 1, request)),
  });
  return { requests, layer };
};

export const response = (status: number, body: string | Uint8Array, headers: Record<string, string> = {}): RestResponse => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: typeof body === "string" ? new TextEncoder().encode(body) : body,
});

export const good = response(200, '[{"market":"KRW-BTC"}]');
