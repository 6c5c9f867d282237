import * as http from "node:http";
import * as net from "node:net";
import * as NodeTransport from "@naru/node/NodeTransport";
import { assert, describe, it } from "@effect/vitest";
import { Transport } from "@naru/router/transport/Transport";
import { Clock, Effect, Exit, Layer, Scope } from "effect";
import { WebSocket } from "ws";
import {
  ControlServer,
  Exchange,
  ExchangeModel,
  makeLoopbackServer,
  SpeedClock,
  type Fault,
  FaultProxy,
  layerControlServer,
  layerLoopbackServer,
  layerRecording,
  LoopbackServer,
  Script,
  TapeRecorder,
} from "../../src/index.ts";
import { layerBeforeServer } from "../../src/proxy/FaultProxy.ts";
import { memorySink } from "../../src/tape/TapeFile.ts";

/** Connections, servers and timers that keep this process alive. */
const resources = (): ReadonlyArray<string> =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCP|Pipe|Timeout|Immediate)/.test(name));

const countOf = (kind: RegExp): number => resources().filter((name) => kind.test(name)).length;

/** Looks at every turn of the event loop. */
const until = (done: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const look = () => (done() ? resume(Effect.void) : void setImmediate(look));
    look();
  }).pipe(Effect.timeout("20 seconds"), Effect.orDie);

const everything = Layer.mergeAll(
  layerRecording.pipe(Layer.provide(NodeTransport.layer()), Layer.provideMerge(TapeRecorder.layerSink(memorySink()))),
  layerControlServer(),
  layerBeforeServer(),
).pipe(Layer.provideMerge(layerLoopbackServer()), Layer.provideMerge(Exchange.layer({ seed: 1 })));

/** Each holds something back that is still held when the scope closes. */
const slow: ReadonlyArray<Fault> = [
  { verb: "slow-headers", path: "/v1/ticker", delayMs: 600_000 },
  { verb: "slow-body", path: "/v1/market", everyMs: 600_000 },
  { verb: "endless-body", path: "/v1/orderbook" },
  { verb: "reset-after-bytes", path: "/v1/trades", how: "hang" },
  { verb: "hang", path: "/v1/candles" },
  { verb: "late-frames", type: "trade", delayMs: 600_000 },
  { verb: "reorder", type: "ticker", holdMs: 600_000 },
];

const targets = [
  "/v1/ticker?markets=KRW-BTC",
  "/v1/market/all",
  "/v1/orderbook?markets=KRW-BTC",
  "/v1/trades/ticks?market=KRW-BTC",
  "/v1/candles/days?market=KRW-BTC",
];

const subscribe = '[{"ticket":"t"},{"type":"ticker","codes":["KRW-BTC"]},{"type":"trade","codes":["KRW-BTC"]}]';

describe("a scope that closes in the middle of everything", () => {
  it.live("leaves no connection, no server and no timer behind", () =>
    Effect.gen(function* () {
      yield* until(() => countOf(/^TCP/) === 0);
      const timers = countOf(/^Timeout/);
      const scope = yield* Scope.make();
      const services = yield* Scope.provide(Layer.build(everything), scope);
      const ended: Array<string> = [];
      const unread: Array<http.IncomingMessage> = [];
      const told = (what: string) => () => void ended.push(what);
      yield* Effect.gen(function* () {
        const exchange = yield* Exchange;
        const server = yield* LoopbackServer;
        const proxy = yield* FaultProxy;
        const control = yield* ControlServer;
        for (const fault of slow) yield* Script.fault(fault);
        yield* proxy.on({ verb: "latency", latencyMs: 600_000 });
        for (const at of [server, proxy]) {
          for (const target of targets)
            http
              .get(at.url + target, { agent: false }, (response) => unread.push(response.on("error", () => {})))
              .on("error", () => {})
              .on("close", told(target));
          const client = new WebSocket(at.socketUrl);
          client.on("open", () => client.send(subscribe));
          client.on("error", () => {});
          client.on("close", told("socket"));
        }
        // A request to the control port that never ends, and a connection that never begins.
        for (const begun of ["POST /_sim/time HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{", ""]) {
          const tcp = net.connect(control.port, "127.0.0.1", () => tcp.write(begun));
          tcp.on("error", () => {});
          tcp.on("close", told("control"));
        }
        // The recorded transport: a request without an answer, and a socket.
        const transport = yield* Transport;
        const asking = transport.rest({ url: `${server.url}/v1/candles/days?market=KRW-BTC`, headers: {} });
        yield* Effect.forkIn(Effect.ignore(asking), scope);
        const handlers = { onFrame: () => {}, onReadEnd: () => {}, onPong: () => {}, onClose: told("recorded socket") };
        const socket = yield* Scope.provide(transport.socket(server.socketUrl, handlers), scope);
        yield* socket.send(subscribe);
        yield* until(() => exchange.ledger.frameCount("in", "request") >= 2);
        yield* until(() => exchange.ledger.requests().length >= 2 * targets.length + 1);
        yield* Script.trade("KRW-BTC", { price: 97_000_000 });
        yield* until(() => exchange.ledger.faultCount("late-frames") >= 2 && proxy.links().some(({ waiting }) => waiting.down > 0));
        assert.isAbove(countOf(/^TCP/), 20);
      }).pipe(Effect.provideContext(services));
      yield* Scope.close(scope, Exit.void);
      const { exchange, proxy } = yield* Effect.all({ exchange: Exchange, proxy: FaultProxy }).pipe(Effect.provideContext(services));
      // What the clients have not read yet keeps them from noticing.
      for (const response of unread) response.resume();
      yield* until(() => exchange.openSockets === 0 && proxy.links().length === 0);
      yield* until(() => countOf(/^TCP/) === 0 && countOf(/^Timeout/) <= timers);
      assert.strictEqual(ended.length, 2 * (targets.length + 1) + 3);
    }),
  );

  it.live("leaves no fiber that sleeps", () =>
    Effect.gen(function* () {
      const clock = new SpeedClock(yield* Clock.Clock, Effect.runFork);
      const exchange = new ExchangeModel({ seed: 1 });
      const scope = yield* Scope.make();
      const server = yield* makeLoopbackServer(exchange).pipe(Scope.provide(scope), Effect.provideService(Clock.Clock, clock));
      for (const fault of slow) exchange.faults.on(fault, exchange.nowOf(clock));
      for (const target of targets) http.get(server.url + target, { agent: false }).on("error", () => {});
      const client = new WebSocket(server.socketUrl);
      client.on("open", () => client.send(subscribe));
      client.on("error", () => {});
      yield* until(() => exchange.ledger.requests().length === targets.length && exchange.ledger.frameCount("in", "request") === 1);
      // One for the socket, one for each answer that comes slowly.
      yield* until(() => clock.sleeping === 3);
      yield* Scope.close(scope, Exit.void);
      yield* until(() => clock.sleeping === 0);
      assert.strictEqual(exchange.openSockets, 0);
    }),
  );
});
