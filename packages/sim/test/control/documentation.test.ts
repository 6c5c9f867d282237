import * as http from "node:http";
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { ControlServer, layerControlServer } from "../../src/control/ControlServer.ts";
import { endpoints } from "../../src/control/endpoints.ts";
import { ledgerKinds } from "../../src/control/ledgerPage.ts";
import { scriptWords } from "../../src/control/scriptControl.ts";
import { Exchange } from "../../src/Exchange.ts";
import { layerBeforeServer } from "../../src/proxy/FaultProxy.ts";
import { layerLoopbackServer } from "../../src/server/LoopbackServer.ts";

const page = readFileSync(new URL("../../../../docs/reference/sim-control.md", import.meta.url), "utf8");

/** First cells of the rows of a table under a heading, without their backquotes. */
const rows = (head: string): ReadonlyArray<string> => {
  const from = page.indexOf(head);
  assert.isAbove(from, 0, head);
  const table = page.slice(from).split("\n\n")[0] ?? "";
  return table
    .split("\n")
    .slice(2)
    .map((line) => (/^\| `?([^|`]+)`? \|/.exec(line)?.[1] ?? line).trim());
};

interface Example {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

const examples: ReadonlyArray<Example> = [
  ...page.matchAll(/^curl (?:-X (\w+) )?'?http:\/\/127\.0\.0\.1:8788([^\s']*)'?(?: --data '([^']*)')?$/gm),
].map(([, method, path = "", body]) => ({ method: method ?? (body === undefined ? "GET" : "POST"), path, body }));

const controlled = layerControlServer().pipe(
  Layer.provideMerge(layerBeforeServer()),
  Layer.provideMerge(layerLoopbackServer()),
  Layer.provideMerge(Exchange.layer()),
);

const run = ({ method, path, body }: Example) =>
  Effect.flatMap(ControlServer, ({ port }) =>
    Effect.callback<string>((resume) => {
      // As curl sends it.
      const headers = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
      const request = http.request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += String(chunk)));
        response.on("end", () => resume(Effect.succeed(`${response.statusCode} ${text}`)));
      });
      request.end(body);
    }),
  );

describe("the page of the control port", () => {
  it("has every endpoint, and none that does not exist", () => {
    const [from, to] = [page.indexOf("| method | path |"), page.indexOf("## State")];
    const listed = [...page.slice(from, to).matchAll(/^\| `([A-Z]+)` \| `([^`]+)` \|/gm)].map(([, method, path]) => `${method} ${path}`);
    assert.deepStrictEqual(
      listed,
      endpoints.map(({ method, path }) => `${method} ${path}`),
    );
  });

  it("has every ledger and every word of the script, and no other", () => {
    assert.sameMembers([...rows("| name | an entry is |")], [...ledgerKinds]);
    assert.sameMembers([...rows("| word | members |")], [...scriptWords]);
  });

  it("has an example of every endpoint, and no line of curl that is not understood here", () => {
    assert.strictEqual(examples.length, page.match(/^curl /gm)?.length);
    for (const { method, path } of endpoints) {
      const pattern = new RegExp(`^${path.replace(":name", "[^/?]+")}(?:\\?|$)`);
      assert.isTrue(
        examples.some((one) => one.method === method && pattern.test(one.path)),
        `${method} ${path}`,
      );
    }
  });

  it.live("has examples that work, in the order they stand", () =>
    Effect.gen(function* () {
      for (const example of examples) assert.match(yield* run(example), /^200 /, JSON.stringify(example));
    }).pipe(Effect.provide(controlled)),
  );
});
