/**
 * One road to the exchange over all lives of its socket: what was measured of it, what kind of line that makes it, and what is asked for because
 * of it. Fed from the session's callbacks in plain steps; about once a second it is judged anew.
 */
import type { RouterConfigShape } from "../RouterConfig.ts";
import { LinkMeter } from "./LinkMeter.ts";
import { decide, judgeLink, type LinkDecision, type LinkProfile, unmeasured } from "./LinkProfile.ts";
import type { SocketBytes } from "./Transport.ts";
import type { WireFormat } from "./Venue.ts";

/** Between two looks, in milliseconds. */
const everyMs = 1_000;

export class Line {
  readonly meter = new LinkMeter();
  readonly #config: RouterConfigShape;
  readonly #venueFormat: WireFormat;
  #profile: LinkProfile = unmeasured;
  #decision: LinkDecision;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #counted: SocketBytes = { wire: 0, payload: 0 };

  constructor(config: RouterConfigShape, venueFormat: WireFormat) {
    this.#config = config;
    this.#venueFormat = venueFormat;
    this.#decision = decide(this.#profile, this.meter.facts(0), venueFormat, config);
  }

  /** What follows from the line as it was judged last. */
  get decision(): LinkDecision {
    return this.#decision;
  }

  /** A socket is open on it. */
  opened(connectMs: number): void {
    this.meter.opened(connectMs);
    this.#counted = { wire: 0, payload: 0 };
  }

  /**
   * Called at the end of every read; looks once a second. Returns what that look found: the bytes since the last one, and whether the line is of
   * another kind now.
   */
  look(bytes: () => SocketBytes, nowMs: number): { readonly grown: SocketBytes; readonly isChanged: boolean } | undefined {
    if (nowMs - this.#lookedMs < everyMs) return undefined;
    this.#lookedMs = nowMs;
    const counted = bytes();
    this.meter.counted(counted, nowMs);
    const grown = { wire: counted.wire - this.#counted.wire, payload: counted.payload - this.#counted.payload };
    this.#counted = counted;
    const facts = this.meter.facts(nowMs);
    const before = this.#profile;
    this.#profile = judgeLink(before, facts, nowMs, this.#config);
    // Deadlines follow the round trip also where its kind stays.
    this.#decision = decide(this.#profile, facts, this.#venueFormat, this.#config);
    return { grown, isChanged: this.#profile !== before };
  }
}
