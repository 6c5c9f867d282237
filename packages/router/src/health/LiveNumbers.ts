/**
 * All that the live side counts of itself: changes of the subscription, failures, keys, links, consumers, healing, audits. Whoever does a thing
 * tells it here in plain synchronous code; a frame costs a few additions. Times are given by the caller, in monotonic milliseconds.
 *
 * Bounded: keys and open changes by `keyLimit`, links by a handful; what is beyond is counted together under `other`. Consumers are as many as
 * the application opened streams.
 */
import type { KeyId } from "../domain/StreamKey.ts";
import { ChangeNumbers } from "./ChangeNumbers.ts";
import { DecodingNumbers } from "./DecodingNumbers.ts";
import { AllConsumers, type ConsumerNumbers } from "./ConsumerNumbers.ts";
import { KeyNumbers } from "./KeyNumbers.ts";
import { detailLength, LinkNumbers } from "./LinkNumbers.ts";
import { type ChangeMode, type LiveMetrics, noFailures } from "./LiveMetrics.ts";
import { MessageRate } from "./MessageRate.ts";
import type { ReceiveFailure } from "./receiveFailure.ts";
import { RecentValues } from "./RecentValues.ts";

const defaultKeyLimit = 4_096;
const linkLimit = 8;
/** Messages over which the lag of all keys together is judged. */
const lagWindow = 512;
const healWindow = 100;

/** Told of what comes and goes, so that it can be published by name. */
export interface NumbersListener {
  readonly keyAdded: (key: KeyNumbers) => void;
  readonly keyRemoved: (key: KeyNumbers) => void;
  readonly linkAdded: (link: LinkNumbers) => void;
}

export class LiveNumbers {
  /** The number of its router among those of the process, as the label of its series. */
  client = "1";
  readonly #startMs: number;
  readonly #keyLimit: number;
  readonly #keys = new Map<KeyId, KeyNumbers>();
  /** Keys beyond the limit, together. */
  readonly #others: KeyNumbers;
  readonly #links = new Map<string, LinkNumbers>();
  readonly #rate: MessageRate;
  #listener: NumbersListener | undefined;
  readonly changes: ChangeNumbers;
  readonly decoding: DecodingNumbers;
  /** Told synchronously how long the first element of a new key took on an open link. Must not throw. */
  onFirstElement: ((id: KeyId, tookMs: number) => void) | undefined;
  readonly consumers = new AllConsumers();
  readonly failures = noFailures();
  #lastFailure: { readonly cause: ReceiveFailure; readonly detail: string; readonly atMs: number } | undefined;
  readonly lag = new RecentValues(lagWindow);
  messages = 0;
  switches = 0;
  blindMs = 0;
  #lastBlindMs: number | null = null;
  #longestBlindMs: number | null = null;
  healed = 0;
  told = 0;
  rowsRecovered = 0;
  readonly healMs = new RecentValues(healWindow);
  audits = 0;
  rowsCompared = 0;
  rowsMissing = 0;

  constructor(nowMs: number, options: { readonly keyLimit?: number } = {}) {
    this.#startMs = nowMs;
    this.#keyLimit = options.keyLimit ?? defaultKeyLimit;
    this.#rate = new MessageRate(nowMs);
    this.#others = new KeyNumbers("other", nowMs);
    this.decoding = new DecodingNumbers(nowMs);
    this.changes = new ChangeNumbers({ limit: this.#keyLimit });
  }

  /** A key is wanted that the subscription does not hold yet. See {@link ChangeNumbers.started}. */
  changeStarted(id: KeyId, mode: ChangeMode, nowMs: number): void {
    this.changes.started(id, mode, nowMs);
  }

  /** The first element of a new key came. Cheap and without effect for a key that is not being changed. */
  changeDone(id: KeyId, nowMs: number): void {
    const done = this.changes.done(id, nowMs);
    // On a link that had yet to open it is the opening that took the time.
    if (done?.mode === "swap") this.onFirstElement?.(id, done.tookMs);
  }

  /** A new key will not speak. Without an open change nothing is counted. */
  changeFailed(id: KeyId, nowMs: number, cause: ReceiveFailure, detail = ""): void {
    if (this.changes.failed(id)) this.failed(cause, nowMs, detail || id);
  }

  /** Nobody wants the new key any more. */
  changeWithdrawn(id: KeyId): void {
    this.changes.withdrawn(id);
  }

  /** Something was expected of the live side and did not come. */
  failed(cause: ReceiveFailure, nowMs: number, detail: string): void {
    this.failures[cause]++;
    this.#lastFailure = { cause, detail: detail.slice(0, detailLength), atMs: nowMs };
  }

  /** The numbers of a key, to be held by whoever handles its frames; made at the first call. Beyond the limit all keys share one. */
  key(id: KeyId, nowMs: number): KeyNumbers {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    if (this.#keys.size >= this.#keyLimit) return this.#others;
    const made = new KeyNumbers(id, nowMs);
    this.#keys.set(id, made);
    this.#listener?.keyAdded(made);
    return made;
  }

  /** One message of a key. `lagMs`: receipt after the exchange's time, both wall clock; undefined for a snapshot. */
  message(key: KeyNumbers, nowMs: number, lagMs: number | undefined): void {
    this.messages++;
    this.#rate.count(nowMs);
    if (lagMs !== undefined) this.lag.add(lagMs);
    key.message(nowMs, lagMs);
  }

  /** The key is not subscribed any more. Its messages stay in the total. */
  forget(id: KeyId): void {
    const key = this.#keys.get(id);
    if (key === undefined) return;
    this.#keys.delete(id);
    this.#listener?.keyRemoved(key);
  }

  /** The numbers of a link by its name, such as `main` or `standby`; made at the first call. */
  link(name: string): LinkNumbers {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    if (this.#links.size >= linkLimit && name !== "other") return this.link("other");
    const made = new LinkNumbers(name);
    this.#links.set(name, made);
    this.#listener?.linkAdded(made);
    return made;
  }

  /** The link that stood by took over after `blindMs` without a frame. */
  switched(blindMs: number): void {
    this.switches++;
    this.blindMs += blindMs;
    this.#lastBlindMs = blindMs;
    this.#longestBlindMs = Math.max(this.#longestBlindMs ?? 0, blindMs);
  }

  /** A stream began. The numbers returned are raised by its server. */
  consumerOpened(kind: string, keys: number): ConsumerNumbers {
    return this.consumers.opened(kind, keys);
  }

  consumerClosed(numbers: ConsumerNumbers): void {
    this.consumers.closed(numbers);
  }

  /** A hole was read back; whole, or with a rest that was told as a gap. */
  holeClosed(outcome: "healed" | "told", rows: number, tookMs: number): void {
    if (outcome === "healed") this.healed++;
    else this.told++;
    this.rowsRecovered += rows;
    this.healMs.add(tookMs);
  }

  /** What came was compared with what there was. */
  audited(compared: number, missing: number): void {
    this.audits++;
    this.rowsCompared += compared;
    this.rowsMissing += missing;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  /** Messages a second of all keys that `included` picks, and of those beyond the limit. */
  perSecondOf(nowMs: number, included: (key: KeyNumbers) => boolean): number {
    let sum = this.#others.perSecond(nowMs);
    for (const key of this.#keys.values()) if (included(key)) sum += key.perSecond(nowMs);
    return sum;
  }

  /** Tells the one listener of what comes and goes from here on. */
  listen(listener: NumbersListener): void {
    this.#listener = listener;
  }

  toMetrics(nowMs: number): LiveMetrics {
    const failure = this.#lastFailure;
    const [lagP50Ms = null, lagP95Ms = null] = this.lag.percentiles([0.5, 0.95]);
    const keys = [...this.#keys.values(), ...(this.#others.messages > 0 ? [this.#others] : [])];
    return {
      uptimeMs: nowMs - this.#startMs,
      changes: this.changes.toMetrics(),
      failures: { ...this.failures },
      lastFailure: failure === undefined ? null : { cause: failure.cause, detail: failure.detail, ageMs: nowMs - failure.atMs },
      messages: { total: this.messages, perSecond: this.#rate.perSecond(nowMs), lagP50Ms, lagP95Ms },
      decoding: this.decoding.toMetrics(nowMs),
      keys: keys.map((key) => key.toMetrics(nowMs)),
      links: [...this.#links.values()].map((link) => link.toMetrics(nowMs)),
      switches: { count: this.switches, lastBlindMs: this.#lastBlindMs, longestBlindMs: this.#longestBlindMs },
      consumers: this.consumers.toMetrics(),
      healing: {
        healed: this.healed,
        told: this.told,
        rowsRecovered: this.rowsRecovered,
        meanMs: this.healMs.mean,
        longestMs: this.healMs.count === 0 ? null : Math.max(...this.healMs.recent),
      },
      audits: { runs: this.audits, rowsCompared: this.rowsCompared, rowsMissing: this.rowsMissing },
    };
  }
}
