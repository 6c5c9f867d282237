import { createHmac } from "node:crypto";
import { assert, describe, it } from "@effect/vitest";
import { ConfigProvider, Effect, Layer, Redacted } from "effect";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { Transport } from "@naru/router/transport/Transport";
import { UpstreamError } from "@naru/router/errors/MarketDataError";
import { limits } from "@naru/upbit/limits";
import { inspect } from "node:util";
import * as accessKey from "../../src/doctor/accessKey.ts";
import { askKey } from "../../src/doctor/probe.ts";

const access = "CanaryAccessCanaryAccessCanaryAccess1234";
const secret = "CanarySecretCanarySecretCanarySecret5678";
const key: accessKey.AccessKey = { access: Redacted.make(access), secret: Redacted.make(secret) };

const read = (env: Record<string, string>) =>
  Effect.provideService(accessKey.read, ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env));

/** What the exchange was asked, and answers. */
const asked = (answer: { readonly status: number; readonly body: string } | undefined) => {
  const requests: Array<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }> = [];
  const transport = Transport.layerTest({
    rest: (request) => {
      requests.push(request);
      return answer === undefined
        ? Effect.fail(new UpstreamError({ status: 502, name: null, detail: secret, retryAfterMs: null }))
        : Effect.succeed({ status: answer.status, headers: {}, body: new TextEncoder().encode(answer.body) });
    },
  });
  return Effect.map(
    Effect.provide(askKey(key, "https://api.upbit.com/v1"), Layer.merge(transport, RateLimiter.layerTest(limits))),
    (said) => ({ said, requests }),
  );
};

describe("the optional key", () => {
  it.effect("is read of the environment as a whole, or told as half or strange, and none of it is ever in a word (R002-37)", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({}), { _tag: "None", facts: { _tag: "Absent" } });
      assert.deepStrictEqual(yield* read({ UPBIT_ACCESS_KEY: "", UPBIT_SECRET_KEY: "" }), { _tag: "None", facts: { _tag: "Absent" } });
      const half = yield* read({ UPBIT_SECRET_KEY: secret });
      assert.deepStrictEqual(half, {
        _tag: "None",
        facts: { _tag: "Wrong", reason: "UPBIT_SECRET_KEY is set and UPBIT_ACCESS_KEY is not" },
      });
      const strange = yield* read({ UPBIT_ACCESS_KEY: `"${access}"`, UPBIT_SECRET_KEY: `${secret}\n` });
      assert.match(inspect(strange), /UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY is not made of/);
      const whole = yield* read({ UPBIT_ACCESS_KEY: access, UPBIT_SECRET_KEY: secret });
      assert.strictEqual(whole._tag, "Some");
      for (const thing of [half, strange, whole]) assert.notMatch(`${inspect(thing, { depth: 9 })}${JSON.stringify(thing)}`, /Canary/);
    }),
  );

  it.effect("goes out once, signed, with a number used once, and what comes back holds nothing of it", () =>
    Effect.gen(function* () {
      const body = JSON.stringify([{ access_key: "another" }, { access_key: access, expire_at: "2027-01-01T00:00:00+09:00" }]);
      const { said, requests } = yield* asked({ status: 200, body });
      assert.deepStrictEqual(said, { _tag: "Accepted", expiresAtMs: Date.parse("2027-01-01T00:00:00+09:00") });
      const [request = assert.fail("nothing was asked")] = requests;
      assert.strictEqual(requests.length, 1);
      assert.strictEqual(request.url, "https://api.upbit.com/v1/api_keys");
      const [, signed = "", signature] = /^Bearer ([\w-]+\.[\w-]+)\.([\w-]+)$/.exec(request.headers["authorization"] ?? "") ?? [];
      assert.strictEqual(signature, createHmac("sha256", secret).update(signed).digest("base64url"));
      const [header, payload] = signed.split(".").map((part): unknown => JSON.parse(Buffer.from(part, "base64url").toString()));
      assert.deepStrictEqual(header, { alg: "HS256", typ: "JWT" });
      const { access_key, nonce } = payload as { readonly access_key: string; readonly nonce: string };
      assert.strictEqual(access_key, access);
      assert.match(nonce, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const second = yield* accessKey.authorization(key);
      assert.notStrictEqual(Redacted.value(second), request.headers["authorization"]);
      assert.notInclude(inspect(second), "Bearer");
    }),
  );

  it.effect("is refused by name, is good without the right to be listed, and a strange answer is no verdict", () =>
    Effect.gen(function* () {
      const error = (status: number, name: string) =>
        Effect.map(asked({ status, body: JSON.stringify({ error: { name, message: `about ${secret}` } }) }), ({ said }) => said);
      assert.deepStrictEqual(yield* error(401, "jwt_verification"), { _tag: "Refused", name: "jwt_verification" });
      assert.deepStrictEqual(yield* error(401, `no ${access}`), { _tag: "Refused", name: "HTTP 401" });
      assert.deepStrictEqual(yield* error(403, "out_of_scope"), { _tag: "Accepted", expiresAtMs: null });
      assert.deepStrictEqual(yield* error(404, "not_found"), { _tag: "Unclear", reason: "HTTP 404 not_found" });
      assert.deepStrictEqual((yield* asked({ status: 500, body: "<html>" })).said, { _tag: "Unclear", reason: "HTTP 500" });
      assert.deepStrictEqual((yield* asked(undefined)).said, { _tag: "Unclear", reason: "UpstreamError" });
    }),
  );
});
