/**
 * Sockets: how many, what each carries, how its silence is judged, and what kind of line it runs over.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */

/** What kind of line the exchange is reached over: a good one, one that is full, one that is long. Judged in `transport/LinkProfile.ts`. */
export type LinkProfileName = "fast" | "thin" | "far";

/** How an exchange is spoken to over one kind of line. */
export interface LinkSettings {
  /** Field names in full or short; `venue` is the format the venue was set up with. */
  readonly format: "venue" | "full" | "compact";
  /** Offer compression; `false` leaves it to the transport, which does not by default. */
  readonly compress: boolean;
  /** The least time one attempt is given, in milliseconds, by channel. Measured round trips lengthen it. */
  readonly attemptDeadlinesMs: Readonly<Record<"rest" | "websocket", number>>;
  /** The earliest a second attempt starts beside the first, in milliseconds. Measured round trips lengthen it. */
  readonly hedgeAfterMs: number;
  /**
   * How long callers of single markets are gathered for one batch while another is on its way, in milliseconds, where that is longer than the knob of this
   * name.
   */
  readonly batchWindowMs: number;
}

/** Entering and leaving at different numbers keeps a judgement from swinging. */
export interface Thresholds {
  /** Beyond this it is so. */
  readonly enter: number;
  /** Below this it is so no more. */
  readonly leave: number;
}

export class LinkKnobs {
  /**
   * Keys that one socket carries; another one is opened for more.
   * @unit keys
   * @costs Fewer spreads keys over more sockets: more connections, and less lost when one dies.
   */
  readonly keysPerSocket: number = 1_000;
  /**
   * Sockets at most.
   * @unit sockets
   * @costs Each socket takes one of the five connects a second that the exchange allows, and memory.
   */
  readonly maxSockets: number = 4;
  /**
   * Sockets that carry each key. With 2 a second one is warm when the first dies.
   * @unit sockets
   * @costs 2 decodes every frame twice and loses nothing when one socket dies; 1 costs half and heals over REST.
   */
  readonly copies: 1 | 2 = 1;
  /**
   * How long a socket is down before others carry its keys meanwhile, in milliseconds.
   * @costs Smaller moves keys sooner and pays a subscription of them for a short gap.
   */
  readonly moveAfterMs: number = 500;
  /** How long the upgrade of a socket may take, in milliseconds. */
  readonly upgradeTimeoutMs: number = 5_000;
  /** Within which a subscribed key owes its first word, in milliseconds: the exchange answers a subscription with a snapshot. */
  readonly firstWordMs: number = 5_000;
  /**
   * Silence of a key whose rhythm is not known after which its link alone does not prove it current, in milliseconds. Reads then ask REST, and
   * the key is asked about.
   */
  readonly keySilenceMs: number = 60_000;
  /** The least silence of a key whose rhythm is known that means anything, in milliseconds. */
  readonly keySilenceFloorMs: number = 5_000;
  /**
   * A subscription that has not changed for so long is verified by LIST_SUBSCRIPTIONS, in milliseconds.
   * @costs Smaller sends more LIST_SUBSCRIPTIONS messages, out of the same hundred a minute.
   */
  readonly verifyAfterMs: number = 2_000;
  /** How long the answer to LIST_SUBSCRIPTIONS may take, in milliseconds. */
  readonly listTimeoutMs: number = 1_000;
  /** How long snapshots may take after a silent subscription was sent again, in milliseconds. */
  readonly resendWaitMs: number = 3_000;
  /**
   * Silence on the link after which it is pinged, in milliseconds.
   * @costs Smaller notices a dead link sooner, at one small frame each time.
   */
  readonly pingAfterMs: number = 10_000;
  /**
   * Silence on the link after which it is given up, in milliseconds.
   * @costs Smaller notices a dead link sooner, and gives up more that only stalled.
   */
  readonly deadAfterMs: number = 15_000;
  /**
   * Silence on a link after which it is pinged, in milliseconds, while its own rhythm is faster than the next knob: there a short silence
   * says much. The smaller of this and `pingAfterMs` holds.
   * @costs Smaller notices a dead busy link sooner, at one small frame each time.
   */
  readonly busyPingAfterMs: number = 1_000;
  /**
   * Silence on such a link after which it is given up, in milliseconds; never before it was pinged. The smaller of this and `deadAfterMs`
   * holds.
   * @costs Smaller notices a dead busy link sooner, and gives up more that only stalled.
   */
  readonly busyDeadAfterMs: number = 3_000;
  /** How long a link must live, with data, before the reconnect delay starts from the bottom again, in milliseconds. */
  readonly stableAfterMs: number = 60_000;
  /**
   * Field names of socket messages: `full`, `compact`, or `auto`: as the profile of the line says.
   * @costs `compact` is a third fewer bytes on the line and to decode; the values are the same.
   */
  readonly socketFormat: "auto" | "full" | "compact" = "auto";
  /**
   * Compression of the socket: `on`, `off`, or `auto`: as the profile of the line says.
   * @costs `on` saves nine tenths of the bytes, and costs the inflating of every message in a thread of its own.
   */
  readonly socketCompression: "auto" | "on" | "off" = "auto";
  /**
   * What each profile of the line comes to. Deadlines and hedges are least ones, measured round trips lengthen them; the longer batch
   * window of profile and knob holds.
   * @costs What each profile trades between bytes, CPU and waiting, as its parts say.
   */
  readonly linkProfiles: Readonly<Record<LinkProfileName, LinkSettings>> = {
    fast: {
      format: "venue",
      compress: false,
      attemptDeadlinesMs: { rest: 2_000, websocket: 1_000 },
      hedgeAfterMs: 300,
      batchWindowMs: 0,
    },
    thin: {
      format: "compact",
      compress: true,
      attemptDeadlinesMs: { rest: 4_000, websocket: 3_000 },
      hedgeAfterMs: 1_500,
      batchWindowMs: 25,
    },
    far: {
      format: "venue",
      compress: false,
      attemptDeadlinesMs: { rest: 3_500, websocket: 2_000 },
      hedgeAfterMs: 800,
      batchWindowMs: 20,
    },
  };
  /** How much later than they did messages come on a line that is thin, in milliseconds. */
  readonly thinLagMs: Thresholds = { enter: 500, leave: 150 };
  /**
   * The share of its capacity that a thin line carries, 0 to 1; to leave, the share that full messages would take.
   * @unit share
   */
  readonly thinLoad: Thresholds = { enter: 0.85, leave: 0.6 };
  /**
   * What the line can carry, in bytes a second, where that is known; 0 where it is not.
   * @unit bytes per second
   * @costs Set where it is known, a full line is recognized before messages come late.
   */
  readonly linkCapacityBytesPerS: number = 0;
  /** The round trip of a line that is far, in milliseconds. */
  readonly farRttMs: Thresholds = { enter: 150, leave: 110 };
  /** The least time between two changes of the profile, in milliseconds. */
  readonly profileDwellMs: number = 60_000;
}
