/** Each check of the doctor: what passes, what is warned of, what fails, and that something is said to do about it. */
import { assert, describe, it } from "@effect/vitest";
import type { AppStatus } from "@naru/node/admin/AdminApi";
import { type Check, exitCodeOf, type Verdict } from "../../src/doctor/Check.ts";
import { checksOf } from "../../src/doctor/checks.ts";
import { checkupLines, checkupToJson } from "../../src/render/checkup.ts";
import { plain } from "../../src/render/style.ts";
import { checked, checkedApp, well, wellApp, wellPrice, wellProbe } from "./evidence.ts";

/** What is not as expected of a check; undefined when all of it is. */
const faultOf = (check: Check, verdict: Verdict, found: RegExp, advice?: RegExp): string | undefined => {
  if (check.verdict !== verdict) return `${check.verdict} and not ${verdict}: ${check.found}`;
  if (!found.test(check.found)) return `found ${check.found} and not ${String(found)}`;
  if (advice === undefined) return check.advice === null ? undefined : `advises ${check.advice} for no reason`;
  return advice.test(check.advice ?? "") ? undefined : `advises ${check.advice ?? "nothing"} and not ${String(advice)}`;
};

const link = (changes: Partial<AppStatus["link"]>) => checkedApp("link", { link: { ...wellApp.link, ...changes } });
const keyed = (...ages: ReadonlyArray<number | null>) =>
  checkedApp("markets", { keys: ages.map((confirmedAgeMs, at) => ({ ...wellApp.keys[0]!, key: `ticker:KRW-A${at}`, confirmedAgeMs })) });
const limited = (changes: Partial<AppStatus["limits"][number]>, blockedMs = 0) =>
  checkedApp("limits", { limits: [{ ...wellApp.limits[0]!, ...changes }], blockedMs });
const busy = (changes: Partial<AppStatus["host"]>) => checkedApp("process", { host: { ...wellApp.host, ...changes } });
const heapOf = (heapUsedBytes: number) => ({ memory: { residentBytes: 4e9, heapUsedBytes, heapLimitBytes: 4e9 } });
const lateBy = (p99Ms: number) => ({ eventLoopDelay: { p50Ms: 1, p99Ms, maxMs: p99Ms } });
const moded = (changes: Partial<AppStatus["mode"]>) => checkedApp("mode", { mode: { ...wellApp.mode, ...changes } });

describe("a running app", () => {
  it("has its link judged: open and whole, in part, connecting, or down (R002-28)", () => {
    assert.isUndefined(faultOf(link({}), "pass", /^open, heard 200 ms ago, 1 key live, 0 reconnects$/));
    assert.isUndefined(faultOf(link({ wanted: 3 }), "warn", /^open, heard 200 ms ago, 1 of 3 keys live$/, /naru resubscribe/));
    assert.isUndefined(faultOf(link({ state: "connecting", attempt: 2 }), "warn", /^connecting, attempt 2$/, /wait/));
    assert.isUndefined(
      faultOf(
        link({ state: "waiting", attempt: 4, lastClose: "closed 1006" }),
        "fail",
        /^waiting, attempt 4; the last one ended: closed 1006$/,
        /--probe/,
      ),
    );
    assert.isUndefined(faultOf(link({ state: "idle", wanted: 0, live: 0, silentMs: null }), "pass", /^idle: nothing is wanted of it$/));
  });

  it("has what it receives judged by when it was last known to be current (R002-29)", () => {
    assert.isUndefined(faultOf(keyed(200, 14_999), "pass", /^ticker:KRW-A0 current 200 ms ago, ticker:KRW-A1 current 14\.9 s ago$/));
    assert.isUndefined(faultOf(keyed(200, 15_001), "warn", /KRW-A1 current 15\.0 s ago/, /^ticker:KRW-A1: naru resubscribe/));
    assert.isUndefined(faultOf(keyed(null, 200), "warn", /KRW-A0 not live/, /KRW-A0/));
    assert.isUndefined(faultOf(keyed(null, 60_000), "fail", /not live/, /KRW-A0, ticker:KRW-A1/));
    assert.isUndefined(
      faultOf(checkedApp("markets", { link: { ...wellApp.link, lateMs: 3_000 } }), "warn", /frames come 3\.0 s late/, /line/),
    );
    assert.isUndefined(faultOf(keyed(), "skip", /nothing is subscribed/));
  });

  it("has its limits judged: room left, full, at rest, blocked (R002-30)", () => {
    assert.isUndefined(faultOf(limited({}), "pass", /^ticker 3 of 10$/));
    assert.isUndefined(faultOf(limited({ refusals: 2 }), "pass", /^ticker 3 of 10; 2 refusals so far$/));
    assert.isUndefined(faultOf(limited({ used: 9 }), "warn", /^ticker 9 of 10$/, /^ticker: ask for several markets/));
    assert.isUndefined(faultOf(limited({ waiting: 1 }), "warn", /^ticker 3 of 10$/, /stream them/));
    assert.isUndefined(faultOf(limited({ pausedMs: 1_500 }), "warn", /^ticker rests for 1\.5 s/, /limitShare/));
    assert.isUndefined(faultOf(limited({}, 42_000), "fail", /blocks this address for 42\.0 s more/, /wait/));
  });

  it("has its memory, processor and event loop judged (R002-31)", () => {
    assert.isUndefined(faultOf(busy({}), "pass", /^191 MB resident, heap 95 MB of 3,815 MB, processor 5 %, timers late by 2 ms \(p99\)$/));
    assert.isUndefined(faultOf(busy(heapOf(3.1e9)), "warn", /heap 2,956 MB/, /watch the heap/));
    assert.isUndefined(faultOf(busy(heapOf(3.8e9)), "fail", /heap 3,624 MB/, /max-old-space-size/));
    assert.isUndefined(faultOf(busy(lateBy(150)), "warn", /late by 150 ms/, /busy/));
    assert.isUndefined(faultOf(busy(lateBy(1_200)), "fail", /late by 1\.2 s/, /event loop/));
    assert.isUndefined(faultOf(busy({ cpuPercent: 97 }), "warn", /processor 97 %/, /busy/));
    assert.isUndefined(faultOf(busy({ cpuPercent: null, eventLoopDelay: null }), "pass", /not measured/));
    assert.isUndefined(faultOf(busy({ memory: null }), "skip", /does not look/, /HostProbe/));
  });

  it("has its mode judged, and a switch that somebody holds is not forgotten", () => {
    assert.isUndefined(faultOf(moded({}), "pass", /^normal$/));
    assert.isUndefined(
      faultOf(moded({ mode: "degraded", level: 1, reason: "rest failed" }), "warn", /^degraded: rest failed$/, /naru status/),
    );
    assert.isUndefined(faultOf(moded({ mode: "fallback", override: "on" }), "warn", /^fallback, held on by hand$/, /naru fallback auto/));
    assert.isUndefined(faultOf(moded({ mode: "recovering" }), "warn", /^recovering$/, /by itself/));
    assert.isUndefined(faultOf(moded({ override: "off" }), "warn", /^normal, held off by hand$/, /naru fallback auto/));
    assert.isUndefined(faultOf(moded({ mode: "emergency" }), "fail", /^emergency$/, /trade on nothing/));
  });

  it("that does not answer is broken, and none at all is only unknown", () => {
    assert.isUndefined(
      faultOf(
        checked("app", { apps: [], mute: ["the app at /x does not answer: nothing came in 10 seconds"] }),
        "fail",
        /does not answer/,
        /hangs/,
      ),
    );
    assert.isUndefined(
      faultOf(
        checked("app", { apps: [], probe: { _tag: "NotAsked" } }),
        "warn",
        /no app .* the exchange was not asked/,
        /--admin.*--probe/,
      ),
    );
    assert.isUndefined(faultOf(checked("app", { apps: [] }), "skip", /no app/, /--admin/));
  });
});

describe("the machine", () => {
  const disk = (freeBytes: number, totalBytes = 1e12) => checked("disk", { folder: { ...well.folder, disk: { freeBytes, totalBytes } } });
  const folder = (access: { mode?: number; isOurs?: boolean; isWritable?: boolean }) =>
    checked("state", { folder: { ...well.folder, access: { mode: 0o700, isOurs: true, isWritable: true, ...access } } });

  it("has the disk of the state folder judged by what is free (R002-39)", () => {
    assert.isUndefined(faultOf(disk(500e9), "pass", /^476,837 MB of 953,674 MB free \(50 %\)$/));
    assert.isUndefined(faultOf(disk(40e9), "warn", /\(4 %\)/, /make room/));
    assert.isUndefined(faultOf(disk(900e6, 1e9), "warn", /858 MB/, /make room/));
    assert.isUndefined(faultOf(disk(90e6), "fail", /86 MB/, /make room/));
    assert.isUndefined(faultOf(checked("disk", { folder: { ...well.folder, disk: null } }), "skip", /does not tell/));
  });

  it("has the state folder judged: whose it is, who may write to it, and whether we can", () => {
    assert.isUndefined(faultOf(folder({}), "pass", /^\/state\/naru, mode 0700$/));
    assert.isUndefined(faultOf(folder({ mode: 0o770 }), "warn", /mode 0770, others may write/, /^chmod 700 /));
    assert.isUndefined(faultOf(folder({ isOurs: false }), "warn", /another user/, /NARU_STATE/));
    assert.isUndefined(faultOf(folder({ isWritable: false }), "fail", /cannot be written to/, /NARU_STATE/));
    assert.isUndefined(faultOf(checked("state", { folder: { ...well.folder, access: null } }), "pass", /not there yet/));
  });

  it("has the runtime and a block that is remembered judged", () => {
    assert.isUndefined(faultOf(checked("runtime", { runtime: "22.18.9" }), "fail", /^Node 22\.18\.9$/, /22\.19/));
    assert.isUndefined(faultOf(checked("runtime", { runtime: "26.0.0" }), "pass", /26/));
    assert.isUndefined(faultOf(checked("block", {}), "pass", /no block/));
    assert.isUndefined(
      faultOf(
        checked("block", { blockedUntilMs: well.atMs + 60_000 }),
        "fail",
        /api\.upbit\.com blocks this address for 1 min more/,
        /^wait/,
      ),
    );
  });

  it("has the optional key judged, and no text of it in any word", () => {
    const key = (answer: Extract<typeof well.key, { readonly _tag: "Present" }>["answer"]) =>
      checked("key", { key: { _tag: "Present", answer } });
    assert.isUndefined(faultOf(checked("key", {}), "skip", /needs none/));
    assert.isUndefined(faultOf(checked("key", { key: { _tag: "Wrong", reason: "A is set and B is not" } }), "warn", /^A is set/, /both/));
    assert.isUndefined(faultOf(key({ _tag: "NotAsked", reason: "why" }), "pass", /well formed; not asked of the exchange: why/));
    assert.isUndefined(faultOf(key({ _tag: "Accepted", expiresAtMs: null }), "pass", /takes it$/));
    assert.isUndefined(faultOf(key({ _tag: "Accepted", expiresAtMs: well.atMs + 200 * 86_400_000 }), "pass", /ends in 200 d/));
    assert.isUndefined(faultOf(key({ _tag: "Accepted", expiresAtMs: well.atMs + 20 * 86_400_000 }), "warn", /ends in 20 d/, /in time/));
    assert.isUndefined(faultOf(key({ _tag: "Refused", name: "no_authorization_ip" }), "fail", /no_authorization_ip/, /address/));
    assert.isUndefined(faultOf(key({ _tag: "Refused", name: "anything_else" }), "fail", /anything_else/, /new key/));
    assert.isUndefined(faultOf(key({ _tag: "Unclear", reason: "HTTP 404" }), "warn", /HTTP 404/, /later/));
  });
});

describe("the exchange, when it was asked", () => {
  const probed = (name: string, changes: Partial<typeof wellProbe>) => checked(name, { probe: { ...wellProbe, ...changes } });
  const aged = (ms: number) => probed("price", { price: { ...wellPrice, ageMs: ms } as typeof wellPrice });
  const clock = (clockAheadMs: number | null) => probed("clock", { price: { ...wellPrice, clockAheadMs } as typeof wellPrice });

  it("has the way there judged phase by phase: name, connection, TLS (R002-36)", () => {
    assert.isUndefined(faultOf(probed("network", {}), "pass", /^api\.upbit\.com: dns 2 ms, tcp 5 ms, tls 12 ms$/));
    const broken = (phase: "dns" | "tcp" | "tls", code: string) =>
      probed("network", { roads: [{ channel: "rest", host: "h", phases: [], failure: { phase, code } }] });
    assert.isUndefined(faultOf(broken("dns", "ENOTFOUND"), "fail", /^h: dns failed with ENOTFOUND$/, /resolver/));
    assert.isUndefined(faultOf(broken("tcp", "ECONNREFUSED"), "fail", /tcp/, /firewall/));
    assert.isUndefined(faultOf(broken("tls", "CERT_HAS_EXPIRED"), "fail", /CERT_HAS_EXPIRED/, /clock/));
    assert.isUndefined(
      faultOf(
        probed("network", { roads: [{ channel: "rest", host: "h", phases: [{ phase: "dns", tookMs: 1_500 }], failure: null }] }),
        "warn",
        /dns 1\.5 s/,
        /dns is slow/,
      ),
    );
    assert.isUndefined(faultOf(probed("network", { roads: [] }), "skip", /in this process/));
  });

  it("has its price, its clock and its socket judged", () => {
    assert.isUndefined(faultOf(aged(400), "pass", /^KRW-BTC 148601000, made 400 ms ago, answered in 20 ms$/));
    assert.isUndefined(faultOf(aged(61_000), "warn", /made 1 min ago/, /still trades/));
    assert.isUndefined(
      faultOf(probed("price", { price: { ...wellPrice, price: "0" } as typeof wellPrice }), "fail", /KRW-BTC 0/, /no price/),
    );
    assert.isUndefined(
      faultOf(probed("price", { price: { _tag: "Failed", market: "KRW-BTC", reason: "x" } }), "fail", /^KRW-BTC: x$/, /network/),
    );
    assert.isUndefined(faultOf(clock(-1_900), "pass", /agree/));
    assert.isUndefined(faultOf(clock(3_000), "warn", /3\.0 s ahead of the exchange/, /set the clock/));
    assert.isUndefined(faultOf(clock(-600_000), "fail", /10 min behind the exchange/, /set the clock/));
    assert.isUndefined(faultOf(clock(null), "skip", /no date/));
    assert.isUndefined(faultOf(probed("socket", {}), "pass", /open after 30 ms/));
    assert.isUndefined(
      faultOf(
        probed("socket", { socket: { openedAfterMs: null, pongAfterMs: null, problems: ["the socket did not open: x"] } }),
        "fail",
        /x/,
        /naru link/,
      ),
    );
  });

  it("is left alone unless it was meant to be asked and may be", () => {
    assert.isUndefined(faultOf(checked("exchange", { probe: { _tag: "NotAsked" } }), "skip", /--probe/));
    assert.isUndefined(
      faultOf(checked("exchange", { probe: { _tag: "Blocked" } }), "skip", /blocks this address/, /when the block is over/),
    );
  });

  it("and everything else outside that the client stands on has a check of its own (R002-38)", () => {
    assert.deepStrictEqual(
      checksOf(well).map(({ name, of }) => `${name} ${of}`.trim()),
      [
        ...["app", "mode", "link", "markets", "limits", "process"].map((name) => `${name} bot.ts 7`),
        ...["runtime", "state", "disk", "block", "key"],
        ...["network rest", "network websocket", "price rest", "clock", "socket websocket"],
      ],
    );
  });
});

describe("a diagnosis", () => {
  const bad: ReadonlyArray<Check> = [
    { name: "link", of: "bot 7", verdict: "pass", found: "open", advice: null },
    { name: "disk", of: "", verdict: "warn", found: "little free", advice: "make\u001b room" },
    { name: "key", of: "", verdict: "skip", found: "none", advice: null },
  ];

  it("is a line for each check, with what to do under those that need it, and a verdict", () => {
    assert.deepStrictEqual(checkupLines(bad, plain), [
      "      CHECK  OF     FOUND",
      "pass  link   bot 7  open",
      "WARN  disk          little free",
      "      → make\ufffd room",
      "–     key           none",
      "1 thing to look at",
    ]);
    assert.strictEqual(checkupLines(checksOf(well), plain).at(-1), "all is well");
  });

  it("ends with the worst of all: 0, 1 or 2", () => {
    assert.strictEqual(exitCodeOf(checksOf(well)), 0);
    assert.strictEqual(exitCodeOf(bad), 1);
    assert.strictEqual(exitCodeOf([...bad, { ...bad[0]!, verdict: "fail" }]), 2);
    assert.deepInclude(checkupToJson(bad, 0) as object, { kind: "doctor", verdict: "warn", checks: bad });
  });
});
