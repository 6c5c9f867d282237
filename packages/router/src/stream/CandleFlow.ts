/**
 * The hub's side of candles: from one key's windows to the consumers they concern. Windows given behind later ones, because a frame came late or
 * REST knew more, go to the consumers that were there when they were open.
 */
import type { Candle } from "../domain/Candle.ts";
import type { Live, Recovered } from "../domain/StreamElement.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import type { CandleHole, CandleStitcher } from "./CandleStitcher.ts";
import type { WindowSpan } from "./ClosedWindows.ts";
import type { Consumers } from "./Consumers.ts";
import type { Track } from "./Track.ts";
import type { Tracks } from "./Tracks.ts";

/** The windows of one key that somebody follows. */
export interface CandleTrack {
  readonly track: Track;
  readonly key: Extract<StreamKey, { kind: "candles" }>;
  readonly candles: CandleStitcher;
  /** What is to be held against REST. */
  readonly span: WindowSpan;
}

export class CandleFlow {
  readonly #tracks: Tracks;
  readonly #consumers: Consumers;

  constructor(tracks: Tracks, consumers: Consumers) {
    this.#tracks = tracks;
    this.#consumers = consumers;
  }

  /** A frame; the hole that it reveals, if it does. `nowMs` is monotonic. */
  accept(track: Track, candles: CandleStitcher, live: Live<Candle>, nowMs: number): CandleHole | undefined {
    const step = candles.accept(live, nowMs);
    if (step._tag === "Heal") return step.hole;
    for (const element of step.elements) this.#deliver(track, element);
    return undefined;
  }

  /** The live keys with windows that REST has not confirmed yet. */
  unaudited(nowMs: number): ReadonlyArray<CandleTrack> {
    const found: Array<CandleTrack> = [];
    for (const track of this.#tracks.all()) {
      const { continuity, key } = track;
      if (continuity.kind !== "candles" || key.kind !== "candles" || !track.isLive(key)) continue;
      const span = continuity.candles.unaudited(nowMs);
      if (span !== undefined) found.push({ track, key, candles: continuity.candles, span });
    }
    return found;
  }

  /** What REST says of a span of them; how many windows were judged, and how many of those were missing or other than given. */
  audited(
    { track, candles, span }: CandleTrack,
    rows: ReadonlyArray<Candle>,
    wallMs: number,
  ): { readonly judged: number; readonly found: number } {
    const { continuity } = track;
    if (continuity.kind !== "candles" || continuity.candles !== candles) return { judged: 0, found: 0 };
    const { judged, found } = candles.audit(span, rows, wallMs);
    for (const element of found) this.#deliver(track, element);
    this.#consumers.flush();
    return { judged, found: found.length };
  }

  #deliver(track: Track, element: Live<Candle> | Recovered<Candle>): void {
    const { touched } = this.#consumers;
    const { openTimeMs } = element.value;
    if (!element.late) return track.deliver(element, touched);
    track.deliver(element, touched, (consumer) => (consumer.beganMs?.get(track.id) ?? Number.NEGATIVE_INFINITY) <= openTimeMs);
  }
}
