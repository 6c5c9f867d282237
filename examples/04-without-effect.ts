/** Promises and `for await`, for people without Effect. `connect({ venue: "upbit" })` asks the real exchange. */
import { Exchange, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import { connect } from "@naru/upbit";
import { Effect, Layer, ManagedRuntime } from "effect";

// The emulated exchange, standing in for the real one.
const exchange = ManagedRuntime.make(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 1 }))));
const { url } = await exchange.runPromise(Effect.service(LoopbackServer));

{
  await using naru = await connect({ venue: url, profile: { id: "sim", simulated: true } });

  const { answers } = await naru.getTicker(["KRW-BTC", "KRW-ETH"]);
  for (const { market, value } of answers) console.log(`${market} ${value.price}`);

  let seen = 0;
  for await (const book of naru.streamOrderbook("KRW-BTC")) {
    console.log(`best bid ${book.bids[0]?.price}, best ask ${book.asks[0]?.price}, spread ${book.spread}`);
    if (++seen === 3) break;
  }
}
await exchange.dispose();
