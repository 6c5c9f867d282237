/**
 * Clients of one feed: bare `ws` with `JSON.parse` here, this product and ccxt pro in files of their own. Each ends in one consumer that looks at every value
 * it is given; what they were given is told by a {@link FeedTally}.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import type { Pace, Side } from "../Case.ts";
import { type FeedKind, type FeedMessage, type FeedPlan, lagOf } from "./feedPlan.ts";
import type { FeedTally } from "./feedTally.ts";

export interface Feed extends Extract<FeedMessage, { readonly _tag: "Ready" }> {
  /** Requests that the server has answered over REST. */
  readonly requests: () => Promise<number>;
}

/** Starts the server of a plan; it ends with `use`, and its end before that is a failure. */
export const withFeed = async <A>(plan: FeedPlan, use: (feed: Feed) => Promise<A>): Promise<A> => {
  const server = fork(fileURLToPath(new URL("./feedServer.ts", import.meta.url)), [JSON.stringify(plan)]);
  try {
    const ready = await next(server, "Ready");
    const requests = async () => {
      const answer = next(server, "Requests");
      server.send("requests");
      return (await answer).count;
    };
    const ended = new Promise<never>((_, reject) => server.once("exit", (code) => reject(new Error(`the feed ended with ${code}`))));
    return await Promise.race([use({ ...ready, requests }), ended]);
  } finally {
    server.kill("SIGKILL");
  }
};

/** Starts to take the feed into a tally; what ends it unasked goes to `fail`. Resolves with what ends it. */
export type Consume = (
  feed: Feed,
  kinds: ReadonlyArray<FeedKind>,
  tally: FeedTally,
  fail: (error: unknown) => void,
) => Promise<() => Promise<void>>;

/** The client of a side. Its libraries are loaded by it alone: a bare client's memory is to be that of a bare client. */
export const clientOf = async (side: Side): Promise<Consume> => {
  if (side === "base") return consumeBare;
  if (side === "ccxt") return (await import("./feedClientCcxt.ts")).consumeCcxt;
  return (await import("./feedClientNaru.ts")).consumeNaru(side === "recording");
};

interface WireFrame {
  readonly type: FeedKind;
  readonly acc_trade_volume_24h: number;
  readonly acc_trade_price_24h: number;
  readonly sequential_id: number;
  readonly total_ask_size: number;
}

const consumeBare: Consume = async (feed, kinds, tally, fail) => {
  const socket = new WebSocket(feed.socketUrl, { perMessageDeflate: false, skipUTF8Validation: true });
  socket.on("message", (data: Buffer) => {
    const frame: WireFrame = JSON.parse(data.toString("utf8"));
    if (frame.type === "ticker") tally.value(frame.acc_trade_volume_24h, lagOf(frame.acc_trade_price_24h));
    // A double rounds an id of 17 digits: of trades it counts only frames, all of which it hands on.
    else if (frame.type === "trade") {
      tally.value(Number.NaN);
      tally.handled(1);
    } else tally.value(frame.total_ask_size);
  });
  socket.on("error", fail);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(JSON.stringify([{ ticket: "bench" }, ...kinds.map((type) => ({ type, codes: feed.codes })), { format: "DEFAULT" }]));
  return async () => socket.terminate();
};

/** The server's next message of a kind. */
const next = <Tag extends FeedMessage["_tag"]>(server: ChildProcess, tag: Tag): Promise<Extract<FeedMessage, { _tag: Tag }>> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the feed ended with ${code}`));
    const onMessage = (message: FeedMessage) => {
      if (message._tag !== tag) return;
      server.off("message", onMessage).off("exit", onExit);
      resolve(message as Extract<FeedMessage, { _tag: Tag }>); // the tag was compared
    };
    server.on("message", onMessage).on("exit", onExit);
  });

/** Until the consumer has been given something since the tally was last taken. */
export const begun = async (tally: FeedTally, least = 1): Promise<void> => {
  const deadline = performance.now() + 30_000;
  while (tally.delivered < least) {
    if (performance.now() > deadline) throw new Error(`${tally.delivered} values came in 30 s`);
    await pass(20);
  }
};

/**
 * Frames after which a client's code is compiled as well as it will be, on a machine with other things to do too: by time alone, what was measured of the one
 * with more code was mostly its compiling.
 */
const warming: Readonly<Record<Pace, { readonly frames: number; readonly mostMs: number }>> = {
  full: { frames: 30_000, mostMs: 5_000 },
  quick: { frames: 7_000, mostMs: 1_200 },
};

/** Until so much time has passed, and the client has done what makes it as quick as it will be, or some seconds more. Its tally begins anew. */
export const settled = async (tally: FeedTally, leastMs: number, pace: Pace): Promise<void> => {
  await begun(tally);
  await pass(leastMs);
  const { frames, mostMs } = warming[pace];
  const deadline = performance.now() + mostMs;
  while (tally.handledSoFar < frames && performance.now() < deadline) await pass(20);
  tally.take();
};

/** Lets real time pass with the event loop free. */
export const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
