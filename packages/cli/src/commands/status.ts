/** `naru status`: what a running app is doing; where several run, one line for each. */
import type { AppStatus } from "@naru/node/admin/AdminApi";
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { StatusInput } from "../adminFlags.ts";
import { apps, noApp, notAnswered } from "../attach.ts";
import type { CommandFailed } from "../CommandFailed.ts";
import * as output from "../output.ts";
import { appTable, statusLines } from "../render/appStatus.ts";
import type { Printing } from "../settings.ts";

export const status = Effect.fnUntraced(function* (flags: Printing, { pid }: StatusInput): Effect.fn.Return<void, CommandFailed> {
  yield* Effect.scoped(
    Effect.gen(function* () {
      const found = yield* apps(flags, pid);
      if (found.length === 0) return yield* noApp(flags, pid);
      const answers = yield* Effect.forEach(found, (app) => Effect.result(app.status), { concurrency: "unbounded" });
      const answered = answers.filter(Result.isSuccess).map(({ success }) => success);
      yield* shown(flags, answered);
      const failures = answers.filter(Result.isFailure).map(({ failure }) => failure);
      const [first] = failures;
      if (first === undefined) return;
      if (answered.length === 0) return yield* notAnswered(flags, first);
      yield* Effect.forEach(failures, ({ message }) => Console.error(`naru: ${message}`), { discard: true });
    }),
  );
});

const shown = Effect.fnUntraced(function* (flags: Printing, answered: ReadonlyArray<AppStatus>) {
  if (flags.json) return yield* Effect.forEach(answered, (one) => output.json({ kind: "status", ...one }), { discard: true });
  const style = yield* output.style;
  const [only] = answered;
  if (only === undefined) return;
  if (answered.length > 1) return yield* output.lines(appTable(answered, style));
  yield* output.lines(statusLines(only, yield* Clock.currentTimeMillis, style));
});
