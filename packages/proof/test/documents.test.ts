import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { assert, describe, it } from "vitest";
import { pageOf } from "../../../scripts/checkTuningPage.ts";
import { readSources, withoutComments } from "../../../scripts/sourceFiles.ts";
import { errorTags } from "@naru/router/errors/MarketDataError";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { invariants } from "../src/world/Violation.ts";

const root = resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);

const markdown = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md") && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));

const documents = [
  ...readdirSync(root)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(root, name)),
  ...markdown(join(root, "docs")),
];

/** Blocks announced by a comment `<!-- from PATH -->` on the line before. */
const quoted = (text: string) =>
  [...text.matchAll(/<!-- from (\S+) -->\n```ts\n([\s\S]*?)```/g)].map(([, path = "", code = ""]) => ({ path, code }));

/** What a knob holds, however deep. */
const leaves = (value: unknown): ReadonlyArray<unknown> =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [value];

/** A quotation may start anywhere in a file and loses the file's indentation. */
const unindented = (code: string) =>
  code
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");

/** The anchors of a document's headings, as the forges make them. */
const headings = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );

/** Single files, and folders with a `main.ts`. */
const examples = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => /^(?:\d\d-[^/]*|(?!node_modules)[^/]+\/main)\.ts$/.test(name));

/** Blocks announced by a comment `<!-- printed by PATH -->` on the line before. */
const printed = (text: string) =>
  [...text.matchAll(/<!-- printed by (\S+) -->\n```\n([\s\S]*?)```/g)].map(([, path = "", output = ""]) => ({ path, output }));

describe("the documents", () => {
  it("quote code that stands in a file which is compiled and run", () => {
    let looked = 0;
    for (const document of documents) {
      const text = readFileSync(document, "utf8");
      for (const { path, code } of quoted(text)) {
        assert.include(unindented(readFileSync(join(root, path), "utf8")), unindented(code), `${relative(root, document)} quotes ${path}`);
        looked++;
      }
      const blocks = text.match(/```ts\n/g)?.length ?? 0;
      assert.strictEqual(quoted(text).length, blocks, `${relative(root, document)}: every TypeScript block names its file`);
    }
    assert.isAbove(looked, 0);
  });

  it("were merged to the end", () => {
    const marked = documents.filter((document) => /^(?:<{7}|>{7}) /m.test(readFileSync(document, "utf8")));
    assert.deepStrictEqual(marked, []);
    assert.isAbove(documents.length, 20);
  });

  it("link only to files and headings that exist", () => {
    let looked = 0;
    for (const document of documents) {
      for (const [, target = "", heading] of readFileSync(document, "utf8").matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const file = target === "" ? document : join(dirname(document), target);
        assert.isTrue(existsSync(file), `${relative(root, document)} links to ${target}`);
        if (heading !== undefined)
          assert.include(headings(readFileSync(file, "utf8")), heading, `${relative(root, document)} links to ${target}`);
        looked++;
      }
    }
    assert.isAbove(looked, 10);
  });

  it("name every error of the union, with what to do about it (R001-44)", () => {
    const text = readFileSync(join(root, "docs/reference/errors.md"), "utf8");
    for (const tag of errorTags) assert.match(text, new RegExp(`^\\| \`${tag}\` \\|`, "m"), tag);
  });

  it("name every knob with its default, unit, bounds and meaning, as it says itself, on a page that is written from it (R001-43)", async () => {
    const files = await readSources("packages/*/src/**/*.ts");
    const told = pageOf(files);
    assert.deepStrictEqual(told.problems, []);
    assert.strictEqual(readFileSync(join(root, "docs/reference/tuning.md"), "utf8"), told.text);
    for (const [knob, value] of Object.entries(defaultRouterConfig)) {
      const rows = told.text.split("\n").filter((line) => line.startsWith(`| \`${knob}\` |`) || line.startsWith(`| \`${knob}.`));
      const shown = rows.map((row) => row.split("|")[2]?.replaceAll(",", "")).join(" ");
      for (const number of leaves(value)) assert.include(shown, String(number), knob);
    }
    // A knob that nobody tells of, one without a unit, and a variable that is read in silence.
    const cache = "packages/router/src/knobs/cache.ts";
    const changed = (change: (text: string) => string) =>
      pageOf(files.map((file) => (file.path === cache ? { ...file, text: change(file.text) } : file))).problems;
    assert.deepStrictEqual(
      changed((text) => text.replace("readonly hotCapacity", "hotCapacity")),
      ["the knob hotCapacity stands in none of the files that are told of"],
    );
    assert.match(changed((text) => text.replace("@unit keys", ""))[0] ?? "", /hotCapacity has no unit/);
    assert.match(changed((text) => `${text}"NARU_PLANTED"`)[0] ?? "", /NARU_PLANTED is read/);
  });

  it("name every invariant of a world, and no other", () => {
    const text = readFileSync(join(root, "docs/explain/deterministic-world.md"), "utf8");
    assert.deepStrictEqual(
      [...text.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name),
      [...invariants],
    );
  });

  it("show the output of examples that exist", () => {
    const shown = documents.flatMap((document) => printed(readFileSync(document, "utf8")));
    assert.isAtLeast(shown.length, 2);
    for (const { path } of shown) assert.include(examples, path.replace("examples/", ""));
    for (const { path } of shown) assert.isTrue(existsSync(join(root, path)), path);
  });

  it("show the same job by hand and with naru, which takes no more than half the lines (R001-30)", () => {
    const text = readFileSync(join(root, "docs/explain/half-the-code.md"), "utf8");
    const [byHand, withNaru] = quoted(text).map(({ path, code }) => {
      const whole = withoutComments(readFileSync(join(root, path), "utf8"));
      // What is quoted is all of it.
      assert.strictEqual(unindented(withoutComments(code)), unindented(whole), path);
      return unindented(whole).split("\n").length;
    });
    assert.isAtMost((withNaru ?? Number.NaN) / (byHand ?? Number.NaN), 0.5);
  });

  it("speak English and Korean of the same commands and quote the same code", () => {
    const blocks = (name: string) =>
      [...readFileSync(join(root, name), "utf8").matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, kind, code]) => [kind, code]);
    assert.deepStrictEqual(blocks("README.ko.md"), blocks("README.md"));
  });
});

describe("the examples", () => {
  it("are at least eight", () => assert.isAtLeast(examples.length, 8));

  for (const example of examples) {
    it(`${example} runs on the emulated exchange and ends by itself`, { timeout: 60_000 }, async () => {
      const { stdout } = await run(process.execPath, [join(root, "examples", example)], { timeout: 50_000 });
      assert.isAbove(stdout.trim().length, 0);
      for (const document of documents)
        for (const { path, output } of printed(readFileSync(document, "utf8")))
          if (path === `examples/${example}`) assert.strictEqual(stdout, output, `${relative(root, document)} shows what ${path} prints`);
    });
  }
});
