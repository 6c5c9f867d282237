import { assert, describe, it } from "@effect/vitest";
import { filesOf } from "../../../scripts/bundle.ts";
import { checkClocksOf } from "../../../scripts/checkClocks.ts";
import { checkEscapesOf } from "../../../scripts/checkEscapes.ts";
import { checkImportsOf, importsOf, parseTable } from "../../../scripts/checkImports.ts";
import { checkLoadingOf, loadedBy } from "../../../scripts/checkLoading.ts";
import { breachesOf } from "../../../scripts/checkPublished.ts";
import { checkSizesOf } from "../../../scripts/checkSizes.ts";
import { checkTestIdsOf } from "../../../scripts/checkTestIds.ts";
import { format, summarize } from "../../../scripts/ciSummary.ts";
import { passed, type Report } from "../../../scripts/report.ts";
import { readSources, withoutComments } from "../../../scripts/sourceFiles.ts";

/** Planted text is put together from pieces where the checks would find it in this very file. */
const pieces = (...parts: ReadonlyArray<string>) => parts.join("");

const linesOf = (report: Report) => report.problems.map((problem) => problem.split(": ")[0]);

describe("the import table", () => {
  const table = parseTable(`
| from | may import |
| --- | --- |
| \`outside\` | \`the markers\` |
<!-- imports:start -->

| from | may import |
| --- | --- |
| \`router/errors\` | – |
| \`router/domain\` | \`router/errors\` |
| \`router/RouterConfig\` | \`router/domain\` |
| \`router\` | \`router\` |
| \`upbit\` | \`router/domain\`, \`router/errors\` |
| \`upbit/Upbit\` | \`router\`, \`node\`, \`upbit\` |

<!-- imports:end -->`);

  const importing = (path: string, specifier: string) => checkImportsOf([{ path, text: `import { X } from "${specifier}";\n` }], table);

  const allowed = [
    ["packages/router/src/domain/Ticker.ts", "./Market.ts"],
    ["packages/router/src/domain/Ticker.ts", "../errors/MarketDataError.ts"],
    ["packages/router/src/domain/Ticker.ts", "effect/Effect"],
    ["packages/router/src/MarketData.ts", "./domain/Market.ts"],
    ["packages/router/src/RouterConfig.ts", "./domain/Market.ts"],
    ["packages/upbit/src/rest/Calls.ts", "@naru/router/domain/Market"],
    ["packages/upbit/src/rest/Calls.ts", "../errors.ts"],
    ["packages/upbit/src/rest/Calls.ts", "node:zlib"],
    ["packages/upbit/src/Upbit.ts", "@naru/router/MarketData"],
    ["packages/upbit/src/Upbit.ts", "@naru/node"],
    ["packages/upbit/src/Upbit.ts", "./rest/Calls.ts"],
  ] as const;
  for (const [path, specifier] of allowed) {
    it(`lets ${path} import ${specifier}`, () => {
      const report = importing(path, specifier);
      assert.deepStrictEqual(report.problems, []);
      assert.strictEqual(report.looked, 1);
    });
  }

  const refused = [
    ["packages/router/src/errors/MarketDataError.ts", "../domain/Market.ts"],
    ["packages/router/src/domain/Ticker.ts", "../MarketData.ts"],
    ["packages/router/src/domain/Ticker.ts", "../RouterConfig.ts"],
    ["packages/router/src/RouterConfig.ts", "./MarketData.ts"],
    ["packages/router/src/unlisted/New.ts", "../domain/Market.ts"],
    ["packages/router/src/MarketData.ts", "@naru/upbit/Upbit"],
    ["packages/router/src/MarketData.ts", "../../upbit/src/Upbit.ts"],
    ["packages/router/src/MarketData.ts", "../test/fixture.ts"],
    ["packages/router/src/MarketData.ts", "node:fs"],
    ["packages/router/src/MarketData.ts", "ws"],
    ["packages/router/src/MarketData.ts", "undici"],
    ["packages/router/src/MarketData.ts", "@effect/platform-node/NodeRuntime"],
    ["packages/upbit/src/rest/Calls.ts", "@naru/router/MarketData"],
    ["packages/upbit/src/rest/Calls.ts", "@naru/router"],
    ["packages/upbit/src/rest/Calls.ts", "@naru/node/NodeTransport"],
    ["packages/upbit/src/rest/Calls.ts", "../Upbit.ts"],
    ["packages/unlisted/src/New.ts", "./Other.ts"],
  ] as const;
  for (const [path, specifier] of refused) {
    it(`refuses ${specifier} in ${path}`, () => {
      assert.deepStrictEqual(linesOf(importing(path, specifier)), [`${path}:1`]);
    });
  }

  it("sees every form of import, and none in a comment", () => {
    const text = `
import "./a.ts";
import type { B } from './b.ts';
import {
  C,
} from "./c.ts";
export * from "./d.ts";
export { E } from "./e.ts";
const F = await import("./f.ts");
type G = import("./g.ts").G;
// import { H } from "./h.ts";
/* import { I } from "./i.ts"; */
const url = "https://example.com"; import { J } from "./j.ts";
`;
    assert.deepStrictEqual(
      importsOf(text).map(({ specifier, line }) => `${specifier} ${line}`),
      ["./a.ts 2", "./b.ts 3", "./c.ts 6", "./d.ts 7", "./e.ts 8", "./f.ts 9", "./g.ts 10", "./j.ts 13"],
    );
  });

  it("that is missing is an error, and no imports at all are a failure", () => {
    assert.throws(() => parseTable("# Architecture"), /no import table/);
    assert.isFalse(passed(checkImportsOf([], table)));
  });
});

describe("the check of what is loaded", () => {
  const entry = "packages/upbit/src/connect.ts";
  const files = (text: string, other = "") => [
    { path: entry, text },
    { path: "packages/router/src/MarketData.ts", text: 'import * as Effect from "effect/Effect";\nexport * from "./other.ts";\n' },
    { path: "packages/router/src/other.ts", text: other },
  ];
  const problems = (text: string, other?: string) => checkLoadingOf(files(text, other), [entry]).problems;

  it("refuses barrels anywhere, and heavy packages that an entry point reaches", () => {
    assert.deepStrictEqual(problems('import "@naru/router/MarketData";', 'import { request } from "undici";'), [
      `packages/router/src/other.ts:1: undici is loaded with ${entry}; load it where it is used`,
    ]);
    for (const specifier of ["effect", "effect/http", "@effect/platform-node"])
      assert.match(problems("", `import { X } from "${specifier}";`)[0] ?? "", /^packages\/router\/src\/other\.ts:1: .* is a barrel/);
    assert.match(problems('import * as X from "effect/observability/Otlp";')[0] ?? "", /Otlp is loaded/);
  });

  it("lets pass what loads nothing: types, what no entry reaches, and what is loaded when it is used", () => {
    assert.deepStrictEqual(problems("", 'import { request } from "undici";'), []);
    assert.deepStrictEqual(problems('import type { Agent } from "undici";\nconst ws = () => import("ws");'), []);
    assert.deepStrictEqual(problems('import { type A, type B } from "undici";\n// import "ws";'), []);
    assert.deepStrictEqual(
      loadedBy('import {\n  A,\n  type B,\n} from "./a.ts";\nexport * as C from "./c.ts";\nimport "./d.ts";').map(({ line }) => line),
      [1, 5, 6],
    );
  });

  it("fails where an entry point is gone", () => {
    assert.isFalse(passed(checkLoadingOf([], [entry])));
    assert.deepStrictEqual(checkLoadingOf(files(""), ["packages/gone.ts"]).problems, ["packages/gone.ts: is no file"]);
  });
});

describe("the published files of the router", () => {
  it("hold what a program asks with apart from what answers, and neither what is loaded when it is used", async () => {
    const modules = await readSources("packages/router/src/**/*.ts");
    const placed = filesOf(modules);
    assert.isAbove(placed.size, 200);
    for (const path of ["MarketData.ts", "domain/Ticker.ts", "errors/MarketDataError.ts", "transport/Venue.ts", "knobs/cache.ts"])
      assert.strictEqual(placed.get(path), "ports", path);
    for (const path of ["Supervisor.ts", "Asker.ts", "stream/FrameHub.ts"]) assert.strictEqual(placed.get(path), "router", path);
    for (const path of ["backtest/Backtest.ts", "alerts/webhooks.ts", "index.ts"]) assert.isUndefined(placed.get(path), path);
  });

  it("never need a file that comes after them", () => {
    const module = (path: string, text: string) => ({ path: `packages/router/src/${path}`, text });
    const placed = filesOf([
      module("MarketData.ts", 'import "./shared.ts";'),
      module("shared.ts", ""),
      module("Supervisor.ts", 'import "./shared.ts";\nimport "./tail.ts";\nconst later = () => import("./rare.ts");'),
      module("tail.ts", 'import "./MarketData.ts";'),
      module("rare.ts", ""),
    ]);
    assert.deepStrictEqual(Object.fromEntries(placed), {
      ...{ "MarketData.ts": "ports", "shared.ts": "ports" },
      ...{ "Supervisor.ts": "router", "tail.ts": "router" },
    });
  });
});

describe("the size budget", () => {
  const sizes = new Map([["@naru/router", { files: 10, packedBytes: 1_000 }]]);
  const budget = (of: string, atMost: Readonly<Record<string, number>>) => breachesOf([{ of, atMost, reason: "enough" }], sizes);

  it("names what is too large, by how much, and a budget that holds nothing", () => {
    assert.deepStrictEqual(budget("@naru/router", { files: 10, packedBytes: 1_000 }), []);
    assert.deepStrictEqual(budget("@naru/router", { files: 9 }), ["@naru/router: files 10, at most 9 (enough)"]);
    assert.deepStrictEqual(budget("@naru/gone", { files: 9 }), ["@naru/gone: has a budget and no size"]);
    assert.deepStrictEqual(budget("@naru/router", { gzipped: 9 }), ["@naru/router: gzipped is not measured"]);
  });
});

describe("the clock check", () => {
  const path = "packages/router/src/Planted.ts";
  const planted = [
    "Date.now()",
    "new Date()",
    "new Date",
    "Date()",
    "setTimeout(f, 1)",
    "globalThis.setTimeout(f, 1)",
    "setInterval(f, 1)",
    "setImmediate(f)",
    "queueMicrotask(f)",
    "process.nextTick(f)",
    "process.hrtime.bigint()",
    "performance.now()",
    "Math.random()",
    "crypto.randomUUID()",
    'import { setTimeout as wait } from "node:timers/promises"',
  ];
  for (const code of planted) {
    it(`refuses ${code}`, () => assert.deepStrictEqual(linesOf(checkClocksOf([{ path, text: `\nx = ${code};\n` }], [])), [`${path}:2`]));
  }

  it("lets dates of a value, methods of the same name and comments be", () => {
    const text =
      "new Date(ms); socket.setTimeout(0); Date.UTC(2026, 0); new Date(\n ms); // Date.now()\n/* Math.random() */ Clock.currentTimeMillis";
    assert.deepStrictEqual(checkClocksOf([{ path, text }], []).problems, []);
  });

  it("takes an exception for its file and its use only, and tells when it is not used", () => {
    const exceptions = [{ path, uses: ["setTimeout", "setInterval"], reason: "planted" }];
    const files = [
      { path, text: "setTimeout(f, 1); Date.now();" },
      { path: "packages/router/src/Other.ts", text: "setTimeout(f, 1);" },
    ];
    assert.deepStrictEqual(linesOf(checkClocksOf(files, exceptions)), [`${path}:1`, "packages/router/src/Other.ts:1", path]);
  });
});

describe("the test id check", () => {
  const claim = (path: string, ...titles: ReadonlyArray<string>) => ({
    path,
    text: titles.map((title) => pieces("i", "t", `.effect("${title}", () => {});`)).join("\n"),
  });

  it("takes each id once, several in one title, and titles without one", () => {
    const report = checkTestIdsOf([claim("a", "x (Z01)", "y (R999-01, F-1)", "z (not an id)", "plain"), claim("b", "x (Z02)", "C (C-3)")]);
    assert.isTrue(report.problems.length === 0 || assert.fail(report.problems.join()));
    assert.include(report.unit, " 3 ids");
    assert.strictEqual(report.looked, 6);
  });

  it("refuses an id claimed twice, in one file or in two", () => {
    const report = checkTestIdsOf([claim("a", "x (R999-01)", "y (R999-01)"), claim("b", "z (A03, R999-01)")]);
    assert.deepStrictEqual(linesOf(report), ["a:2", "b:1"]);
  });

  it("refuses ids among words and ids of a title made in a loop", () => {
    const looped = { path: "b", text: pieces("i", "t(`x ${n} (A03)`, () => {});") };
    assert.deepStrictEqual(linesOf(checkTestIdsOf([claim("a", "x (A01, gates)"), looped])), ["a:1", "b:1"]);
  });

  it("fails when there are no titles", () => assert.isFalse(passed(checkTestIdsOf([{ path: "a", text: "" }]))));
});

describe("the other checks", () => {
  it("refuse a file of 401 lines and take one of 400", () => {
    const file = (lines: number) => ({ path: `${lines}`, text: "x\n".repeat(lines) });
    assert.deepStrictEqual(linesOf(checkSizesOf([file(400), file(401)])), ["401"]);
    assert.isFalse(passed(checkSizesOf([])));
  });

  it("refuse ways around the type checker and the test runner", () => {
    const planted = [
      pieces("x as ", "any"),
      pieces("<", "any>x"),
      pieces("// @ts-", "ignore"),
      pieces("/* @ts-", "nocheck */"),
      pieces("it", ".only()"),
      pieces("describe", ".only()"),
      pieces("it.effect", ".only()"),
      pieces("it", ".skip()"),
      pieces("// oxlint-", "disable-next-line no-console"),
    ];
    for (const text of planted) assert.deepStrictEqual(linesOf(checkEscapesOf([{ path: "a", text }])), ["a:1"], text);
  });

  it("take a skip and a silenced lint that say why, and words in comments", () => {
    const taken = [
      `// skipped: needs a recording\n${pieces("it", ".skip()")}`,
      pieces("// oxlint-", "disable-next-line no-console -- the command prints"),
      pieces("// as ", "any other number"),
    ];
    for (const text of taken) assert.deepStrictEqual(checkEscapesOf([{ path: "a", text }]).problems, [], text);
  });
});

describe("the summary of a test run", () => {
  const report = (...files: ReadonlyArray<readonly [status: string, ...tests: ReadonlyArray<string>]>) =>
    JSON.stringify({
      testResults: files.map(([status, ...tests]) => ({ status, assertionResults: tests.map((test) => ({ status: test })) })),
    });

  const cases = [
    [
      "counts tests",
      report(["passed", "passed", "passed", "skipped"], ["failed", "failed", "passed", "todo"]),
      "3 passed, 1 failed, 2 skipped",
    ],
    ["counts a file that did not load as a failure", report(["passed", "passed"], ["failed"]), "1 passed, 1 failed, 0 skipped"],
    ["counts a file whose hook broke as a failure", report(["failed", "passed"]), "1 passed, 1 failed, 0 skipped"],
    ["counts a missing report as a failure", undefined, "0 passed, 1 failed, 0 skipped"],
    ["counts a torn report as a failure", '{"testResults":[', "0 passed, 1 failed, 0 skipped"],
    ["counts a report of another shape as a failure", '{"testResults":[{}]}', "0 passed, 1 failed, 0 skipped"],
    ["counts a run without tests as a failure", report(), "0 passed, 1 failed, 0 skipped"],
  ] as const;
  for (const [title, text, line] of cases) it(title, () => assert.strictEqual(format(summarize(text)), line));
});

describe("ways to the network", () => {
  /** Whether a text can make a connection by itself. Types of a connection are not one. */
  const dials = (text: string) =>
    /^import (?!type)[^;]*"(?:ws|undici|node:(?:net|tls|https?|http2|dgram)|@effect\/platform-node\/Node(?:HttpClient|Socket))"|(?<!typeof )\bimport\("(?:ws|undici|@effect\/platform-node\/Node(?:HttpClient|Socket))"\)|\b(?:fetch|WebSocket|EventSource)\(/m.test(
      withoutComments(text),
    );

  it("to an exchange begin in the transport alone; what else makes connections is known by name (R001-38)", async () => {
    for (const text of ['import { request } from "undici";', "await fetch(url)", "new WebSocket(url)", 'import * as net from "node:net";'])
      assert.isTrue(dials(text), text);
    for (const text of ['import type { Socket } from "node:net";', "// await fetch(url)", "yield* transport.rest(request)"])
      assert.isFalse(dials(text), text);
    const product = (await readSources("packages/*/src/**/*.ts")).filter(({ path }) => !/^packages\/(?:bench|proof|sim)\//.test(path));
    assert.deepStrictEqual(
      product.filter(({ text }) => dials(text)).map(({ path }) => path),
      [
        "packages/cli/src/ControlClient.ts", // the control port of an emulated exchange
        "packages/cli/src/doctor/networkRoad.ts", // the road itself, step by step; nothing is asked
        "packages/node/src/AlertTargets.ts", // whoever wants to be told
        "packages/node/src/HttpDispatcher.ts",
        "packages/node/src/Telemetry.ts", // a collector
        "packages/node/src/admin/AdminClient.ts", // apps on this machine
        "packages/node/src/admin/AdminSocket.ts",
        "packages/node/src/admin/adminFolder.ts",
        "packages/node/src/onFirstUse.ts", // undici and ws, for the transport
        "packages/node/src/socketTransport.ts",
      ],
    );
  });
});
