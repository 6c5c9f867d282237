/** `naru fallback` and `naru resubscribe`: what a person does to a running app, with a word for the audit. */
import type { AuditEntry } from "@naru/node/admin/AdminApi";
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import type { FallbackInput, ResubscribeInput } from "../adminFlags.ts";
import { notAnswered, oneApp, ownUser } from "../attach.ts";
import { CommandFailed } from "../CommandFailed.ts";
import * as output from "../output.ts";
import { auditLines, modeLine, resubscribedLine } from "../render/appStatus.ts";
import type { Printing } from "../settings.ts";

/** EX_UNAVAILABLE: the exchange does not say what it should. */
const differsExitCode = 69;

export const fallback = Effect.fnUntraced(function* (
  flags: Printing,
  { to, pid, reason }: FallbackInput,
): Effect.fn.Return<void, CommandFailed> {
  yield* Effect.scoped(
    Effect.gen(function* () {
      const app = yield* oneApp(flags, pid);
      const style = yield* output.style;
      const nowMs = yield* Clock.currentTimeMillis;
      if (to === "status") {
        const { mode, audit } = yield* Effect.catch(app.status, (error) => notAnswered(flags, error));
        return yield* flags.json
          ? output.json({ kind: "fallback", ...mode, audit })
          : output.lines([modeLine(mode, nowMs, style), ...auditLines(audit)]);
      }
      const done = yield* Effect.catch(app.fallback(to, { by: ownUser(), why: reason }), (error) => notAnswered(flags, error));
      yield* flags.json
        ? output.json({ kind: "fallback", ...done.mode, entry: done.entry })
        : output.lines([modeLine(done.mode, nowMs, style)]);
      yield* tellUnwritten(done);
    }),
  );
});

export const resubscribe = Effect.fnUntraced(function* (
  flags: Printing,
  { pid, reason }: ResubscribeInput,
): Effect.fn.Return<void, CommandFailed> {
  yield* Effect.scoped(
    Effect.gen(function* () {
      const app = yield* oneApp(flags, pid);
      const done = yield* Effect.catch(app.resubscribe({ by: ownUser(), why: reason }), (error) => notAnswered(flags, error));
      yield* flags.json ? output.json({ kind: "resubscribed", ...done }) : output.lines([resubscribedLine(done, yield* output.style)]);
      yield* tellUnwritten(done);
      // Nothing to be sent again is no failure.
      if (done.sockets > 0 && !done.isSame) return yield* new CommandFailed({ exitCode: differsExitCode });
    }),
  );
});

const tellUnwritten = ({ written }: { readonly written: boolean; readonly entry: AuditEntry }): Effect.Effect<void> =>
  written ? Effect.void : Console.error("naru: it is done, but could not be written into the audit; the log of the app has it");
