import { assert, describe, it } from "@effect/vitest";
import { networkError, type NetworkPhase } from "../src/networkFailure.ts";

const coded = (code: string) => Object.assign(new Error(`it said ${code}`), { code });

describe("the phase of a network failure", () => {
  const cases: ReadonlyArray<readonly [code: string, during: NetworkPhase, phase: NetworkPhase]> = [
    ["ENOTFOUND", "connect", "dns"],
    ["EAI_AGAIN", "upgrade", "dns"],
    ["ECONNREFUSED", "upgrade", "connect"],
    ["EHOSTUNREACH", "connect", "connect"],
    ["ENETUNREACH", "upgrade", "connect"],
    ["ECONNRESET", "connect", "connect"],
    ["ECONNRESET", "headers", "headers"],
    ["ECONNRESET", "body", "body"],
    ["ECONNRESET", "upgrade", "upgrade"],
    ["EHOSTUNREACH", "body", "body"],
    ["EPIPE", "socket", "socket"],
    ["CERT_HAS_EXPIRED", "connect", "tls"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "upgrade", "tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "connect", "tls"],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "connect", "tls"],
  ];
  for (const [code, during, phase] of cases) {
    it(`is ${phase} for ${code} during ${during}`, () => {
      const error = networkError(coded(code), "example.com", during);
      assert.deepInclude(error, { phase, code, host: "example.com", detail: `it said ${code}`, retryable: phase !== "tls" });
    });
  }

  it("needs no Error, and keeps the text short", () => {
    assert.deepInclude(networkError("odd", "h", "body"), { phase: "body", code: null, detail: null });
    assert.strictEqual(networkError(new Error("x".repeat(5_000)), "h", "body").detail?.length, 200);
  });
});
