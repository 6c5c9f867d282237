/**
 * One call, one answer, and where it came from. Replace `Sim.layerLoopback(…)` by `Upbit.layer` from `@naru/upbit` to ask the real exchange.
 */
import { getTicker } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, ManagedRuntime } from "effect";

// One runtime for the whole app: one socket, one cache, one set of limits.
const app = ManagedRuntime.make(Sim.layerLoopback({ seed: 1 }));

const program = Effect.gen(function* () {
  const first = yield* getTicker("KRW-BTC");
  console.log(`${first.market} ${first.value.price} (${first.value.changePercent} %) from ${first.provenance.tier}`);

  const second = yield* getTicker("KRW-BTC");
  console.log(`again, from ${second.provenance.tier}, confirmed ${second.provenance.confirmedAgeMs.toFixed(0)} ms ago`);
});

await app.runPromise(program);
await app.dispose();
