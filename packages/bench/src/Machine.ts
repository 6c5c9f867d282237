/** What the figures were measured on: without it a number cannot be compared with anything. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** Of what is measured and of its peers. */
  readonly versions: Readonly<Record<string, string>>;
  /** 1, 5 and 15 minutes. */
  readonly loadBefore: ReadonlyArray<number>;
  readonly loadAfter: ReadonlyArray<number>;
}

/** Notes the load now; the rest when the work is done. */
export const watchMachine = (): (() => Machine) => {
  const loadBefore = loadavg();
  return () => ({
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    versions: Object.fromEntries(
      ["bottleneck", "ccxt", "effect", "tardis-dev", "typebox", "undici", "ws", "zod"].map((name) => [name, versionOf(name)]),
    ),
    loadBefore,
    loadAfter: loadavg(),
  });
};

/** From the package's own `package.json`, found above its entry, because not every package exports it. */
const versionOf = (name: string): string => {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}/`.length);
  const { version }: { readonly version?: unknown } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  return typeof version === "string" ? version : "unknown";
};
