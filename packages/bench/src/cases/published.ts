/**
 * The packages as npm would install them: built, with the exports they are published with, in a folder of their own. What a program loads from there is what
 * it loads after `npm install`; this repository's own packages are TypeScript, and Node strips their types at every start.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const packages = ["router", "node", "upbit"];

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly publishConfig: object;
}

/** Made once in this process, and removed with it. */
let made: string | undefined;

/** A folder in which programs find `@naru/upbit` and ccxt. */
export const publishedFolder = (): string => {
  if (made !== undefined) return made;
  const tsc = join(dirname(createRequire(join(root, "package.json")).resolve("typescript/package.json")), "bin", "tsc");
  const { status, stderr, stdout } = spawnSync(process.execPath, [tsc, "-b", "tsconfig.build.json"], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the packages cannot be built: ${stdout}${stderr}`);
  const folder = mkdtempSync(join(tmpdir(), "naru-published-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const name of packages) install(join(root, "packages", name), folder);
  link(join(root, "packages", "bench", "node_modules", "ccxt"), join(folder, "node_modules", "ccxt"));
  made = folder;
  return folder;
};

const install = (source: string, folder: string): void => {
  const manifest: Manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const target = join(folder, "node_modules", manifest.name);
  mkdirSync(target, { recursive: true });
  cpSync(join(source, "dist"), join(target, "dist"), { recursive: true });
  writeFileSync(join(target, "package.json"), JSON.stringify({ ...manifest, ...manifest.publishConfig }));
  for (const dependency of Object.keys(manifest.dependencies ?? {}))
    if (!dependency.startsWith("@naru/")) link(join(source, "node_modules", dependency), join(folder, "node_modules", dependency));
};

const link = (source: string, target: string): void => {
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(realpathSync(source), target);
};
