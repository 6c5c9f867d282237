/** The same twice, by hand and with naru, against the same exchange: both say the same prices, and one is less than half as long. */
import { Exchange, layerLoopbackServer, LoopbackServer, Script } from "@naru/sim";
import { Effect, Layer, ManagedRuntime } from "effect";
import * as byHand from "./byHand.ts";
import * as withNaru from "./withNaru.ts";

// The emulated exchange, standing still so that both are asked about the same.
const exchange = ManagedRuntime.make(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 1 }))));
const { url } = await exchange.runPromise(Effect.andThen(Script.halt, Effect.service(LoopbackServer)));

for (const [name, { openPrices }] of Object.entries({ "by hand": byHand, "with naru": withNaru })) {
  const prices = await openPrices(url);
  for (const market of ["KRW-BTC", "KRW-ETH"]) console.log(`${name}: ${market} ${(await prices.price(market)).price}`);
  await prices.close();
}
await exchange.dispose();
