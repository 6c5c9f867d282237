/**
 * A program that can be asked how it is while it runs: one line beside its market data, and `naru status`, `naru fallback`, `naru resubscribe` and
 * `naru doctor` find it. What they ask over the socket can be asked by a program as well, as here.
 */
import { AdminClient, AdminSocket, StateFolder } from "@naru/node";
import { getTicker } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Layer } from "effect";

const app = AdminSocket.layer({ program: "my bot" }).pipe(Layer.provideMerge(Sim.layerLoopback({ seed: 1 })));

const program = Effect.gen(function* () {
  yield* getTicker("KRW-BTC");
  const apps = yield* AdminClient.running(yield* StateFolder.locate);
  const mine = apps.find(({ pid }) => pid === process.pid);
  if (mine === undefined) return console.log("nobody listens: this system has no unix sockets, or no state folder");
  const { app, mode, link } = yield* mine.status;
  console.log(`${app.program} is in mode ${mode.mode} and its link is ${link.state}`);
});

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(app)));
