/**
 * What goes wrong while the rules run, on the emulated exchange: half an hour with sockets cut, closed, refused and gone dead without a word,
 * a surge in one market and a crash in another. Time is that of the running program.
 */
import { getTicker } from "@naru/router";
import { type Fault, Sim } from "@naru/sim";
import { type Duration, Effect } from "effect";

export interface Planned {
  readonly atMs: number;
  readonly faults: ReadonlyArray<Fault>;
}

const minuteMs = 60_000;

export const drops: ReadonlyArray<Planned> = [
  { atMs: 3.2 * minuteMs, faults: [{ verb: "cut", times: 1 }] },
  // It goes on for a while: the next sockets are refused.
  {
    atMs: 7.6 * minuteMs,
    faults: [
      { verb: "cut", times: 1 },
      { verb: "refuse-upgrade", status: 503, forMs: 12_000 },
    ],
  },
  // Nothing comes any more, and nothing says so, while the minute of the surge ends.
  { atMs: 11.98 * minuteMs, faults: [{ verb: "half_open", stops: "out", forMs: 20_000 }] },
  { atMs: 16.5 * minuteMs, faults: [{ verb: "close", code: 1001, forMs: 1 }] },
  { atMs: 21.98 * minuteMs, faults: [{ verb: "half_open", stops: "both", forMs: 20_000 }] },
  { atMs: 26.4 * minuteMs, faults: [{ verb: "cut", how: "rst", times: 1 }] },
];

/** Plays all of it, each thing at its time. `planned`: other drops than these. */
export const story = (markets: { readonly surges: string; readonly crashes: string }, planned: ReadonlyArray<Planned> = drops) =>
  Effect.all(
    [
      ...planned.map(({ atMs, faults }) =>
        Effect.delay(
          Effect.forEach(faults, (fault) => Sim.fault(fault), { discard: true }),
          atMs,
        ),
      ),
      Effect.delay(surge(markets.surges), "708 seconds"),
      Effect.delay(crash(markets.crashes), "19 minutes"),
    ],
    { concurrency: "unbounded", discard: true },
  );

/** A market rises by half a per cent in the last twelve seconds of a minute, in trades larger than usual. */
const surge = (market: string) => path(market, 12, 1.0004, { every: "1 second", size: 0.5 });

/** A market falls by two per cent in four seconds. */
const crash = (market: string) => path(market, 8, 0.9975, { every: "500 millis" });

/** Trades from the present price on, each `factor` times the one before. */
const path = (market: string, count: number, factor: number, options: { readonly every: Duration.Input; readonly size?: number }) =>
  Effect.flatMap(getTicker(market), ({ value }) => {
    const prices = Array.from({ length: count }, (_, i) => Math.round((value.price.number * factor ** (i + 1)) / 1_000) * 1_000);
    return Sim.path(market, prices, options);
  });
