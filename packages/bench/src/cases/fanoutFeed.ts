/**
 * The whole product over a network that this process plays: the socket's handlers are called by hand, and the venue hands out tickers made before instead of
 * decoding bytes. What is left to be measured is the way from the decoder to the subscribers.
 */
import type { Ticker } from "@naru/router/domain/Ticker";
import { MarketData } from "@naru/router/MarketData";
import { defaultRouterConfig, layer as configLayer } from "@naru/router/RouterConfig";
import * as Supervisor from "@naru/router/Supervisor";
import { type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import { decodeSocketMessage } from "@naru/upbit/decode/SocketFrame";
import { profiles } from "@naru/upbit/profiles";
import { makeVenue } from "@naru/upbit/UpbitVenue";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { wallMs } from "./feedPlan.ts";

export const market = "KRW-BTC";

export interface PlayedFeed {
  readonly data: MarketData["Service"];
  /** One read of the socket with so many new tickers in it. */
  readonly read: (frames: number) => void;
  /** One read of the socket with these frames in it, which `decode` makes sense of. */
  readonly frames: (frames: ReadonlyArray<Uint8Array>) => void;
}

/** Which markets the exchange lists, and how its frames are read. */
export interface PlayedWorld {
  readonly markets: ReadonlyArray<string>;
  readonly decode: Venue["Service"]["socket"]["decode"];
}

/** A ticker as the exchange sends it. */
const frame =
  '{"type":"ticker","code":"KRW-BTC","opening_price":100.0,"high_price":110.0,"low_price":90.0,"trade_price":105.0,"prev_closing_price":100.0,' +
  '"acc_trade_price":1000.0,"change":"RISE","change_price":5.0,"signed_change_price":5.0,"change_rate":0.05,"signed_change_rate":0.05,' +
  '"ask_bid":"ASK","trade_volume":1.0,"acc_trade_volume":10.0,"trade_date":"20260105","trade_time":"030000","trade_timestamp":1767582000572,' +
  '"acc_ask_volume":5.0,"acc_bid_volume":5.0,"highest_52_week_price":120.0,"highest_52_week_date":"2026-01-04","lowest_52_week_price":80.0,' +
  '"lowest_52_week_date":"2026-01-04","market_state":"ACTIVE","is_trading_suspended":false,"delisting_date":null,"market_warning":"NONE",' +
  '"timestamp":1767582000572,"acc_trade_price_24h":2000.0,"acc_trade_volume_24h":20.0,"stream_type":"REALTIME"}';

/** A ticker that is newer than every one before it. */
export const newTickers = (): (() => Ticker) => {
  const [message] = decodeSocketMessage(frame);
  if (message?._tag !== "Ticker") throw new Error("not a ticker");
  const { value } = message;
  let timestampMs = wallMs();
  return () => ({ ...value, timestampMs: ++timestampMs });
};

const listOf = (markets: ReadonlyArray<string>): string =>
  JSON.stringify(markets.map((code) => ({ market: code, korean_name: "비트코인", english_name: "Bitcoin" })));

/** Runs in a scope of its own; nothing is asked that the played network does not know. */
export const playFeed = <A>(
  use: (feed: PlayedFeed) => Effect.Effect<A, unknown, Scope.Scope>,
  { markets, decode }: PlayedWorld = tickersOnly(),
): Promise<A> => {
  let handlers: SocketHandlers | undefined;
  const list = listOf(markets);
  const transport = Layer.succeed(Transport, {
    rest: () => Effect.succeed({ status: 200, headers: {}, body: new TextEncoder().encode(list) }),
    socket: (_url, given) =>
      Effect.sync(() => {
        handlers = given;
        return {
          send: () => Effect.void,
          ping: Effect.sync(() => given.onPong()),
          compressed: false,
          bytes: () => ({ wire: 0, payload: 0 }),
          terminate: Effect.void,
        };
      }),
  });
  const venue = makeVenue(profiles.upbit);
  const socket = { ...venue.socket, decode };
  const frames = (parts: ReadonlyArray<Uint8Array>): void => {
    for (const part of parts) handlers?.onFrame(part);
    handlers?.onReadEnd();
  };
  const bytes = new Uint8Array(1);
  const read = (frames: number): void => {
    for (let i = 0; i < frames; i++) handlers?.onFrame(bytes);
    handlers?.onReadEnd();
  };
  const program = Effect.gen(function* () {
    const data = yield* MarketData;
    return yield* use({ data, read, frames });
  });
  const quiet = {
    ...{
      auditEveryMs: 0,
      tickerAuditEveryMs: 0,
      candleAuditEveryMs: 0,
      dailyCheckCron: "",
      verifyAfterMs: 3_600_000,
      reseedAfterMs: 3_600_000,
      // There is one socket to play.
      keysPerSocket: 10_000,
    },
    flightRecorder: { ...defaultRouterConfig.flightRecorder, windowMs: 0 },
  };
  const layer = Supervisor.layer.pipe(
    Layer.provide(Layer.merge(Layer.succeed(Venue, { ...venue, socket }), transport)),
    Layer.provide(configLayer(quiet)),
  );
  return Effect.runPromise(Effect.scoped(Effect.provide(Effect.orDie(program), layer)));
};

/** One market, and frames that are not looked at: a ticker is made for each. */
const tickersOnly = (): PlayedWorld => {
  const ticker = newTickers();
  return { markets: [market], decode: () => [{ _tag: "Ticker", value: ticker(), snapshot: false }] };
};
