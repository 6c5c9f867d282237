import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installed, manifestOf, repository, run } from "./published.ts";

/** What a compiler must refuse. Where a type was lost on the way and became `any`, nothing is refused and the marks are errors. */
const misuses = `
import { NodeTransport } from "@naru/node";
import { getTicker } from "@naru/router";
import { type NaruClient } from "@naru/router/client/NaruClient";
import { Sim } from "@naru/sim";
import { connect, Upbit } from "@naru/upbit";
import { Effect } from "effect";

// @ts-expect-error a market is text
void getTicker(5);
// @ts-expect-error the market data has to come from somewhere
void Effect.runPromise(getTicker("KRW-BTC"));
// @ts-expect-error a venue is text
void connect({ venue: 5 });
// @ts-expect-error a seed is a number
void Sim.layerTest({ seed: "1" });
// @ts-expect-error a layer is no text
export const layer: string = Upbit.layer;
// @ts-expect-error a timeout is a number
void NodeTransport.layer({ timeouts: { headersMs: "200" } });
// @ts-expect-error there is no such call
export const price = (naru: NaruClient) => naru.getPrice("KRW-BTC");
`;

const compiling = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--lib", "es2024,esnext.disposable,dom"];

let project = "";
beforeAll(async () => {
  project = await installed();
  await cp(join(repository, "examples"), project, { recursive: true, filter: (path) => !/node_modules|package\.json$/.test(path) });
}, 60_000);
afterAll(() => rm(project, { recursive: true, force: true }));

const declared = (path: string) => readFile(join(project, "node_modules/@naru", path), "utf8");

describe("the packages as published", () => {
  it("answer in a project that knows nothing but them", async () => {
    assert.match(await run(project, "node", "01-first-answer.ts"), /^KRW-BTC [\d.]+ \(-?[\d.]+ %\) from \w+$/m);
  });

  it("have a command that answers with one JSON document", async () => {
    const cli = join(project, "node_modules/@naru/cli");
    const { bin } = await manifestOf(cli);
    const main = join(cli, bin?.["naru"] ?? assert.fail("there is no command"));
    assert.match(await readFile(main, "utf8"), /^#!\/usr\/bin\/env node\n/);
    const answer: unknown = JSON.parse(await run(project, "node", main, "ticker", "KRW-BTC", "--venue", "sim", "--json"));
    assert.propertyVal(answer, "market", "KRW-BTC");
    assert.nestedPropertyVal(answer, "provenance.simulated", true);
  });

  it("have types that a strict compiler accepts down to the last declaration, and that refuse misuse", async () => {
    await writeFile(join(project, "misuses.ts"), misuses);
    const programs = ["misuses.ts", "01-first-answer.ts", "04-without-effect.ts"];
    assert.strictEqual(await run(project, "tsc", ...compiling, ...programs), "");
  });

  it("declare the door for people without Effect without naming one of its types", async () => {
    for (const path of ["upbit/dist/connect.d.ts", "router/dist/client/NaruClient.d.ts"]) {
      const text = await declared(path);
      assert.include(text, "NaruClient", path);
      assert.notMatch(text, /["']effect\b|\b(?:Effect|Layer|Stream|Scope|Context|Schema)\.\w/, path);
    }
  });
});
