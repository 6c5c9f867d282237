/**
 * What the flight recorder is told of the router itself, beside what passes the network: changes of mode, with a recording for each, what people
 * are alerted to, and breakers that open and close.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import { Alerts } from "./alerts/Alerts.ts";
import { ModeControl } from "./fallback/ModeControl.ts";
import { FlightRecorder } from "./tape/FlightRecorder.ts";
import { BreakerObserver } from "./transport/RestCall.ts";
import { startWorker } from "./transport/Workers.ts";

/** Every change of mode and every alert goes into the ring and has a recording written. */
export const layerModes: Layer.Layer<never, never, ModeControl | Alerts | FlightRecorder> = Layer.effectDiscard(
  Effect.gen(function* () {
    const control = yield* ModeControl;
    const flight = yield* FlightRecorder;
    const alerts = yield* Alerts;
    if (flight.recording === undefined) return;
    let from = control.mode();
    control.onChange(() => {
      const { level, mode: to, reason } = control.status();
      // A word of a person may change nothing.
      if (to === from) return;
      flight.told({ event: "mode", from, to, level, reason: reason ?? "" });
      flight.dumpSoon(`${from} → ${to}: ${reason ?? ""}`);
      from = to;
    });
    yield* startWorker(
      "alerts into the flight recorder",
      Stream.runForEach(alerts.stream, ({ rule, severity, state, what }) =>
        Effect.sync(() => {
          flight.told({ event: "alert", severity, what, reason: `${rule} ${state}` });
          // That it is over is in the next one.
          if (state === "raised") flight.dumpSoon(what);
        }),
      ),
      { startImmediately: true },
    );
  }),
);

/** A router built over this tells what its breakers do. */
export const layerBreakers: Layer.Layer<never, never, FlightRecorder> = Layer.effect(
  BreakerObserver,
  Effect.map(
    FlightRecorder,
    ({ told }) =>
      (group: string, state: string, refusesForMs: number) =>
        told({ event: "breaker", group, state, for: refusesForMs }),
  ),
);
