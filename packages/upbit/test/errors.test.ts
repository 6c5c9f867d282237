/** What each error of the exchange means to a caller, by status, body and socket name. */
import { assert, describe, it } from "@effect/vitest";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { restFailure, socketFailure, upgradeFailure } from "../src/errors.ts";
import { decodeSocketMessage } from "../src/decode/SocketFrame.ts";

type Headers = Readonly<Record<string, string | undefined>>;
const date = "Wed, 23 Sep 2026 10:00:00 GMT";

const rest = (status: number, body: string, headers: Headers = {}, path = "/ticker?markets=KRW-NOPE"): MarketDataError | undefined =>
  restFailure(
    { venue: "upbit", group: "ticker", url: `https://api.upbit.com/v1${path}` },
    { status, headers: { date, ...headers }, body: new TextEncoder().encode(body) },
  );

/** The facts of an error, as one line. */
const told = (error: MarketDataError | undefined): string => {
  if (error === undefined) return "good";
  switch (error._tag) {
    case "RateLimited":
      return `RateLimited ${error.group} ${error.scope} ${error.status} ${error.retryAfterMs}`;
    case "Unauthorized":
      return `Unauthorized ${error.channel} ${error.name} ${error.status}`;
    case "InvalidRequest":
      return `InvalidRequest ${error.name} ${error.status ?? null} ${error.reason}`;
    case "MarketUnknown":
      return `MarketUnknown ${error.market} ${error.venue}`;
    case "UpstreamError":
      return `UpstreamError ${error.status} ${error.name} ${error.detail} ${error.retryAfterMs}`;
    default:
      return error._tag;
  }
};

const errorBody = (name: string | number, message: string): string => JSON.stringify({ error: { name, message } });
const invalid = "Invalid parameter. Check the given value!";

const restTable: ReadonlyArray<readonly [status: number, body: string, headers: Headers, path: string | undefined, expected: string]> = [
  [200, "[]", {}, undefined, "good"],
  [200, '[{"market":"KRW-BTC"}]', { "content-type": "text/html" }, undefined, "good"],
  [
    200,
    "<html>maintenance</html>",
    { "content-type": "text/html; charset=utf-8" },
    undefined,
    "UpstreamError 200 null unexpected text/html null",
  ],
  [200, " \n<!DOCTYPE html>", { "content-type": "application/json" }, undefined, "UpstreamError 200 null unexpected text/html null"],
  [200, "Service paused", { "content-type": "text/html" }, undefined, "UpstreamError 200 null unexpected text/html null"],
  [200, errorBody(404, "Code not found"), {}, undefined, "MarketUnknown KRW-NOPE upbit"],
  [200, errorBody(400, invalid), {}, undefined, `InvalidRequest 400 400 ${invalid}`],
  [200, errorBody("too_many_requests", "Too many API requests."), {}, undefined, "RateLimited ticker group 429 1000"],
  [200, errorBody("expired_jwt", "expired"), {}, undefined, "Unauthorized rest expired_jwt 401"],
  [200, errorBody("something_new", "?"), {}, undefined, "UpstreamError 200 something_new ? null"],
  [400, errorBody(400, invalid), {}, undefined, `InvalidRequest 400 400 ${invalid}`],
  [
    400,
    errorBody(400, "Type mismatch error. Check the parameters type!"),
    {},
    undefined,
    "InvalidRequest 400 400 Type mismatch error. Check the parameters type!",
  ],
  [400, errorBody("validation_error", "bad"), {}, undefined, "InvalidRequest validation_error 400 bad"],
  [400, "", {}, undefined, "InvalidRequest 400 400 was refused"],
  [414, "<html>URI Too Long</html>", {}, undefined, "InvalidRequest 414 414 <html>URI Too Long</html>"],
  [401, errorBody("jwt_verification", "no"), {}, undefined, "Unauthorized rest jwt_verification 401"],
  [401, "", {}, undefined, "Unauthorized rest 401 401"],
  [403, errorBody("out_of_scope", "no"), {}, undefined, "Unauthorized rest out_of_scope 403"],
  [403, "<html>Forbidden</html>", {}, undefined, "UpstreamError 403 null <html>Forbidden</html> null"],
  [404, errorBody(404, "Code not found"), {}, undefined, "MarketUnknown KRW-NOPE upbit"],
  [404, errorBody(404, "Code not found"), {}, "/orderbook?markets=KRW-BTC,KRW-NOPE&count=15", "MarketUnknown KRW-BTC,KRW-NOPE upbit"],
  [404, errorBody(404, "Code not found"), {}, "/market/all", "UpstreamError 404 404 Code not found null"],
  [
    404,
    errorBody("not_found", "no Route matched with those values"),
    {},
    "/nope?market=KRW-BTC",
    "UpstreamError 404 not_found no Route matched with those values null",
  ],
  [429, "Too many API requests.", {}, undefined, "RateLimited ticker group 429 1000"],
  [429, errorBody("too_many_requests", "Too many API requests."), { "retry-after": "3" }, undefined, "RateLimited ticker group 429 3000"],
  [418, "", {}, undefined, "RateLimited ticker ip 418 60000"],
  [418, "", { "retry-after": "120" }, undefined, "RateLimited ticker ip 418 120000"],
  [418, "blocked", {}, undefined, "RateLimited ticker ip 418 60000"],
  [418, errorBody(418, "Blocked for 30 seconds"), {}, undefined, "RateLimited ticker ip 418 30000"],
  [301, "", { location: "https://elsewhere.example/" }, undefined, "UpstreamError 301 null redirect to https://elsewhere.example/ null"],
  [302, "", {}, undefined, "UpstreamError 302 null redirect null"],
  [204, "", {}, undefined, "UpstreamError 204 null null null"],
  [409, "x", {}, undefined, "UpstreamError 409 null x null"],
  [500, errorBody("server_error", "maintenance"), {}, undefined, "UpstreamError 500 server_error maintenance null"],
  [502, "<html>Bad Gateway</html>", {}, undefined, "UpstreamError 502 null <html>Bad Gateway</html> null"],
  [503, "", { "retry-after": "Wed, 23 Sep 2026 10:01:00 GMT" }, undefined, "UpstreamError 503 null null 60000"],
  [504, "", {}, undefined, "UpstreamError 504 null null null"],
];

const socketTable: ReadonlyArray<readonly [name: string, expected: string, retryable: boolean]> = [
  ["INVALID_AUTH", "Unauthorized websocket INVALID_AUTH null", false],
  ["WRONG_FORMAT", "InvalidRequest WRONG_FORMAT null 글", false],
  ["NO_TICKET", "InvalidRequest NO_TICKET null 글", false],
  ["NO_TYPE", "InvalidRequest NO_TYPE null 글", false],
  ["NO_CODES", "InvalidRequest NO_CODES null 글", false],
  ["INVALID_PARAM", "InvalidRequest INVALID_PARAM null 글", false],
  ["TOO_MANY_REQUEST", "RateLimited websocket-message socket-message null 1000", true],
  ["SOMETHING_NEW", "UpstreamError 101 SOMETHING_NEW 글 null", false],
];

const upgradeTable: ReadonlyArray<readonly [status: number, body: string, expected: string]> = [
  [429, "Too many API requests.", "RateLimited websocket-connect socket-connect 429 1000"],
  [418, "2분", "RateLimited websocket-connect ip 418 120000"],
  [401, errorBody("jwt_verification", "no"), "Unauthorized websocket jwt_verification 401"],
  [403, "", "Unauthorized websocket 403 403"],
  [400, errorBody(400, "bad"), "InvalidRequest 400 400 bad"],
  [200, "<html>", "UpstreamError 200 null <html> null"],
  [404, "", "UpstreamError 404 null null null"],
  [500, "", "UpstreamError 500 null null null"],
  [503, "", "UpstreamError 503 null null null"],
];

describe("errors", () => {
  it("every REST status and body, every socket error name and every refused upgrade has its tag; 429 and 401 never share one (R004-04)", () => {
    for (const [status, body, headers, path, expected] of restTable) {
      assert.strictEqual(told(rest(status, body, headers, path)), expected, `${status} ${body}`);
    }
    for (const [name, expected, retryable] of socketTable) {
      const error = socketFailure({ message: "글", name });
      assert.strictEqual(told(error), expected);
      assert.strictEqual(error.retryable, retryable, name);
      const [message] = decodeSocketMessage(errorBody(name, "글"));
      assert.strictEqual(message?._tag === "Failure" ? told(message.error) : "no failure", expected);
    }
    for (const [status, body, expected] of upgradeTable)
      assert.strictEqual(told(upgradeFailure(status, { date }, body)), expected, String(status));
    assert.notStrictEqual(rest(429, "")?._tag, rest(401, "")?._tag);
    assert.deepStrictEqual([rest(429, "")?.retryable, rest(401, "")?.retryable], [true, false]);
  });

  it("an unknown market is MarketUnknown with the market asked, and not worth a retry (A24)", () => {
    const error = rest(404, errorBody(404, "Code not found"), {}, "/candles/minutes/1?market=KRW-NOPE&count=1");
    assert.strictEqual(error?._tag, "MarketUnknown");
    assert.strictEqual(error?._tag === "MarketUnknown" ? error.market : "", "KRW-NOPE");
    assert.isFalse(error?.retryable);
  });

  it("HTTP 400 is InvalidRequest whether its name is a number or a word, and not worth a retry (A25)", () => {
    for (const [name, kept] of [
      [400, "400"],
      ["400", "400"],
      ["invalid_parameter", "invalid_parameter"],
    ] as const) {
      const error = rest(400, errorBody(name, invalid));
      assert.strictEqual(error?._tag === "InvalidRequest" ? `${error.name} ${error.status}` : "", `${kept} 400`);
      assert.isFalse(error?.retryable);
    }
  });

  it("an error body of any shape is read without a throw", () => {
    for (const body of [
      "",
      "null",
      "[]",
      "{",
      '{"error":null}',
      '{"error":{}}',
      '{"error":{"name":{},"message":[]}}',
      "\u0000".repeat(9_000),
      "[".repeat(9_000),
    ]) {
      for (const status of [200, 400, 404, 418, 429, 500]) assert.doesNotThrow(() => rest(status, body));
      assert.doesNotThrow(() => socketFailure(body));
    }
  });
});
