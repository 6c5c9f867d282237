import { assert, describe, it } from "@effect/vitest";
import { NetworkError } from "@naru/router/errors/MarketDataError";
import { Effect } from "effect";
import * as HttpDispatcher from "../src/HttpDispatcher.ts";
import { onFirstUse, undici } from "../src/onFirstUse.ts";
import * as restTransport from "../src/restTransport.ts";
import { resolveOptions } from "../src/TransportOptions.ts";
import { closedPort } from "./servers.ts";

describe("a package that is loaded on first use", () => {
  it("is loaded once for all who wait for it, and known from then on", async () => {
    let loads = 0;
    const module = onFirstUse(async () => ({ nth: ++loads }));
    assert.isUndefined(module.current());
    const [one, two] = await Promise.all([module.load(), module.load()]);
    assert.strictEqual(one, two);
    assert.strictEqual(module.current(), one);
    assert.strictEqual(loads, 1);
  });

  it("fails whoever wants it while it cannot be loaded, and is tried again", async () => {
    let broken = true;
    const module = onFirstUse(async () => {
      if (broken) throw new Error("no such file");
      return "here";
    });
    for (let i = 0; i < 2; i++) {
      const reason = await module.load().catch((error: unknown) => error);
      assert.match(String(reason), /no such file/);
      assert.isUndefined(module.current());
    }
    broken = false;
    assert.strictEqual(await module.load(), "here");
  });

  it.live("is not there before the first request, and a request that finds it missing fails with a NetworkError", () =>
    Effect.gen(function* () {
      const missing = Object.assign(new Error("Cannot find package 'undici'"), { code: "ERR_MODULE_NOT_FOUND" });
      const settings = resolveOptions();
      const url = `http://127.0.0.1:${yield* closedPort}/v1/ticker`;
      const broken = yield* HttpDispatcher.make(settings, { current: () => undefined, load: () => Promise.reject(missing) });
      assert.isUndefined(broken.current());
      const error = yield* Effect.flip(restTransport.make(settings, broken)({ url, headers: {} }));
      assert.instanceOf(error, NetworkError);
      assert.deepInclude(error, { phase: "send", code: "ERR_MODULE_NOT_FOUND", detail: missing.message, host: new URL(url).host });
      const sound = yield* HttpDispatcher.make(settings);
      assert.isUndefined(sound.current());
      yield* Effect.flip(restTransport.make(settings, sound)({ url, headers: {} }));
      assert.isDefined(sound.current());
      assert.isDefined(undici.current());
    }).pipe(Effect.scoped),
  );
});
