/**
 * The packages as a registry would hand them out: built from a copy of their sources, then only what `files` names, under the `publishConfig`
 * that pnpm lays over the manifest. They lie in a real `node_modules`, where Node strips no types: a `.ts` left anywhere fails to load.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const repository = fileURLToPath(new URL("../../..", import.meta.url));

const published = ["router", "node", "upbit", "sim", "cli"] as const;

export interface Manifest {
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly files: ReadonlyArray<string>;
  readonly publishConfig: object;
}

/** Runs a program of the repository's `.bin`, or Node itself, in `folder`. Rejects with all it printed when it fails. */
export const run = async (folder: string, program: "node" | "tsc", ...args: ReadonlyArray<string>): Promise<string> => {
  const file = program === "node" ? process.execPath : join(repository, "node_modules/.bin", program);
  try {
    return (await promisify(execFile)(file, args, { cwd: folder, timeout: maxMs })).stdout;
  } catch (cause) {
    // execFile's message is the command line; what went wrong was printed.
    const { stdout, stderr } = cause as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause });
  }
};

/** A program that does not end must not hang the tests. */
const maxMs = 60_000;

/** A new project with every package installed. Gives its folder, which the caller removes. */
export const installed = async (): Promise<string> => {
  const project = await realpath(await mkdtemp(join(tmpdir(), "naru-published-")));
  try {
    await buildInto(project);
  } catch (cause) {
    await rm(project, { recursive: true });
    throw cause;
  }
  return project;
};

const buildInto = async (project: string): Promise<void> => {
  const workspace = join(project, "workspace");
  await link(repository, "@types/node", project);
  for (const config of ["tsconfig.base.json", "tsconfig.package.json", "tsconfig.build.json"])
    await cp(join(repository, config), join(workspace, config));
  for (const name of published) await copySources(name, workspace, project);
  await run(workspace, "tsc", "-b", "tsconfig.build.json");
  for (const name of published) await install(name, workspace, project);
  await rm(workspace, { recursive: true });
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module", private: true }));
};

export const manifestOf = async (folder: string): Promise<Manifest> => JSON.parse(await readFile(join(folder, "package.json"), "utf8"));

/** What the build needs. Packages that only the build needs go where the project does not see them; so do those that a user may leave out. */
const copySources = async (name: string, workspace: string, project: string): Promise<void> => {
  const from = join(repository, "packages", name);
  const to = join(workspace, "packages", name);
  for (const part of ["src", "package.json", "tsconfig.json"]) await cp(join(from, part), join(to, part), { recursive: true });
  await symlinkTo(to, join(workspace, "node_modules/@naru", name));
  const { dependencies, devDependencies = {}, optionalDependencies = {} } = await manifestOf(from);
  for (const dependency of Object.keys(dependencies)) if (!dependency.startsWith("@naru/")) await link(from, dependency, project);
  for (const dependency of Object.keys({ ...devDependencies, ...optionalDependencies })) await link(from, dependency, workspace);
};

const install = async (name: string, workspace: string, project: string): Promise<void> => {
  const from = join(workspace, "packages", name);
  const to = join(project, "node_modules/@naru", name);
  const { publishConfig, ...manifest } = await manifestOf(from);
  for (const part of manifest.files.filter((file) => !file.startsWith("!")))
    await cp(join(from, part), join(to, part), { recursive: true });
  await writeFile(join(to, "package.json"), JSON.stringify({ ...manifest, ...publishConfig }));
};

/** Makes a package from the registry, installed for `from`, resolvable in `to`. */
const link = async (from: string, name: string, to: string): Promise<void> =>
  symlinkTo(await realpath(join(from, "node_modules", name)), join(to, "node_modules", name));

/** Several packages name the same dependency; the first link stays, because versions are the catalogue's. */
const symlinkTo = async (target: string, path: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
  });
};
