/**
 * Ten bugs, planted one at a time, and the invariant that must catch each, named beforehand. They sit in decorations of the two ports and of
 * the door, or in patched methods of the product's own classes, so that the product itself holds no switch for them. A checker that lets one
 * of them pass is the real bug.
 */
import { HotStore } from "@naru/router/cache/HotStore";
import type { Answer } from "@naru/router/domain/Answer";
import type { Intent } from "@naru/router/domain/Question";
import type { MarketData } from "@naru/router/MarketData";
import { IdMemory } from "@naru/router/stream/IdMemory";
import type { Transport } from "@naru/router/transport/Transport";
import type { SocketMessage, Venue } from "@naru/router/transport/Venue";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Meddling } from "../Meddling.ts";
import type { ConsumerPlan, WorldPlan } from "../Plan.ts";
import type { Invariant } from "../Violation.ts";

export interface PlantedBug {
  readonly name: string;
  readonly caughtBy: Invariant;
  /** Worlds that cannot show it are not run. */
  readonly canShow: (plan: WorldPlan) => boolean;
  /** What is wrong from now on in one world; `undo` puts patched methods back. */
  readonly plant: () => Meddling & { readonly undo?: () => void };
}

type Door = MarketData["Service"];

/** Eleven requests in a window of ten. */
const limiterLetsElevenThrough = (venue: Venue["Service"]): Venue["Service"] => {
  const groups = Object.entries(venue.limits.groups).map(([name, limit]) => [name, { ...limit, limit: limit.limit + 1 }] as const);
  return { ...venue, limits: { ...venue.limits, groups: Object.fromEntries(groups) } };
};

const idThroughADouble = (venue: Venue["Service"]): Venue["Service"] => {
  const rounded = (message: SocketMessage): SocketMessage =>
    message._tag === "Trade" ? { ...message, value: { ...message.value, id: String(Number(message.value.id)) } } : message;
  return { ...venue, socket: { ...venue.socket, decode: (data, onGeneral) => venue.socket.decode(data, onGeneral).map(rounded) } };
};

/** An answer for one market; a list of answers goes its way. */
const neverStale = <A>(answer: Answer<A>): Answer<A> =>
  "provenance" in answer ? { ...answer, provenance: { ...answer.provenance, stale: false, staleReason: null } } : answer;

const labelOff = (door: Door): Door => ({
  ...door,
  // The compiler cannot tell the two overloads of a question apart: one market, or several.
  getTicker: ((market: string, options?: Intent) => Effect.map(door.getTicker(market, options), neverStale)) as Door["getTicker"],
});

const gapHidden = (door: Door): Door => ({
  ...door,
  streamTradesEvents: (markets, options) => Stream.filter(door.streamTradesEvents(markets, options), (element) => element._tag !== "Gap"),
});

const leakedFiber = (transport: Transport["Service"]): Transport["Service"] => ({
  ...transport,
  rest: (request) => Effect.andThen(Effect.forkDetach(Effect.sleep("1 day")), transport.rest(request)),
});

/** One time in this many it happens: a bug that always shows needs no search. */
const seldom = 7;

const outOfOrder = (): (() => void) => {
  const { put } = HotStore.prototype;
  HotStore.prototype.put = function (id, entry) {
    const held = this.get(id);
    // What is older replaces what is newer.
    if (held !== undefined && entry.exchangeTimeMs < held.exchangeTimeMs) this.delete(id);
    return put.call(this, id, entry);
  };
  return () => {
    HotStore.prototype.put = put;
  };
};

const staleSwap = (): (() => void) => {
  const { get } = HotStore.prototype;
  let [reads, other] = [0, undefined as ReturnType<typeof get>];
  HotStore.prototype.get = function (id) {
    const held = get.call(this, id);
    if (!id.startsWith("ticker")) return held;
    if (++reads % seldom === 0 && other !== undefined) return other;
    other = held;
    return held;
  };
  return () => {
    HotStore.prototype.get = get;
  };
};

const doubleDelivery = (): (() => void) => {
  const { add } = IdMemory.prototype;
  IdMemory.prototype.add = function (id) {
    add.call(this, id);
    return true;
  };
  return () => {
    IdMemory.prototype.add = add;
  };
};

const retryPastTheDeadline = (door: Door): Door => ({
  ...door,
  getTicker: ((market: string, options?: Intent) => Effect.retry(door.getTicker(market, options), { times: 2 })) as Door["getTicker"],
});

/** From the second socket on, the last market of the first type is forgotten. */
const subscriptionLostOnReconnect = (transport: Transport["Service"]): Transport["Service"] => {
  let sockets = 0;
  return {
    ...transport,
    socket: (url, handlers, options) =>
      Effect.map(transport.socket(url, handlers, options), (socket) => {
        const isFirst = sockets++ === 0;
        return isFirst
          ? socket
          : { ...socket, ping: socket.ping, terminate: socket.terminate, send: (text) => socket.send(withoutLast(text)) };
      }),
  };
};

const withoutLast = (text: string): string => {
  const objects: unknown = JSON.parse(text);
  if (!Array.isArray(objects)) return text;
  const elements: ReadonlyArray<{ type?: string; codes?: ReadonlyArray<string> }> = objects;
  return JSON.stringify(
    elements.map((element) =>
      element.type === "trade" && (element.codes?.length ?? 0) > 1 ? { ...element, codes: element.codes?.slice(0, -1) } : element,
    ),
  );
};

const asks =
  (...questions: ReadonlyArray<string>) =>
  (plan: WorldPlan): boolean =>
    plan.consumers.some((consumer) => consumer.kind === "asker" && questions.includes(consumer.question));

const follows =
  (kind: ConsumerPlan["kind"], markets = 1) =>
  (plan: WorldPlan): boolean =>
    plan.consumers.some((consumer) => consumer.kind === kind && consumer.markets.length >= markets);

export const plantedBugs: ReadonlyArray<PlantedBug> = [
  { name: "limiter-eleven", caughtBy: "polite", canShow: asks("burst"), plant: () => ({ venue: limiterLetsElevenThrough }) },
  { name: "id-as-double", caughtBy: "zero-loss", canShow: follows("trades"), plant: () => ({ venue: idThroughADouble }) },
  { name: "label-off", caughtBy: "honest-label", canShow: asks("ticker"), plant: () => ({ marketData: labelOff }) },
  { name: "gap-hidden", caughtBy: "zero-loss", canShow: follows("trades"), plant: () => ({ marketData: gapHidden }) },
  { name: "leaked-fiber", caughtBy: "clean", canShow: () => true, plant: () => ({ transport: leakedFiber }) },
  {
    name: "out-of-order",
    caughtBy: "state-converges",
    canShow: (plan) => follows("ticker")(plan) || follows("orderbook")(plan),
    plant: () => ({ undo: outOfOrder() }),
  },
  { name: "stale-swap", caughtBy: "honest-label", canShow: asks("ticker", "tickers"), plant: () => ({ undo: staleSwap() }) },
  { name: "double-delivery", caughtBy: "zero-loss", canShow: follows("trades"), plant: () => ({ undo: doubleDelivery() }) },
  { name: "retry-past-deadline", caughtBy: "converges", canShow: asks("ticker"), plant: () => ({ marketData: retryPastTheDeadline }) },
  {
    name: "subscription-lost",
    caughtBy: "zero-loss",
    canShow: follows("trades", 2),
    plant: () => ({ transport: subscriptionLostOnReconnect }),
  },
];
