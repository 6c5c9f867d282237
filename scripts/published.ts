/**
 * The packages as a registry would hold them: built anew, packed by pnpm, which writes what only a published package says of itself, and unpacked into
 * a folder from which they can be imported by their names. What they depend on is linked there from this clone.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { root } from "./sourceFiles.ts";

const run = promisify(execFile);

/** In the order of their dependence. */
const inOrder = ["router", "node", "upbit", "sim", "cli"];

interface Packed {
  /** `@naru/router` */
  readonly name: string;
  readonly files: number;
  /** Of the tarball. */
  readonly packedBytes: number;
  readonly unpackedBytes: number;
}

export interface Published {
  /** Holds `node_modules` with all of them. */
  readonly folder: string;
  readonly packages: ReadonlyArray<Packed>;
}

/**
 * Takes some twenty seconds; less up to and with `upTo`, the last package that is wanted, and where types need not be `checked` once more. The folder is
 * the caller's to remove.
 */
export const publish = async (upTo = "cli", checked = true): Promise<Published> => {
  const packages = inOrder.slice(0, inOrder.indexOf(upTo) + 1);
  if (packages.length === 0) throw new RangeError(`no package "${upTo}"`);
  for (const name of inOrder) await rm(join(root, "packages", name, "dist"), { recursive: true, force: true });
  const flags = checked ? [] : ["--noCheck"];
  await run(join(root, "node_modules/.bin/tsc"), ["-b", ...flags, ...packages.map((name) => join("packages", name))], { cwd: root });
  await run(process.execPath, [join(root, "scripts/bundle.ts")], { cwd: root });
  const folder = await mkdtemp(join(tmpdir(), "naru-published-"));
  const packed = await Promise.all(packages.map((name) => pack(name, folder)));
  for (const name of packages) await linkDependencies(name, folder);
  return { folder, packages: packed };
};

const pack = async (name: string, folder: string): Promise<Packed> => {
  const source = join(root, "packages", name);
  const tarballs = join(folder, "tarballs", name);
  await mkdir(tarballs, { recursive: true });
  // Set by pnpm for the scripts that it runs.
  const pnpm = process.env["npm_execpath"];
  const [command, ...args] = pnpm?.includes("pnpm") === true ? [pnpm] : ["npx", "--yes", "pnpm@12"];
  await run(command ?? "npx", [...args, "pack", "--pack-destination", tarballs], { cwd: source });
  const [tarball = ""] = await readdir(tarballs);
  const target = join(folder, "node_modules/@naru", name);
  await mkdir(target, { recursive: true });
  await run("tar", ["-xzf", join(tarballs, tarball), "-C", target, "--strip-components", "1"]);
  const sizes = await Promise.all((await filesUnder(target)).map(async (path) => (await stat(path)).size));
  return {
    name: `@naru/${name}`,
    files: sizes.length,
    packedBytes: (await stat(join(tarballs, tarball))).size,
    unpackedBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
};

const filesUnder = async (folder: string): Promise<ReadonlyArray<string>> =>
  (await readdir(folder, { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const linkDependencies = async (name: string, folder: string): Promise<void> => {
  const manifest: { readonly dependencies?: Record<string, string> } = JSON.parse(
    await readFile(join(root, "packages", name, "package.json"), "utf8"),
  );
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (dependency.startsWith("@naru/")) continue;
    const link = join(folder, "node_modules", dependency);
    await mkdir(dirname(link), { recursive: true });
    // The first package that names it has linked it.
    await symlink(await realpath(join(root, "packages", name, "node_modules", dependency)), link, "dir").catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    });
  }
};

// By itself it says where they lie; who asked removes them. For whoever measures them: given the last package
// that is wanted, it does not check their types.
if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await publish(process.argv[2], process.argv[2] === undefined)).folder);
