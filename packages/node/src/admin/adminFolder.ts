/**
 * The names of admin sockets in the state folder, and which of them are alive. A socket is put into its place only when somebody listens on it, so
 * a socket that refuses a connection was left behind by a process that ended in a hurry. Process numbers say nothing: they are given anew, and
 * mean something else in another container that shares the folder.
 */
import { lstat, readdir, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { errorCode } from "../networkFailure.ts";

export interface AdminPath {
  readonly pid: number;
  readonly path: string;
}

/** A process with several apps has a socket for each. */
export const socketName = (pid: number, nth: number): string => `admin-${pid}${nth === 1 ? "" : `-${nth}`}.sock`;

const namePattern = /^admin-(\d{1,10})(?:-\d{1,4})?\.sock$/;

/** Sockets looked at; a folder with more is not one of ours. */
const maxSockets = 200;
/** How long a connection may take, on one machine. */
const patience = "1 second";

/** The sockets that somebody listens on, by process number. Those that nobody does are removed. */
export const alive = (folder: string): Effect.Effect<ReadonlyArray<AdminPath>> =>
  Effect.gen(function* () {
    // A folder that is not there, or that we may not read, has no sockets for us.
    const names = yield* Effect.orElseSucceed(
      Effect.tryPromise(() => readdir(folder)),
      (): Array<string> => [],
    );
    const found = names.flatMap((name) => {
      const pid = namePattern.exec(name)?.[1];
      return pid === undefined ? [] : [{ pid: Number(pid), path: join(folder, name) }];
    });
    const answering = yield* Effect.filter(found.slice(0, maxSockets), ({ path }) => isAlive(path), { concurrency: 8 });
    return answering.toSorted((a, b) => a.pid - b.pid || (a.path < b.path ? -1 : 1));
  });

/** Whether somebody listens there. Removes the socket when it is proved that nobody does. */
export const isAlive = (path: string): Effect.Effect<boolean> =>
  Effect.callback<string | undefined>((resume) => {
    const socket = createConnection(path);
    // The connection was only a question.
    socket.once("connect", () => {
      socket.destroy();
      resume(Effect.undefined);
    });
    socket.once("error", (error) => resume(Effect.succeed(errorCode(error) ?? "unknown")));
    return Effect.sync(() => socket.destroy());
  }).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed("silent") }),
    Effect.tap((code) => (code === "ECONNREFUSED" ? removeSocket(path) : Effect.void)),
    Effect.map((code) => code === undefined),
  );

/** A file of another kind, which refuses connections as well, is not ours to remove. */
const removeSocket = (path: string): Effect.Effect<void> =>
  Effect.ignore(
    Effect.tryPromise(async () => {
      if ((await lstat(path)).isSocket()) await rm(path, { force: true });
    }),
  );
