import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Imports that are executed when the file is loaded: neither types nor `import()`. */
const importsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(/^import (?!type )[^"]*"([^"]+)";$/gm)].flatMap((match) => match[1] ?? []);

/** Everything loaded before a command runs: our own files, and the packages they name. */
const loadedBy = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  for (const specifier of importsOf(file)) {
    const name = specifier.startsWith(".") ? join(dirname(file), specifier) : specifier;
    if (seen.has(name)) continue;
    seen.add(name);
    if (specifier.startsWith(".")) loadedBy(name, seen);
  }
  return seen;
};

describe("start-up", () => {
  it("loads the tree of commands and nothing of what they do", () => {
    const loaded = [...loadedBy(main)];
    assert.isTrue(loaded.some((name) => name.endsWith("/src/cli.ts")));
    assert.isTrue(loaded.some((name) => name.endsWith("/src/flags.ts")));
    assert.deepStrictEqual(
      loaded.filter(
        (name) =>
          !/^effect\/[A-Za-z/]+$|^node:console$|^@effect\/platform-node\/Node(?:Runtime|Services)$|\/src\/(?:cli|adminFlags|flags|historyTree|kinds|linkFlags|portFlag|running|settings|simFlags|simTree|stdout|tapeFlags|usage|CommandFailed)\.ts$/.test(
            name,
          ),
      ),
      [],
    );
  });
});
