/**
 * A hundred thousand questions, as many streams opened and closed, and a link cut and made anew ten thousand times, leave nothing behind: no heap,
 * no fiber, no timer, no socket. It fails when anything that a question, a stream or a link holds outlives it, because then the heap after a
 * collection, or the number of fibers, is larger at the end than when a fifth was done.
 */
import { atLeast, atMost, exactly, noted, type Report } from "./Figures.ts";
import type { Churn, ChurnOptions } from "./churnRun.ts";
import { measuredIn } from "./measured.ts";

/** Promised growth of the heap. */
const growthPercent = 5;
const reconnectsMiB = 2;

export const churn = async (options: ChurnOptions, say: (line: string) => void): Promise<Report> => {
  say(`${options.questions} questions, ${options.cycles} streams and ${options.reconnects} reconnects in a process of their own`);
  const measured = await measuredIn("churn", options, isChurn);
  const { asking, cycling, reconnecting, fibers, left } = measured;
  const [askedWarm = 0, asked = 0, cycledWarm = 0, cycled = 0, reconnectedWarm = 0, reconnected = 0] = fibers;
  return {
    rows: [
      atMost("heap growth over the questions, %", growth(asking), growthPercent),
      atMost("heap growth over the streams, %", growth(cycling), growthPercent),
      atMost("heap growth over the reconnects, %", growth(reconnecting), growthPercent),
      atMost("heap growth over the reconnects, MiB", (reconnecting[1] - reconnecting[0]) / 2 ** 20, reconnectsMiB),
      noted("heap at the end, MiB", reconnecting[1] / 2 ** 20),
      exactly("fibers more after the questions", asked - askedWarm, 0),
      exactly("fibers more after the streams", cycled - cycledWarm, 0),
      exactly("fibers more after the reconnects", reconnected - reconnectedWarm, 0),
      exactly("questions answered", measured.answered, options.questions),
      atLeast("of them over REST", measured.restRequests, options.questions / 10),
      exactly("streams opened", measured.opened, options.cycles),
      atLeast("subscriptions the exchange received", measured.requests, options.cycles / 10),
      exactly("links at the exchange", measured.connections, options.reconnects + 1),
      exactly("reconnects told", measured.reconnectsTold, options.reconnects),
      exactly("fibers left at the end", left.fibers, 0),
      exactly("sleeps left", left.sleeps, 0),
      exactly("sockets left", left.sockets, 0),
      exactly("resources of the process left", left.resources.length, 0),
    ],
    problems: left.resources.map((kind) => `a ${kind} is left`),
  };
};

const growth = ([warm, end]: readonly [number, number]): number => ((end - warm) / warm) * 100;

const isChurn = (value: unknown): value is Churn =>
  typeof value === "object" && value !== null && "reconnecting" in value && "left" in value;
