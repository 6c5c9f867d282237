/**
 * Step 7: trades happen while nobody listens. Once the exchange opens, the link comes back by itself, they are read back in their place,
 * and answers are hot again.
 */
import type { Ticker } from "@naru/router/domain/Ticker";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { counted, duration } from "../render/numbers.ts";
import { isLive, isReconnecting, isResumed, isTrade } from "./elements.ts";
import { follow } from "./Follower.ts";
import { claim, same, type Step } from "./Step.ts";

const unheard = 3;

export const recovery: Step = {
  title: "Recovery, nothing lost",
  play: ({ data, ledger, market, patienceMs, refuseUpgrades, trade, trades }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const interrupted = trades.elements().findLast(isReconnecting);
        const missed = yield* Effect.forEach(Array.from({ length: unheard }), () => trade);
        yield* refuseUpgrades(0);
        const resumed = yield* trades.await(isResumed, interrupted);
        const arrived = yield* Effect.forEach(missed, (id) => trades.await(isTrade(id), interrupted), { concurrency: "unbounded" });
        const readBack = arrived.filter((one) => Option.isSome(one) && one.value._tag === "Recovered").length;
        const tickers = yield* follow<Ticker>(data.streamTickerEvents(market), patienceMs);
        yield* tickers.await(isLive);
        const before = ledger.restCount("/v1/ticker");
        const { provenance } = yield* data.getTicker(market);
        const ids = trades.elements().flatMap((element) => ("value" in element ? [element.value.id] : []));
        const outage = Option.match(resumed, {
          onNone: () => "never resumed",
          onSome: ({ downMs }) => `resumed after ${duration(downMs)}`,
        });
        return {
          shown: [
            `${outage}; ${counted(readBack, "trade")} of the outage read back over REST`,
            `${market} again by ${provenance.tier} over ${provenance.channel}`,
          ],
          claims: [
            claim("there was an interruption, and the stream said that it resumed", interrupted !== undefined && Option.isSome(resumed)),
            same("trades of the outage that arrived", arrived.filter(Option.isSome).length, unheard),
            // The newest of them may come as the snapshot of the new subscription.
            claim("all of them read back, but for the newest", readBack >= unheard - 1),
            claim("in the order they happened", inOrder(ids, missed)),
            same("received twice", ids.length - new Set(ids).size, 0),
            same("tier", provenance.tier, "hot_cache"),
            // While the socket is down REST keeps memory warm; hot over the socket is what came back.
            same("channel", provenance.channel, "websocket"),
            same("requests the exchange saw for it", ledger.restCount("/v1/ticker") - before, 0),
          ],
        };
      }),
    ),
};

const inOrder = (ids: ReadonlyArray<string>, made: ReadonlyArray<string>): boolean => {
  const places = made.map((id) => ids.indexOf(id));
  return places.every((place, i) => place > (places[i - 1] ?? -1));
};
