/** Every endpoint of the control port: the table that requests are routed by, that `GET /_sim` shows, and that the documentation is held against. */
import * as Effect from "effect/Effect";
import { ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";
import { allVerbs, listFaults, switchAllOff, switchOff, switchOn } from "./faultControl.ts";
import { ledgerPage } from "./ledgerPage.ts";
import { controlScript } from "./scriptControl.ts";
import { stateOf } from "./state.ts";
import { controlTime } from "./timeControl.ts";

export interface ControlRequest {
  /** What stands in place of `:name` in the path. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** `undefined` without a body. */
  readonly body: unknown;
}

export interface Endpoint {
  readonly method: "GET" | "POST" | "DELETE";
  /** The last segment may be `:name`. */
  readonly path: string;
  readonly about: string;
  /** Answered with 200 and this as JSON. */
  readonly answer: (controlled: Controlled, request: ControlRequest) => Effect.Effect<unknown, ControlError>;
}

const get = (path: string, about: string, answer: Endpoint["answer"]): Endpoint => ({ method: "GET", path, about, answer });
const post = (path: string, about: string, answer: Endpoint["answer"]): Endpoint => ({ method: "POST", path, about, answer });
const remove = (path: string, about: string, answer: Endpoint["answer"]): Endpoint => ({ method: "DELETE", path, about, answer });

export const endpoints: ReadonlyArray<Endpoint> = [
  get("/_sim", "This list", () => Effect.succeed(endpoints.map(({ method, path, about }) => ({ method, path, about })))),
  get("/_sim/state", "Seed, time, open sockets, bans, faults, limits, counters", (controlled) => stateOf(controlled)),
  get(
    "/_sim/ledger/:name",
    "What the exchange saw and sent: ?market=&connection=&fromMs=&toMs=&since=&limit=",
    (controlled, { name, query }) => ledgerPage(controlled, name, query),
  ),
  get("/_sim/verbs", "Every fault there is, with its parameters", () => Effect.succeed(allVerbs())),
  get("/_sim/faults", "The faults that are on", (controlled) => Effect.sync(() => listFaults(controlled))),
  post("/_sim/faults", "Switches a fault on; answers its id", (controlled, { body }) => switchOn(controlled, body)),
  remove("/_sim/faults", "Switches all faults off", (controlled) => Effect.map(switchAllOff(controlled), (off) => ({ off }))),
  remove("/_sim/faults/:name", "Switches one fault off by its id, or all of a verb", (controlled, { name }) => switchOff(controlled, name)),
  post("/_sim/time", "Speed, pause, resume or advance", (controlled, { body }) => controlTime(controlled, body)),
  post("/_sim/script", "One word of a market's story", (controlled, { body }) => controlScript(controlled, body)),
  post("/_sim/reset", "Ends all faults, bans, silences, refusals and halts", (controlled) => reset(controlled)),
];

/** What was switched on is off again. Trades that happened stay, and so does the time. */
const reset = (controlled: Controlled): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const { exchange } = controlled;
    const nowMs = yield* exchange.now;
    const bans = exchange.limits.bansAt(nowMs).length;
    const faults = yield* switchAllOff(controlled);
    exchange.limits.clearBans();
    exchange.world.resume(nowMs);
    exchange.tapeChanged();
    return { faults, bans };
  });

/** The endpoint of a request, or the status that says why there is none. */
export const routeControl = (
  method: string,
  path: string,
): Effect.Effect<{ readonly endpoint: Endpoint; readonly name: string }, ControlError> => {
  const there = endpoints.flatMap((endpoint) => {
    const name = nameIn(endpoint.path, path);
    return name === undefined ? [] : [{ endpoint, name }];
  });
  const found = there.find(({ endpoint }) => endpoint.method === method);
  if (found !== undefined) return Effect.succeed(found);
  if (there.length === 0)
    return Effect.fail(new ControlError({ status: 404, field: null, reason: `${path} is nothing here; GET /_sim lists what is` }));
  const allow = there.map(({ endpoint }) => endpoint.method).join(", ");
  return Effect.fail(new ControlError({ status: 405, field: null, reason: `${path} takes ${allow}, not ${method}`, headers: { allow } }));
};

/** What stands in place of `:name`: empty where there is none; `undefined` where the path is another. */
const nameIn = (pattern: string, path: string): string | undefined => {
  if (!pattern.endsWith("/:name")) return pattern === path ? "" : undefined;
  const prefix = pattern.slice(0, -":name".length);
  const name = path.startsWith(prefix) ? path.slice(prefix.length) : "";
  return name === "" || name.includes("/") ? undefined : name;
};
