/** How long an answer says to wait. */
import { assert, describe, it } from "@effect/vitest";
import { blockMs, retryAfterMs } from "../src/retryAfter.ts";

const date = "Wed, 23 Sep 2026 10:00:00 GMT";

describe("Retry-After", () => {
  it("is seconds or an HTTP date measured by the server's clock, and always between a second and ten minutes", () => {
    const table: ReadonlyArray<readonly [string, number | undefined]> = [
      ["1", 1_000],
      ["30", 30_000],
      [" 30 ", 30_000],
      ["1.5", 1_500],
      ["0", 1_000],
      ["-5", 1_000],
      ["600", 600_000],
      ["601", 600_000],
      ["99999999999999999999", 600_000],
      ["Wed, 23 Sep 2026 10:00:30 GMT", 30_000],
      ["Wednesday, 23-Sep-26 10:00:30 GMT", 30_000],
      ["Wed Sep 23 10:00:30 2026", 30_000],
      ["Wed, 23 Sep 2026 09:00:00 GMT", 1_000],
      ["Thu, 24 Sep 2026 10:00:00 GMT", 600_000],
      ["Wed, 23 Sep 2026 10:00:30 KST", undefined],
      ["Wed, 23 Foo 2026 10:00:30 GMT", undefined],
      ["soon", undefined],
      ["1 minute", undefined],
      ["", undefined],
      ["9".repeat(100), undefined],
    ];
    for (const [header, expected] of table) assert.strictEqual(retryAfterMs({ date, "retry-after": header }), expected, header);
    assert.strictEqual(retryAfterMs({ date }), undefined);
    assert.strictEqual(retryAfterMs({ "retry-after": "Wed, 23 Sep 2026 10:00:30 GMT" }), undefined);
  });
});

describe("the time of a block", () => {
  it("is read from a 418 body as seconds, N초, milliseconds, minutes or a date", () => {
    const table: ReadonlyArray<readonly [string, number | undefined]> = [
      ["Blocked for 45 seconds", 45_000],
      ["Blocked for 45s.", 45_000],
      ["IP blocked, retry in 45", 45_000],
      ["요청이 차단되었습니다. 45초 후 다시 시도하세요.", 45_000],
      ["2분 30초 동안 차단", 150_000],
      ["1시간", 3_600_000],
      ["retry in 45000ms", 45_000],
      ["45000 milliseconds", 45_000],
      ["5 minutes", 300_000],
      ["45", 45_000],
      ['{"error":{"name":418,"message":"Blocked for 45 seconds"}}', 45_000],
      ['{"error":{"name":418,"message":"blocked"},"retry_after":45}', 45_000],
      ['{"error":{"name":418,"message":"blocked"},"retry_after_ms":45000}', 45_000],
      ['{"error":{"name":418,"message":"blocked"}}', undefined],
      ["blocked until 2026-09-23T10:00:45Z", 45_000],
      ["blocked until 2026-09-23T19:00:45+09:00", 45_000],
      ["blocked until 2026-09-23 19:00:45", 45_000],
      ["blocked until 2026-09-23 10:00:45", 45_000],
      ["blocked until 2026-09-23 19:00:45 KST", 45_000],
      ["blocked until Wed, 23 Sep 2026 10:00:45 GMT", 45_000],
      ['{"until":1790157645000}', 45_000],
      ['{"until":1790157645}', 45_000],
      ["blocked until 2026-09-22T10:00:00Z", undefined],
      ["Blocked for 0 seconds", undefined],
      ["Blocked for 900000 seconds", 86_400_000],
      ["I'm a teapot", undefined],
      ["", undefined],
    ];
    for (const [body, expected] of table) assert.strictEqual(blockMs(body, { date }), expected, body);
    assert.strictEqual(blockMs("until 2026-09-23T10:00:45Z", {}), undefined);
  });
});
