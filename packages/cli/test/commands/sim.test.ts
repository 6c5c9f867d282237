import { assert, describe, it } from "@effect/vitest";
import { ControlServer, Exchange, FaultProxy, layerControlServer, layerLoopbackServer, LoopbackServer, Script } from "@naru/sim";
import { layerBeforeServer } from "@naru/sim/proxy/FaultProxy";
import { Effect, Fiber, Layer, Option } from "effect";
import { TestConsole } from "effect/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ledger } from "../../src/commands/simLedger.ts";
import { invoke } from "../invoke.ts";

const served = layerControlServer().pipe(
  Layer.provideMerge(layerBeforeServer()),
  Layer.provideMerge(layerLoopbackServer()),
  Layer.provideMerge(Exchange.layer({ seed: 5 })),
);

/** `naru sim …` against the exchange that the test serves. */
const sim = (...args: ReadonlyArray<string>) => Effect.flatMap(ControlServer, ({ url }) => invoke("sim", ...args, "--control", url));

const statusOf = (url: string) => Effect.promise(async () => (await fetch(url)).status);

describe("naru sim fault", () => {
  it.live("switches a fault on, lists it and switches it off, as a client sees", () =>
    Effect.gen(function* () {
      const { url } = yield* LoopbackServer;
      const on = yield* sim("fault", "on", "server-error", "path=/v1/ticker", "status=502");
      assert.strictEqual(on.exitCode, 0, on.err.join());
      assert.match(on.out[0] ?? "", /^1 server-error path=\/v1\/ticker .*status=502/);
      assert.strictEqual(yield* statusOf(`${url}/v1/ticker?markets=KRW-BTC`), 502);
      assert.match((yield* sim("fault", "list")).out[1] ?? "", /^1 .*server-error .* 1$/);
      assert.deepStrictEqual((yield* sim("fault", "off", "1")).out, ["1 switched off"]);
      assert.strictEqual(yield* statusOf(`${url}/v1/ticker?markets=KRW-BTC`), 200);
      assert.deepStrictEqual((yield* sim("fault", "list")).out, ["no fault is on"]);
    }).pipe(Effect.provide(served)),
  );

  it.live("reaches the proxy, and switches everything off at once", () =>
    Effect.gen(function* () {
      const { list } = yield* FaultProxy;
      yield* sim("fault", "on", "latency", "latencyMs=5");
      yield* sim("fault", "on", "half_open", "--proxy");
      yield* sim("fault", "on", "hang");
      assert.deepStrictEqual(
        list().map(({ toxic }) => toxic.verb),
        ["latency", "half_open"],
      );
      assert.deepStrictEqual((yield* sim("fault", "off", "all")).out, ["3 switched off"]);
      assert.deepStrictEqual(list(), []);
    }).pipe(Effect.provide(served)),
  );

  it.live("says what is wrong, on stderr and as a document", () =>
    Effect.gen(function* () {
      const { exitCode, err, documents } = yield* sim("fault", "on", "hnag", "--json");
      assert.strictEqual(exitCode, 64);
      assert.match(err[0] ?? "", /no fault is called "hnag"; did you mean hang/);
      assert.deepInclude(documents()[0], { _tag: "ControlRefused", field: "verb", retryable: false });
      assert.match((yield* sim("fault", "off", "77")).err[0] ?? "", /no fault 77 is on/);
    }).pipe(Effect.provide(served)),
  );
});

describe("naru sim", () => {
  it.live("shows the state for people, and as the control port's document", () =>
    Effect.gen(function* () {
      yield* Script.ban("10.9.8.7", "1 minute");
      const { out } = yield* sim("state");
      assert.match(out[0] ?? "", /^seed 5, .*speed 1/);
      assert.include(out.join("\n"), "10.9.8.7");
      const [document] = (yield* sim("state", "--json")).documents();
      assert.deepInclude(document, { seed: 5, speed: 1, paused: false });
    }).pipe(Effect.provide(served)),
  );

  it.live("stops the time, moves it on and makes it faster", () =>
    Effect.gen(function* () {
      const { documents } = yield* sim("time", "--pause", "--json");
      const nowMs = Number(documents()[0]?.["nowMs"]);
      const [moved] = (yield* sim("time", "--advance", "10s", "--speed", "20", "--json")).documents();
      assert.deepStrictEqual(moved, { nowMs: nowMs + 10_000, speed: 20, paused: true });
      assert.match((yield* sim("time", "--resume")).out[0] ?? "", /speed 20$/);
      assert.match((yield* sim("time")).out[0] ?? "", /^\d{4}-.*, speed 20$/);
    }).pipe(Effect.provide(served)),
  );

  it.live("shows one market's part of the ledger", () =>
    Effect.gen(function* () {
      const { url } = yield* LoopbackServer;
      for (const code of ["KRW-BTC", "KRW-ETH"]) yield* statusOf(`${url}/v1/ticker?markets=${code}`);
      const { out } = yield* sim("ledger", "requests", "--market", "KRW-ETH");
      assert.strictEqual(out.length, 1);
      assert.match(out[0] ?? "", /verdict=accepted .*KRW-ETH/);
      const rows = (yield* sim("ledger", "requests", "--json")).documents();
      assert.deepStrictEqual(
        rows.map((row) => row["status"]),
        [200, 200],
      );
    }).pipe(Effect.provide(served)),
  );

  it.live("follows the ledger: each entry once, in order", () =>
    Effect.gen(function* () {
      const { url } = yield* LoopbackServer;
      const control = (yield* ControlServer).url;
      yield* statusOf(`${url}/v1/ticker?markets=KRW-BTC`);
      const input = { kind: "requests", market: Option.none(), limit: 20, follow: true, control };
      const following = yield* Effect.forkChild(ledger({ json: true }, input));
      const printed = Effect.map(TestConsole.logLines, (lines) => lines.map((line) => String(JSON.parse(String(line)).path)));
      yield* waitFor(printed, (paths) => paths.length === 1);
      yield* statusOf(`${url}/v1/market/all`);
      yield* statusOf(`${url}/v1/orderbook?markets=KRW-BTC`);
      yield* waitFor(printed, (paths) => paths.length >= 3);
      assert.deepStrictEqual(yield* printed, ["/v1/ticker", "/v1/market/all", "/v1/orderbook"]);
      yield* Fiber.interrupt(following);
    }).pipe(Effect.provide(Layer.merge(served, TestConsole.layer))),
  );

  it.effect("lists every verb without an exchange that is served", () =>
    Effect.gen(function* () {
      const { exitCode, documents } = yield* invoke("sim", "verbs", "--json");
      assert.strictEqual(exitCode, 0);
      const verbs = documents().map(({ verb }) => verb);
      assert.includeMembers([...verbs], ["hang", "server-error", "latency", "rst_after_n_frames"]);
    }),
  );

  it.live("says what to do where no control port is", () =>
    Effect.gen(function* () {
      const { exitCode, err, documents } = yield* invoke("sim", "state", "--json", "--control", "http://127.0.0.1:9");
      assert.strictEqual(exitCode, 69);
      assert.match(err[0] ?? "", /no control port at http:\/\/127\.0\.0\.1:9 .*naru sim serve --control-port 8788/);
      assert.deepInclude(documents()[0], { _tag: "ControlUnreachable", retryable: true });
      assert.strictEqual((yield* invoke("sim", "state", "--control", "here")).exitCode, 64);
    }),
  );
});

describe("naru sim serve", () => {
  it.live("refuses a fault that does not exist, and one that needs a proxy", () =>
    Effect.gen(function* () {
      const unknown = yield* invoke("sim", "serve", "--port", "0", "--fault", "hnag");
      assert.strictEqual(unknown.exitCode, 78);
      assert.match(unknown.err[0] ?? "", /fault "hnag" .*did you mean hang/);
      assert.match((yield* invoke("sim", "serve", "--port", "0", "--fault", "down")).err[0] ?? "", /start with --proxy-port/);
    }),
  );

  it.live("names the port that is taken", () =>
    Effect.gen(function* () {
      const { port } = yield* LoopbackServer;
      const taken = (...args: ReadonlyArray<string>) => Effect.map(invoke("sim", "serve", ...args), ({ err }) => err[0] ?? "");
      assert.match(yield* taken("--port", "0", "--control-port", String(port)), /control-port .*in use; --control-port 0 takes/);
      assert.match(yield* taken("--port", "0", "--proxy-port", String(port)), /proxy-port .*in use; --proxy-port 0 takes/);
    }).pipe(Effect.provide(served)),
  );

  it("serves with faults that are on, a proxy and a control port, and says where they are", async () => {
    const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
    const args = ["--port", "0", "--control-port", "0", "--proxy-port", "0", "--speed", "50", "--seed", "9", "--markets", "3", "--json"];
    const server = spawn(process.execPath, [main, "sim", "serve", ...args, "--fault", "html path=/v1/market times=1"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(createInterface(server.stdout), "line")) as [string];
      const told: { readonly [name: string]: unknown } = JSON.parse(line);
      const state: { readonly [name: string]: unknown } = await (await fetch(`${String(told["controlUrl"])}/_sim/state`)).json();
      assert.deepInclude(state, { seed: 9, speed: 50, markets: 3 });
      assert.strictEqual((state["faults"] as ReadonlyArray<unknown>).length, 1);
      assert.match(await (await fetch(`${String(told["url"])}/v1/market/all`)).text(), /^<|<html/i);
      assert.strictEqual((await fetch(`${String(told["proxyUrl"])}/v1/market/all`)).status, 200);
    } finally {
      server.kill("SIGKILL");
    }
  });
});

/** Looks again at every turn of the event loop. */
const waitFor = <A>(look: Effect.Effect<A>, done: (seen: A) => boolean): Effect.Effect<void> =>
  Effect.flatMap(look, (seen) =>
    done(seen)
      ? Effect.void
      : Effect.andThen(
          Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void))),
          Effect.suspend(() => waitFor(look, done)),
        ),
  );
