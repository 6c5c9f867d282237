/** `naru sim fault`, `state`, `time` and `verbs`: the control port of an exchange that is served, by hand. */
import { allVerbs } from "@naru/sim/control/faultControl";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { askControl, type Fields, fieldsOf, listOf } from "../ControlClient.ts";
import * as output from "../output.ts";
import { table } from "../render/table.ts";
import { kstMillis } from "../render/time.ts";
import type { Printing } from "../settings.ts";

interface At {
  readonly control: string;
}

export const faultOn = (
  flags: Printing,
  { verb, pairs, proxy, control }: At & { readonly verb: string; readonly pairs: ReadonlyArray<string>; readonly proxy: boolean },
): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const body = { verb, pairs, ...(proxy ? { door: "proxy" } : {}) };
    const answer = fieldsOf(yield* askControl(flags, control, { method: "POST", path: "/_sim/faults", body }));
    yield* flags.json ? output.json(answer) : output.lines([`${textOf(answer["id"])} ${words(answer["fault"])}`]);
  });

export const faultOff = (flags: Printing, { which, control }: At & { readonly which: string }): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const path = which === "all" ? "/_sim/faults" : `/_sim/faults/${encodeURIComponent(which)}`;
    const answer = fieldsOf(yield* askControl(flags, control, { method: "DELETE", path }));
    yield* flags.json ? output.json(answer) : output.lines([`${textOf(answer["off"])} switched off`]);
  });

export const faultList = (flags: Printing, { control }: At): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const faults = listOf(yield* askControl(flags, control, { method: "GET", path: "/_sim/faults" }));
    if (flags.json) return yield* Effect.forEach(faults, output.json, { discard: true });
    yield* faults.length === 0 ? output.lines(["no fault is on"]) : output.lines(yield* faultTable(faults));
  });

export const state = (flags: Printing, { control }: At): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const document = fieldsOf(yield* askControl(flags, control, { method: "GET", path: "/_sim/state" }));
    if (flags.json) return yield* output.json(document);
    const sockets = listOf(document["sockets"]);
    const faults = listOf(document["faults"]);
    const bans = listOf(document["bans"]);
    const counters = Object.entries(fieldsOf(fieldsOf(document["ledger"])["counters"]));
    yield* output.lines([
      `seed ${textOf(document["seed"])}, ${momentOf(document["nowMs"])}, ${document["paused"] === true ? "paused" : `speed ${textOf(document["speed"])}`}${document["halted"] === true ? ", market halted" : ""}`,
      `${sockets.length} sockets open`,
      ...sockets.map((socket) => `  ${textOf(socket["connection"])} ${textOf(socket["ip"])} ${subscriptions(socket)}`),
      `${bans.length} addresses blocked`,
      ...bans.map((ban) => `  ${textOf(ban["ip"])} until ${momentOf(ban["untilMs"])}`),
      `${faults.length} faults on`,
      ...(faults.length === 0 ? [] : (yield* faultTable(faults)).map((line) => `  ${line}`)),
      ...counters.map(([name, count]) => `${name} ${textOf(count)}`),
    ]);
  });

export interface TimeInput extends At {
  readonly speed: Option.Option<number>;
  readonly pause: boolean;
  readonly resume: boolean;
  readonly advance: Option.Option<number>;
}

export const time = (flags: Printing, { speed, pause, resume, advance, control }: TimeInput): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const body = {
      ...Option.match(speed, { onNone: () => ({}), onSome: (value) => ({ speed: value }) }),
      ...(pause ? { pause } : {}),
      ...(resume ? { resume } : {}),
      ...Option.match(advance, { onNone: () => ({}), onSome: (advanceMs) => ({ advanceMs }) }),
    };
    // With nothing to change, the time is told.
    const request =
      Object.keys(body).length > 0
        ? { method: "POST" as const, path: "/_sim/time", body }
        : { method: "GET" as const, path: "/_sim/state" };
    const told = fieldsOf(yield* askControl(flags, control, request));
    const answer = { nowMs: told["nowMs"], speed: told["speed"], paused: told["paused"] };
    yield* flags.json
      ? output.json(answer)
      : output.lines([`${momentOf(answer["nowMs"])}, ${answer["paused"] === true ? "paused" : `speed ${textOf(answer["speed"])}`}`]);
  });

/** Needs no exchange that is served: the vocabulary is the program's. */
export const verbs = (flags: Printing): Effect.Effect<void> =>
  Effect.gen(function* () {
    const rows = listOf(allVerbs());
    if (flags.json) return yield* Effect.forEach(rows, output.json, { discard: true });
    const style = yield* output.style;
    yield* output.lines(
      table(
        [
          { header: "verb", align: "left", text: (row) => textOf(row["verb"]), tone: () => "strong" },
          { header: "at", align: "left", text: (row) => (Array.isArray(row["doors"]) ? row["doors"].join(" ") : "") },
          { header: "what happens", align: "left", text: (row) => textOf(row["about"]) },
          { header: "parameters", align: "left", text: (row) => listOf(row["parameters"]).map(parameterText).join(" ") },
        ],
        rows,
        style,
      ),
    );
  });

const parameterText = (row: Fields): string => {
  const value = textOf(row["default"]);
  return value === "" ? textOf(row["name"]) : `${textOf(row["name"])}=${value}`;
};

const faultTable = (faults: ReadonlyArray<Fields>) =>
  Effect.map(output.style, (style) =>
    table(
      [
        { header: "id", align: "left", text: (row) => textOf(row["id"]) },
        { header: "fault", align: "left", text: (row) => words(row["fault"]) },
        { header: "since", align: "left", text: (row) => momentOf(row["fromMs"]) },
        { header: "happened", align: "right", text: (row) => textOf(row["fired"]) },
      ],
      faults,
      style,
    ),
  );

/** A fault as it is written on a command line. */
const words = (fault: unknown): string => {
  const { verb, ...parameters } = fieldsOf(fault);
  return [textOf(verb), ...Object.entries(parameters).map(([name, value]) => `${name}=${textOf(value)}`)].join(" ");
};

const subscriptions = (socket: Fields): string =>
  listOf(socket["subscriptions"])
    .map(({ type, codes }) => `${textOf(type)} ${Array.isArray(codes) ? codes.join(",") : ""}`)
    .join("; ");

const textOf = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

const momentOf = (value: unknown): string => (typeof value === "number" ? kstMillis(value) : "");
