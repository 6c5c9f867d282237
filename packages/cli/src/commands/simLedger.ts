/** `naru sim ledger`: what an exchange that is served saw and sent; with `--follow` each entry as it is written down, and how many were missed. */
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { askControl, type Fields, fieldsOf, listOf } from "../ControlClient.ts";
import * as output from "../output.ts";
import { printable } from "../render/style.ts";
import { kstMillis } from "../render/time.ts";
import type { Printing } from "../settings.ts";

export interface LedgerInput {
  readonly kind: string;
  readonly market: Option.Option<string>;
  readonly limit: number;
  readonly follow: boolean;
  readonly control: string;
}

/** Between two looks at a ledger that is followed. */
const pause = "250 millis";
/** Entries of one page while following: more than this in one pause are read in several. */
const followLimit = 1_000;

export const ledger = (flags: Printing, { kind, market, limit, follow, control }: LedgerInput): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const page = (query: Readonly<Record<string, string>>) => {
      const parameters = new URLSearchParams({
        ...query,
        ...Option.match(market, { onNone: () => ({}), onSome: (code) => ({ market: code }) }),
      });
      return Effect.map(askControl(flags, control, { method: "GET", path: `/_sim/ledger/${kind}?${parameters.toString()}` }), fieldsOf);
    };
    let read = yield* page({ limit: String(limit) });
    yield* print(flags, read);
    if (!follow) return;
    while (true) {
      if (read["more"] !== true) yield* Effect.sleep(pause);
      read = yield* page({ since: String(read["next"]), limit: String(followLimit) });
      yield* print(flags, read);
    }
  });

const print = (flags: Printing, page: Fields): Effect.Effect<void> =>
  Effect.gen(function* () {
    const missed = page["missed"];
    if (typeof missed === "number" && missed > 0)
      yield* Console.error(`naru: ${missed} entries fell out of the ledger before they were read`);
    const entries = listOf(page["entries"]);
    yield* flags.json ? Effect.forEach(entries, output.json, { discard: true }) : output.lines(entries.map(line));
  });

/** Time first, then every member with a value; headers are for `--json`. */
const line = ({ atMs, headers: _, ...members }: Fields): string =>
  printable(
    [
      typeof atMs === "number" ? kstMillis(atMs) : "",
      ...Object.entries(members).flatMap(([name, value]) => (value === null || value === "" ? [] : [`${name}=${plain(value)}`])),
    ].join("  "),
  );

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
