/** Every failure is one tag of one union, whatever channel it came through: HTTP 429, a socket's INVALID_AUTH, a misspelt market. */
import { getTicker } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, ManagedRuntime } from "effect";

const app = ManagedRuntime.make(Sim.layerLoopback({ seed: 1 }));

const price = (market: string) =>
  getTicker(market, { strategy: "rest_only" }).pipe(
    Effect.map((answer) => `${answer.market} ${answer.value.price}`),
    Effect.catchTags({
      RateLimited: (error) => Effect.succeed(`too fast: try again in ${error.retryAfterMs} ms`),
      Unauthorized: (error) => Effect.succeed(`credentials refused: ${error.name}`),
      MarketUnknown: (error) => Effect.succeed(`no ${error.market}; did you mean ${error.near.join(", ")}?`),
      InvalidRequest: (error) => Effect.succeed(error.message),
    }),
  );

const program = Effect.gen(function* () {
  console.log(yield* price("KRW-BTC"));
  console.log(yield* price("KRW-BTX"));
  console.log(yield* price("BTC-KRW"));
  // The exchange goes on saying "too many": the call waits and tries again inside its deadline before it says so.
  yield* Sim.failRest("/v1/ticker", { status: 429, body: "Too many API requests." }, 10);
  console.log(yield* price("KRW-ETH"));
});

await app.runPromise(program);
await app.dispose();
