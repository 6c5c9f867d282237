/**
 * The emulated exchange as a process of its own, for proofs that stop it: `node servedExchange.ts OPTIONS`, with an IPC channel to its parent. It
 * tells its port, and what its ledger counted when asked. It ends with its parent.
 */
import { Exchange, type ExchangeOptions, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Counted, ServedMessage } from "./ServedProcess.ts";

const options: unknown = JSON.parse(process.argv[2] ?? "{}");
const tell = (message: ServedMessage): void => void process.send?.(message);

const serve = Effect.gen(function* () {
  const { port } = yield* LoopbackServer;
  const { ledger } = yield* Exchange;
  process.on("message", () => {
    const counted: Counted = {
      connections: ledger.counters()["connection"] ?? 0,
      restRequests: ledger.restCount(),
      rejected: ledger.rejected,
      tradesSent: ledger.frameCount("out", "trade"),
      byPath: Object.fromEntries(
        Object.entries(ledger.counters()).flatMap(([name, count]) =>
          name.startsWith("request:") ? [[name.slice("request:".length), count] as const] : [],
        ),
      ),
      mostPerSecond: Object.fromEntries(ledger.groups().map((group) => [group, ledger.maxInWindow(group, 1_000)])),
    };
    tell({ _tag: "Counted", counted });
  });
  tell({ _tag: "Ready", port });
  return yield* Effect.never;
});

process.on("disconnect", () => process.exit(0));
// The parent is this same repository, at this same moment.
const exchange = Exchange.layer({ ...(options as ExchangeOptions), ledgerCapacity: 1_000, ledger: { frames: "off" } });
Effect.runFork(Effect.scoped(serve).pipe(Effect.provide(layerLoopbackServer().pipe(Layer.provideMerge(exchange)))));
