/** Step 6: every socket is cut and none is let in again. The stream says so at once, and REST answers, labelled as what it is. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { duration, grouped } from "../render/numbers.ts";
import { isLive, isReconnecting } from "./elements.ts";
import { timed } from "./Stage.ts";
import { claim, same, type Step } from "./Step.ts";

/** How long the exchange lets nobody in unless it is opened before, in milliseconds: longer than anything here takes. */
const closedMs = 60_000;

export const cutSockets: Step = {
  title: "The sockets are cut, REST takes over",
  play: ({ cutSockets, data, ledger, market, refuseUpgrades, trades }) =>
    Effect.gen(function* () {
      const live = yield* trades.await(isLive);
      const since = trades.elements().at(-1);
      yield* refuseUpgrades(closedMs);
      yield* cutSockets;
      const told = yield* trades.await(isReconnecting, since);
      const open = ledger.connections().filter(({ closed }) => closed === undefined).length;
      const before = ledger.restCount("/v1/ticker");
      // A value confirmed just before the cut would still be young enough; an age of nothing asks for the present.
      const { value: answer, tookMs } = yield* timed(data.getTicker(market, { maxAge: 0 }));
      const { tier, channel, simulated, stale } = answer.provenance;
      return {
        shown: [
          `the stream says: ${Option.match(told, { onNone: () => "nothing", onSome: ({ reason }) => `reconnecting, ${reason}` })}`,
          `${market} ${grouped(answer.value.price)} in ${duration(tookMs)}, by ${tier} over ${channel}`,
        ],
        claims: [
          claim("the stream was live, and said that it was interrupted", Option.isSome(live) && Option.isSome(told)),
          same("sockets open at the exchange", open, 0),
          same("channel", channel, "rest"),
          same("requests the exchange saw", ledger.restCount("/v1/ticker") - before, 1),
          claim("labelled as simulated, and not stale", simulated && !stale),
        ],
      };
    }),
};
