/** The packages as they are published, and ccxt beside them, in a folder of their own: what a program loads from there is what it loads after `npm install`. */
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publish } from "../../../../scripts/published.ts";

/** Made once in this process, and removed with it. */
let made: Promise<string> | undefined;

/** A folder in which programs find `@naru/upbit` and ccxt. */
export const publishedFolder = (): Promise<string> => (made ??= make());

const make = async (): Promise<string> => {
  const { folder } = await publish();
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(fileURLToPath(new URL("../../node_modules/ccxt", import.meta.url)), join(folder, "node_modules", "ccxt"));
  return folder;
};
