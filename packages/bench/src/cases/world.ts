/**
 * How many worlds a core runs in a second. A world is what `pnpm sim` runs for one seed: 60 virtual seconds and more of five markets with three
 * consumers and the faults their seed draws, the whole product over the emulated exchange, every invariant checked. The base is the same
 * exchange for 60 seconds with one client that asks for everything and looks at nothing, so that the ratio says what the product, its
 * consumers and their checks cost on top.
 */
import { Chance } from "@naru/proof/world/engine/Chance";
import { expectedFor } from "@naru/proof/world/Expected";
import { drawPlan, worldMs } from "@naru/proof/world/Plan";
import { runWorld } from "@naru/proof/world/World";
import { Transport } from "@naru/router/transport/Transport";
import { defaultOriginMs, Exchange, layerMemoryTransport } from "@naru/sim";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as TestClock from "effect/testing/TestClock";
import type { Case, Reading, Side } from "../Case.ts";
import { subscription } from "./modelFrames.ts";

/** Enough for the code to be compiled; a sweep runs thousands in one process. */
const warmWorlds = 40;
/** As many as it takes for the average to hold, since one seed's world is some times as much work as another's. */
const worlds = 120;

/** Steps taken. A world with a breach that nobody expects is not the work that was to be measured. */
const productWorld = async (seed: number): Promise<number> => {
  const { plan, violations, steps } = await runWorld(seed);
  const verbs = plan.faults.map(({ fault }) => fault.verb);
  const breach = violations.find((violation) => expectedFor(violation, verbs) === undefined);
  if (breach !== undefined) throw new Error(`seed ${seed}: ${breach.invariant}: ${breach.detail}`);
  return steps;
};

const types = [{ type: "ticker" }, { type: "trade" }, { type: "orderbook", suffix: ".15" }] as const;

/** Frames taken and thrown away. */
const bareWorld = (seed: number): Promise<number> => {
  const { markets, historyDays } = drawPlan(seed, new Chance(seed).branch("plan"));
  const historyStartMs = defaultOriginMs - (defaultOriginMs % 86_400_000) - historyDays * 86_400_000;
  const minute = Effect.gen(function* () {
    const transport = yield* Transport;
    let frames = 0;
    const handlers = { onFrame: () => void frames++, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };
    const life = Effect.gen(function* () {
      const socket = yield* transport.socket("ws://sim/websocket/v1", handlers);
      yield* socket.send(subscription(types, markets, "DEFAULT"));
      return yield* Effect.never;
    }).pipe(Effect.scoped);
    yield* Effect.forkChild(life);
    yield* TestClock.adjust(worldMs);
    if (frames < 100) return yield* Effect.die(new Error(`seed ${seed}: ${frames} frames`));
    return frames;
  });
  const exchange = Exchange.layer({ seed, historyStartMs });
  const layer = layerMemoryTransport().pipe(Layer.provideMerge(exchange), Layer.provideMerge(TestClock.layer()));
  return Effect.runPromise(minute.pipe(Effect.provide(layer), Effect.scoped, Effect.orDie));
};

const run = async (side: Side): Promise<Reading> => {
  const world = side === "base" ? bareWorld : productWorld;
  for (let seed = 1; seed <= warmWorlds; seed++) await world(seed);
  const before = process.cpuUsage();
  let work = 0;
  for (let seed = 1; seed <= worlds; seed++) work += await world(1_000 + seed);
  const { user, system } = process.cpuUsage(before);
  return { figures: { worlds: worlds / ((user + system) / 1e6) }, work };
};

export const subject: Case = {
  name: "world",
  about: "worlds per second of CPU: 60 virtual seconds, 5 markets, 3 consumers, at least one fault",
  base: "the emulated exchange alone, one client that asks for everything",
  candidate: "the whole product over it, consumers and checks, as pnpm sim runs it",
  figures: [{ name: "worlds", unit: "worlds per CPU second", better: "higher" }],
  isolation: "child",
  run,
};
