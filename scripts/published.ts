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
const packages = ["router", "node", "upbit", "sim", "cli"];

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

/** Takes some twenty seconds. The folder is the caller's to remove. */
export const publish = async (): Promise<Published> => {
  for (const name of packages) await rm(join(root, "packages", name, "dist"), { recursive: true, force: true });
  await run(join(root, "node_modules/.bin/tsc"), ["-b", "tsconfig.build.json"], { cwd: root });
  await run(process.execPath, [join(root, "scripts/bundle.ts")], { cwd: root });
  const folder = await mkdtemp(join(tmpdir(), "naru-published-"));
  const packed: Array<Packed> = [];
  for (const name of packages) packed.push(await pack(name, folder));
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

// By itself it says where they lie; who asked removes them.
if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await publish()).folder);
