/** Gathers what can be known without asking the exchange: the running apps, this machine, the state folder, the environment. */
import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { App } from "@naru/node/admin/AdminClient";
import * as FileStateStore from "@naru/node/FileStateStore";
import { blockedUntilMs } from "@naru/router/limits/LimitMemory";
import { StateStore } from "@naru/router/state/StateStore";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Evidence, FolderFacts } from "./Evidence.ts";

export interface GatherOptions {
  readonly apps: ReadonlyArray<App>;
  readonly folder: string;
  readonly venue: Evidence["venue"];
}

/** All but the key and the probe. */
export const gather = Effect.fn("doctor.gather")(function* ({ apps, folder, venue }: GatherOptions) {
  const answers = yield* Effect.forEach(apps, (app) => Effect.result(app.status), { concurrency: "unbounded" });
  const atMs = yield* Clock.currentTimeMillis;
  const answered = answers.filter(Result.isSuccess).map(({ success }) => success);
  const store = yield* Effect.provide(StateStore, FileStateStore.layerAt(folder));
  const remembered = yield* blockedUntilMs(store, venue.host, atMs);
  // An app of the same exchange knows best.
  const told = answered.filter((app) => app.venue === venue.id && app.blockedMs > 0).map((app) => atMs + app.blockedMs);
  const until = Math.max(0, remembered ?? 0, ...told);
  return {
    atMs,
    venue,
    apps: answered,
    mute: answers.filter(Result.isFailure).map(({ failure }) => failure.message),
    folder: yield* folderFacts(folder),
    runtime: process.versions.node,
    blockedUntilMs: until > atMs ? until : null,
  } satisfies Omit<Evidence, "key" | "probe">;
});

const folderFacts = (path: string): Effect.Effect<FolderFacts> =>
  Effect.promise(async () => {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return { path, access: null, disk: await diskOf(path) };
    const isWritable = await access(path, constants.W_OK | constants.X_OK).then(
      () => found.isDirectory(),
      () => false,
    );
    // A system without users has no other owner.
    const isOurs = process.getuid === undefined || process.getuid() === found.uid;
    return { path, access: { mode: found.mode & 0o777, isOurs, isWritable }, disk: await diskOf(path) };
  });

/** The disk that holds `path`, or would: of a folder that is not there yet, its parent's. */
const diskOf = async (path: string): Promise<FolderFacts["disk"]> => {
  for (let at = path; ; at = dirname(at)) {
    const stats = await statfs(at).catch(() => undefined);
    if (stats !== undefined) return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
    if (dirname(at) === at) return null;
  }
};
