/**
 * What was done by hand, to whichever app: a line of JSON each, in a file of the state folder that all apps of the folder append to. It is bounded:
 * at 64 KB the file becomes the older one, whose predecessor goes. Only its owner may read it.
 *
 * A line that cannot be written costs the act nothing, for by hand is how one acts when all else fails; the answer says so, and the log of the app
 * has the line as well.
 */
import { constants } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { AuditEntry } from "./AdminApi.ts";

const maxBytes = 64 * 1_024;
const currentName = "audit.jsonl";
const olderName = "audit.1.jsonl";

const Line = Schema.fromJsonString(AuditEntry);
const decodeLine = Schema.decodeOption(Line);
const encodeLine = Schema.encodeSync(Line);

/** Appends the entry. False, with a warning, where that cannot be. */
export const record = (folder: string, entry: AuditEntry): Effect.Effect<boolean> =>
  Effect.tryPromise(async () => {
    const path = join(folder, currentName);
    // A line in one write to a file opened for appending is whole, also beside other processes. A link is not followed.
    const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    try {
      await file.write(`${encodeLine(entry)}\n`);
      if ((await file.stat()).size >= maxBytes) await rename(path, join(folder, olderName));
    } finally {
      await file.close();
    }
    return true;
  }).pipe(Effect.catch((error) => Effect.as(Effect.logWarning("What was done by hand could not be written down", error.cause), false)));

/** The last entries, the newest last. Lines that are not ours, or half written, are passed over. */
export const tail = (folder: string, count: number): Effect.Effect<ReadonlyArray<AuditEntry>> =>
  Effect.gen(function* () {
    const texts = yield* Effect.forEach([olderName, currentName], (name) =>
      Effect.result(Effect.tryPromise(() => readFile(join(folder, name), "utf8"))),
    );
    const lines = texts.flatMap((text) => (Result.isSuccess(text) ? text.success.split("\n") : []));
    return lines.flatMap((line) => Option.toArray(decodeLine(line))).slice(-count);
  });
