/**
 * Asks the exchange itself, as little as answers the question: one price, one connection, and one signed request where there is a key. All of it
 * waits behind the same limits as any other client of this machine, and a block that is met here is remembered like any other.
 */
import { parseMarket } from "@naru/router/domain/Market";
import { TimeoutError } from "@naru/router/errors/MarketDataError";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { Rest } from "@naru/router/transport/RestCall";
import { Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Redacted from "effect/Redacted";
import { examine } from "../diagnosis/examine.ts";
import { problemsOf } from "../diagnosis/Findings.ts";
import { type AccessKey, answerOf, authorization, type KeyAnswer } from "./accessKey.ts";
import type { PriceProbe, ProbeEvidence } from "./Evidence.ts";
import { travel } from "./networkRoad.ts";

/** How long the price may take, the wait for the limit included. */
const priceMs = 5_000;
/** How long the socket is listened to. */
const listenMs = 2_000;

/** Where the exchange is; null for one inside this process. */
export type Addresses = { readonly restUrl: string; readonly socketUrl: string } | null;

export const probe = Effect.fn("doctor.probe")(function* (marketCode: string, addresses: Addresses) {
  const market = yield* Effect.fromResult(parseMarket(marketCode));
  const roads =
    addresses === null
      ? []
      : yield* Effect.all([travel("rest", addresses.restUrl), travel("websocket", addresses.socketUrl)], { concurrency: 2 });
  const price = yield* askPrice(market);
  const findings = yield* examine([{ kind: "ticker", market }], listenMs);
  return {
    _tag: "Probed",
    roads,
    price,
    socket: { openedAfterMs: findings.connectedAfterMs, pongAfterMs: findings.pongAfterMs, problems: problemsOf(findings) },
  } satisfies ProbeEvidence;
});

type Market = Parameters<Venue["Service"]["tickers"]>[0][number];

const askPrice = Effect.fnUntraced(function* (market: Market) {
  const venue = yield* Venue;
  const rest = yield* Rest;
  const startedNanos = yield* Clock.monotonicTimeNanos;
  const [call] = venue.tickers([market]);
  if (call === undefined) return { _tag: "Failed", market, reason: "this venue has no such question" } satisfies PriceProbe;
  const deadlineNanos = startedNanos + BigInt(priceMs) * 1_000_000n;
  const asked = rest.run(call, { priority: "high", deadlineNanos, attempts: 1, expects: (row) => row.market === market });
  return yield* Effect.match(asked, {
    onFailure: (error): PriceProbe => ({ _tag: "Failed", market, reason: `${error._tag}: ${error.message}` }),
    onSuccess: ({ rows: [row], rejected: [bad], exchangeNowMs, receivedMs, receivedNanos }): PriceProbe =>
      row === undefined
        ? { _tag: "Failed", market, reason: bad?.message ?? "the answer is empty" }
        : {
            _tag: "Answered",
            market,
            price: row.price.toString(),
            ageMs: Math.max(0, exchangeNowMs - row.timestampMs),
            tookMs: Number(receivedNanos - startedNanos) / 1e6,
            // A date is in whole seconds; what is not is our own clock, put in for one that was missing.
            clockAheadMs: exchangeNowMs % 1_000 === 0 ? receivedMs - (exchangeNowMs + 500) : null,
          },
  });
});

/** Whether the exchange takes the key: one signed question for the account's own keys. `restUrl` is one of the exchange's own hosts. */
export const askKey = Effect.fn("doctor.askKey")(
  function* (key: AccessKey, restUrl: string) {
    const transport = yield* Transport;
    const limiter = yield* RateLimiter;
    const header = yield* authorization(key);
    const grant = yield* limiter.acquire("private", { priority: "high", maxWaitMs: priceMs });
    return yield* transport.rest({ url: `${restUrl}/api_keys`, headers: { authorization: Redacted.value(header) } }).pipe(
      Effect.timeoutOrElse({
        duration: priceMs,
        orElse: () => Effect.fail(new TimeoutError({ phase: "headers", timeoutMs: priceMs, detail: "the question for the key" })),
      }),
      Effect.onExit((exit) => limiter.ended(grant, Exit.isSuccess(exit))),
      Effect.map(({ status, body }) => answerOf(status, new TextDecoder().decode(body), key)),
    );
  },
  Effect.catch((error): Effect.Effect<KeyAnswer> => Effect.succeed({ _tag: "Unclear", reason: error._tag })),
);
