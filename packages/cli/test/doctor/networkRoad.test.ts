import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { travel } from "../../src/doctor/networkRoad.ts";

/** A port of this machine on which somebody listens who never speaks first. */
const listening = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resume(Effect.succeed({ port, close: () => void server.close() }));
    });
  }),
  ({ close }) => Effect.sync(close),
);

describe("the way to a host", () => {
  it.live("is timed phase by phase, as far as it leads", () =>
    Effect.gen(function* () {
      const { port } = yield* listening;
      const named = yield* travel("rest", `http://localhost:${port}/v1`);
      assert.deepStrictEqual([named.channel, named.host, named.failure], ["rest", `localhost:${port}`, null]);
      assert.deepStrictEqual(
        named.phases.map(({ phase, tookMs }) => [phase, tookMs > 0]),
        [
          ["dns", true],
          ["tcp", true],
        ],
      );
      const secure = yield* travel("websocket", `wss://127.0.0.1:${port}/websocket/v1`);
      assert.deepStrictEqual(
        secure.phases.map(({ phase }) => phase),
        ["tcp"],
        "a number needs no resolver",
      );
      assert.strictEqual(secure.failure?.phase, "tls");
    }).pipe(Effect.scoped),
  );

  it.live("says where it breaks, and with which code", () =>
    Effect.gen(function* () {
      const { port, close } = yield* listening;
      close();
      assert.deepInclude((yield* travel("rest", `http://127.0.0.1:${port}`)).failure, { phase: "tcp", code: "ECONNREFUSED" });
      assert.strictEqual((yield* travel("rest", "https://no-such-host.invalid/v1")).failure?.phase, "dns");
    }).pipe(Effect.scoped),
  );
});
