import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Effect, Exit } from "effect";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { parseFault, profiles } from "@naru/sim";
import { resolveOptions } from "@naru/sim/Options";
import { parseToxic } from "@naru/sim/proxy/Toxic";

/** Holds `docs/how-to/test-your-bot.md` against the program: its commands run, its tables are true. */
const root = resolve(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/how-to/test-your-bot.md"), "utf8");
const naru = join(root, "packages/cli/src/main.ts");

const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.trim().split("\n"));
const serving = commands.filter((command) => command.startsWith("naru sim serve"));

const rowsBelow = (head: string) => {
  const from = page.indexOf(head);
  assert.isAbove(from, 0, head);
  const rows = page.slice(from).split("\n\n")[0]?.split("\n").slice(2) ?? [];
  return rows.filter((row) => row !== "").map((row) => row.split("|").map((cell) => cell.trim()));
};

const folder = mkdtempSync(join(tmpdir(), "naru-how-to-"));
const children: Array<ChildProcess> = [];

const start = (command: string, environment: Record<string, string> = {}) => {
  const child = spawn("sh", ["-c", `exec ${command}`], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
};

const firstLine = async (child: ChildProcess): Promise<string> => {
  assert.isNotNull(child.stdout);
  const [line] = await once(createInterface(child.stdout), "line");
  child.kill();
  return String(line);
};

const ended = async (child: ChildProcess, command: string): Promise<void> => {
  let said = "";
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  child.stdout?.resume();
  const [code] = await once(child, "close");
  assert.strictEqual(code, 0, `${command}: ${said}`);
};

const asNaru = (command: string) => command.replace(/^naru/, `"${process.execPath}" "${naru}"`);

/** Ports that are free instead of the page's. */
const onFreePorts = (command: string) => `${asNaru(command).replaceAll(/(port) \d+/g, "$1 0")} --port 0 --json`;

/** What `naru sim serve --json` tells first. */
interface Served {
  readonly url: string;
  readonly socketUrl: string;
  readonly controlUrl: string;
  readonly profile: string;
  readonly speed: number;
  readonly markets: number;
}

let at: Served = { url: "", socketUrl: "", controlUrl: "", profile: "", speed: 0, markets: 0 };

beforeAll(async () => {
  const exchange = start(onFreePorts(serving[0] ?? ""));
  assert.isNotNull(exchange.stdout);
  const [line] = await once(createInterface(exchange.stdout), "line");
  at = JSON.parse(String(line));
  assert.deepInclude(at, { markets: 36, profile: "upbit", speed: 1 });
});

afterAll(() => {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

const here = (command: string) =>
  command.replace("http://127.0.0.1:8787", at.url).replace("ws://127.0.0.1:8787/websocket/v1", at.socketUrl);

/** What a command does that goes on until it is ended. */
const isEndless = (command: string) => command.includes("--follow") || command.startsWith("node -e");

describe("the page on testing a bot", () => {
  it("begins with one exchange that is served, and drives that", () => {
    assert.strictEqual(serving.length, 1);
    assert.isAtLeast(commands.length, 15);
  });

  const driving = commands.filter((command) => /^(curl|node|naru sim) /.test(command) && !serving.includes(command));
  it("has commands that work on it, in the order they stand", { timeout: 60_000 }, async () => {
    for (const command of driving) {
      if (command.startsWith("curl")) {
        const url = here(/^curl '([^']+)'$/.exec(command)?.[1] ?? assert.fail(command));
        assert.strictEqual((await fetch(url)).status, 200, command);
        continue;
      }
      const child = start(asNaru(here(command)), { NARU_CONTROL: at.controlUrl });
      if (isEndless(command)) assert.isAbove((await firstLine(child)).length, 0, command);
      else await ended(child, command);
    }
  });

  const taping = commands.filter((command) => /^naru (record|replay) /.test(command));
  it("records and replays, shorter and without the real exchange", { timeout: 60_000 }, async () => {
    assert.strictEqual(taping.length, 3);
    for (const command of taping) {
      const shorter = asNaru(command).replace("--venue upbit", "--venue sim").replace("--for 24h", "--for 1s");
      if (/replay \S+ --speed \d+$/.test(command)) assert.match(await firstLine(start(`${shorter} --port 0`)), /^replaying at http/);
      else await ended(start(shorter), command);
    }
  });

  it("names flags that are understood", { timeout: 20_000 }, async () => {
    const flags = rowsBelow("| flag | means |").map(([, cell = ""]) => cell.replaceAll("`", ""));
    const words = flags.filter((flag) => !flag.startsWith("--port")).join(" ");
    const served = JSON.parse(await firstLine(start(`${onFreePorts(serving[0] ?? "")} ${words}`)));
    assert.deepInclude(served, { profile: "bithumb", speed: 60, seed: 7 });
  });

  it("names faults that can be switched on as they stand", () => {
    const written = rowsBelow("| a bot that | fault |").flatMap(([, , cell = ""]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text),
    );
    assert.isAtLeast(written.length, 25);
    for (const text of written) {
      const [verb = "", ...pairs] = text.split(" ");
      const asFault = Effect.runSyncExit(parseFault(verb, pairs));
      const asToxic = Effect.runSyncExit(parseToxic(verb, pairs));
      assert.isTrue(Exit.isSuccess(asFault) || Exit.isSuccess(asToxic), text);
    }
  });

  it("tells of each profile what it is", () => {
    const told = rowsBelow("| profile | prices in |").map(([, name = "", quotes, perSecond, idle]) => [
      name.replaceAll("`", ""),
      quotes,
      perSecond,
      idle,
    ]);
    const options = Object.entries(profiles).map(([name, profile]) => [name, resolveOptions({ profile })] as const);
    assert.deepStrictEqual(
      told,
      options.map(([name, { profile, limits, socket }]) => [
        name,
        profile.quotes.join(" "),
        String((limits.perWindow * 1_000) / limits.windowMs),
        `${socket.idleMs / 1_000} s`,
      ]),
    );
  });
});
