/**
 * How each market is doing, by kind: what was asked of it and how that went. Bounded: at five hundred keys the one that was not asked for the
 * longest time leaves for a newcomer.
 */
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";

const capacity = 500;

export interface KeyHealth {
  readonly kind: Kind;
  readonly market: Market;
  readonly answered: number;
  readonly failed: number;
  /** Failures since the last answer. */
  readonly failedInARow: number;
  /** Since the last answer; null before the first. */
  readonly answeredAgeMs: number | null;
  /** The tag of the last failure; null before the first. */
  readonly lastFailure: string | null;
}

interface Row {
  readonly kind: Kind;
  readonly market: Market;
  answered: number;
  failed: number;
  failedInARow: number;
  answeredMs: number | undefined;
  askedMs: number;
  lastFailure: string | null;
}

export class KeyLedger {
  readonly #rows = new Map<string, Row>();

  /** `failure` undefined: a fresh answer came. */
  add(kind: Kind, market: Market, nowMs: number, failure: string | undefined): void {
    const id = `${kind}:${market}`;
    const row = this.#rows.get(id) ?? this.#made(id, kind, market);
    row.askedMs = nowMs;
    if (failure === undefined) {
      row.answered++;
      row.failedInARow = 0;
      row.answeredMs = nowMs;
    } else {
      row.failed++;
      row.failedInARow++;
      row.lastFailure = failure;
    }
  }

  /** Those in trouble first. */
  report(nowMs: number): ReadonlyArray<KeyHealth> {
    return [...this.#rows.values()]
      .toSorted((a, b) => b.failedInARow - a.failedInARow)
      .map(({ kind, market, answered, failed, failedInARow, answeredMs, lastFailure }) => {
        const answeredAgeMs = answeredMs === undefined ? null : nowMs - answeredMs;
        return { kind, market, answered, failed, failedInARow, answeredAgeMs, lastFailure };
      });
  }

  #made(id: string, kind: Kind, market: Market): Row {
    if (this.#rows.size >= capacity) this.#makeRoom();
    const row: Row = {
      kind,
      market,
      answered: 0,
      failed: 0,
      failedInARow: 0,
      answeredMs: undefined,
      askedMs: 0,
      lastFailure: null,
    };
    this.#rows.set(id, row);
    return row;
  }

  #makeRoom(): void {
    let oldest: string | undefined;
    let askedMs = Number.POSITIVE_INFINITY;
    for (const [id, row] of this.#rows) {
      if (row.askedMs < askedMs) [oldest, askedMs] = [id, row.askedMs];
    }
    if (oldest !== undefined) this.#rows.delete(oldest);
  }
}
