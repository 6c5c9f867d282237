/** The four exchanges, and addresses of one's own. */
import { assert, describe, it } from "@effect/vitest";
import { ConfigProvider, Effect, Layer, Result } from "effect";
import { Venue } from "@naru/router/transport/Venue";
import { profileFromUrl, profiles } from "../src/profiles.ts";
import { layer, layerConfig, makeVenue } from "../src/UpbitVenue.ts";

describe("profiles", () => {
  it("are Korea, Singapore, Indonesia and Thailand, each at its own host with its own currency", () => {
    const rows = Object.values(profiles).map((profile) => [
      profile.id,
      profile.restUrl,
      profile.socketUrl,
      profile.quotes.join(),
      profile.korean,
    ]);
    assert.deepStrictEqual(rows, [
      ["upbit", "https://api.upbit.com/v1", "wss://api.upbit.com/websocket/v1", "KRW,BTC,USDT", true],
      ["upbit-sg", "https://sg-api.upbit.com/v1", "wss://sg-api.upbit.com/websocket/v1", "SGD,BTC,USDT", false],
      ["upbit-id", "https://id-api.upbit.com/v1", "wss://id-api.upbit.com/websocket/v1", "IDR,BTC,USDT", false],
      ["upbit-th", "https://th-api.upbit.com/v1", "wss://th-api.upbit.com/websocket/v1", "THB,BTC,USDT", false],
    ]);
  });

  it("an address of one's own gets both paths, and keeps its port and prefix", () => {
    const urls = (address: string) => {
      const profile = Result.getOrThrow(profileFromUrl(address));
      return [profile.restUrl, profile.socketUrl, profile.host];
    };
    assert.deepStrictEqual(urls("http://127.0.0.1:8080"), [
      "http://127.0.0.1:8080/v1",
      "ws://127.0.0.1:8080/websocket/v1",
      "127.0.0.1:8080",
    ]);
    assert.deepStrictEqual(urls("http://localhost:1/"), ["http://localhost:1/v1", "ws://localhost:1/websocket/v1", "localhost:1"]);
    assert.deepStrictEqual(urls("http://[::1]:1"), ["http://[::1]:1/v1", "ws://[::1]:1/websocket/v1", "[::1]:1"]);
    assert.deepStrictEqual(urls("https://proxy.example/upbit/v1/"), [
      "https://proxy.example/upbit/v1",
      "wss://proxy.example/upbit/websocket/v1",
      "proxy.example",
    ]);
  });

  it("an emulated exchange says that its prices are made up", () => {
    const profile = Result.getOrThrow(profileFromUrl("http://127.0.0.1:1", { id: "sim", simulated: true, like: "upbit-id" }));
    const venue = makeVenue(profile);
    assert.deepStrictEqual([venue.id, venue.simulated, profile.fiat, profile.korean], ["sim", true, "IDR", false]);
    assert.isFalse(makeVenue(profiles.upbit).simulated);
  });

  it("takes an address on this machine for simulated unless told otherwise, and no other", () => {
    const simulated = (address: string, options = {}) => Result.getOrThrow(profileFromUrl(address, options)).simulated;
    assert.isTrue(simulated("http://127.0.0.1:8787"));
    assert.isTrue(simulated("http://localhost:8787"));
    assert.isFalse(simulated("http://127.0.0.1:8787", { simulated: false }));
    assert.isFalse(simulated("https://api.upbit.com"));
  });

  it("plain http elsewhere, other protocols, credentials and queries are refused with the setting's name", () => {
    for (const address of [
      "http://api.upbit.com",
      "http://127.0.0.1.example.com",
      "ws://127.0.0.1",
      "ftp://x",
      "api.upbit.com",
      "",
      "https://x/?a=1",
      "https://x/#a",
    ]) {
      const refused = profileFromUrl(address);
      assert.strictEqual(Result.isFailure(refused) ? refused.failure.setting : "accepted", "url", address);
    }
    const secret = profileFromUrl("https://user:secret@x.example");
    assert.isTrue(Result.isFailure(secret) && !JSON.stringify(secret.failure).includes("secret"));
  });

  it.effect("the layers give the venue that the environment names", () =>
    Effect.gen(function* () {
      const named = (env: Record<string, string>) =>
        Venue.use((venue) => Effect.succeed([venue.id, venue.host, venue.socket.url])).pipe(
          Effect.provide(layerConfig.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))),
        );
      assert.deepStrictEqual(yield* named({}), ["upbit", "api.upbit.com", "wss://api.upbit.com/websocket/v1"]);
      assert.strictEqual((yield* named({ NARU_VENUE: "upbit-th" }))[0], "upbit-th");
      assert.deepStrictEqual(yield* named({ NARU_URL: "http://127.0.0.1:9" }), [
        "127.0.0.1:9",
        "127.0.0.1:9",
        "ws://127.0.0.1:9/websocket/v1",
      ]);
      assert.strictEqual((yield* Effect.flip(named({ NARU_VENUE: "binance" })))._tag, "ConfigError");
      assert.strictEqual((yield* Effect.flip(named({ NARU_URL: "http://evil.example" })))._tag, "ConfigError");
      assert.strictEqual(yield* Venue.use((venue) => Effect.succeed(venue.id)).pipe(Effect.provide(layer)), "upbit");
    }),
  );
});
