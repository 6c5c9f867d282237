/** The packages as they are published, and ccxt beside them, in a folder of their own: what a program loads from there is what it loads after `npm install`. */
import { spawnSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../../../scripts/published.ts", import.meta.url));
const ccxt = fileURLToPath(new URL("../../node_modules/ccxt", import.meta.url));

/** Made once in this process, and removed with it. */
let made: string | undefined;

/** A folder in which programs find `@naru/upbit` and ccxt. */
export const publishedFolder = (): string => {
  if (made !== undefined) return made;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "upbit"], { encoding: "utf8" });
  const folder = stdout.trim();
  if (status !== 0 || folder === "") throw new Error(`the packages cannot be published: ${stdout}${stderr}`);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(ccxt, join(folder, "node_modules", "ccxt"));
  return (made = folder);
};
