/**
 * The ledger of the live side as a service: one `LiveNumbers` per router, published as metrics while its layer lives. Two routers of one process
 * are told apart by the label `client`: the smallest number that is free.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Metric from "effect/Metric";
import { LiveNumbers } from "./LiveNumbers.ts";
import { publish } from "./liveSeries.ts";

export class LiveLedger extends Context.Service<LiveLedger, LiveNumbers>()("@naru/router/health/LiveLedger") {
  static readonly layer: Layer.Layer<LiveLedger> = Layer.effect(
    LiveLedger,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const context = yield* Effect.context<never>();
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
  const numbers = new LiveNumbers(nowMs());
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const taken = clientsOf(Context.get(context, Metric.MetricRegistry));
      const client = firstFree(taken);
      taken.add(client);
      numbers.client = String(client);
      const takeBack = publish({ numbers, context, client: numbers.client, nowMs });
      return { taken, client, takeBack };
    }),
    ({ taken, client, takeBack }) =>
      Effect.sync(() => {
        takeBack();
        taken.delete(client);
      }),
  );
  return numbers;
});

/** The numbers in use, by registry: a registry outlives the routers that publish there. */
const clients = new WeakMap<Metric.MetricRegistry, Set<number>>();

const clientsOf = (registry: Metric.MetricRegistry): Set<number> => {
  const taken = clients.get(registry) ?? new Set<number>();
  clients.set(registry, taken);
  return taken;
};

const firstFree = (taken: ReadonlySet<number>): number => {
  let client = 1;
  while (taken.has(client)) client++;
  return client;
};
