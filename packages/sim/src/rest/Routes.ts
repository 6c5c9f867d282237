/** The quotation endpoints a profile serves: from path and query to status and text, as of a moment. */
import type { CandleUnit } from "../market/Windows.ts";
import type { Endpoint, Profile } from "../profile/Profile.ts";
import type { Wire } from "../wire/Wire.ts";
import { instruments, orderbook, supportedLevels } from "./bookRoutes.ts";
import { candles } from "./candleRoutes.ts";
import { allTickers, markets, tickers, warnings } from "./marketRoutes.ts";
import { BadRequest } from "./Query.ts";
import type { Answering, Asked } from "./Route.ts";
import { trades } from "./tradeRoutes.ts";

export interface Route {
  /** The limit group's name on the wire. */
  readonly group: string;
  readonly answer: Answering;
}

/** A REST answer before headers. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The query was refused, whatever the status says. */
  readonly refused: boolean;
}

/** The route of a path; `undefined` where the gateway has none. */
export const routeOf = (profile: Profile, path: string): Route | undefined => {
  const known = table.get(path);
  const group = known === undefined ? undefined : profile.endpoints[known.endpoint];
  return known === undefined || group === undefined ? undefined : { group, answer: known.answer };
};

/** Runs a route; a refused query becomes its error answer. */
export const answerRoute = (route: Route, asked: Asked): Answer => {
  try {
    return { status: 200, text: route.answer(asked), refused: false };
  } catch (error) {
    if (error instanceof BadRequest) return refusal(asked.wire, error);
    throw error;
  }
};

/** How the exchange refuses a query. */
export const refusal = ({ profile, options }: Wire, { status, message }: BadRequest): Answer => ({
  status: profile.rest.errorStatus === "ok" ? 200 : status,
  text: JSON.stringify({ error: { name: options.errorName === "text" ? String(status) : status, message } }),
  refused: true,
});

interface Row {
  readonly endpoint: Endpoint;
  readonly answer: Answering;
}

const minuteUnits = [1, 3, 5, 10, 15, 30, 60, 240] as const;

const simple: ReadonlyArray<readonly [Endpoint, Answering]> = [
  ["/v1/market/all", markets],
  ["/v1/market/virtual_asset_warning", warnings],
  ["/v1/ticker", tickers],
  ["/v1/ticker/all", allTickers],
  ["/v1/orderbook", orderbook],
  ["/v1/orderbook/instruments", instruments],
  ["/v1/orderbook/supported_levels", supportedLevels],
  ["/v1/trades/ticks", trades],
  ["/v1/candles/seconds", candles("1s")],
  ["/v1/candles/days", candles("1d")],
  ["/v1/candles/weeks", candles("1w")],
  ["/v1/candles/months", candles("1M")],
  ["/v1/candles/years", candles("1y")],
];

const table: ReadonlyMap<string, Row> = new Map<string, Row>([
  ...simple.map(([endpoint, answer]): [string, Row] => [endpoint, { endpoint, answer }]),
  ...minuteUnits.map((unit): [string, Row] => {
    const name: CandleUnit = `${unit}m`;
    return [`/v1/candles/minutes/${unit}`, { endpoint: "/v1/candles/minutes", answer: candles(name) }];
  }),
]);
