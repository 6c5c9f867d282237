/**
 * Polite, seen from the exchange: no refusal by our own pace, limits held in every sliding window, silence during a ban once it could be known,
 * and no `Origin`. Looked at after every instant, so that a breach is dated.
 */
import type { ExchangeModel } from "@naru/sim";
import type { Findings } from "../Violation.ts";

/** What a request or answer under way may still take after a ban is told. */
const underWayMs = 500;

export class PoliteCheck {
  private seen = 0;
  private connections = 0;
  /** The ban a client was told of, by the answer to a request. */
  private told: { readonly atMs: number; readonly untilMs: number } | undefined;
  private readonly exchange: ExchangeModel;
  private readonly findings: Findings;

  constructor(exchange: ExchangeModel, findings: Findings) {
    this.exchange = exchange;
    this.findings = findings;
  }

  /** After every instant. */
  look(): void {
    const { ledger } = this.exchange;
    const requests = ledger.requests();
    for (const { atMs, verdict, target, headers, ip } of requests.slice(this.seen)) {
      if (verdict === "limited") this.findings.report("polite", `${target} was one too many`);
      if (headers["origin"] !== undefined) this.findings.report("polite", `${target} had an Origin`);
      if (verdict === "banned") this.banned(ip, target, atMs);
    }
    this.seen = requests.length;
    const { length } = ledger.connections();
    if (length !== this.connections && ledger.maxInWindow("websocket-connect", 1_000) > 5)
      this.findings.report("polite", "more than 5 connects within a second");
    this.connections = length;
  }

  /** At the end, over everything. */
  finish(): void {
    const { ledger } = this.exchange;
    for (const group of ledger.groups()) {
      const most = ledger.maxInWindow(group, 1_000);
      const allowed = group === "websocket-connect" || group.startsWith("websocket-message") ? 5 : 10;
      if (most > allowed) this.findings.report("polite", `${most} arrivals of ${group} within a second`);
      if (group.startsWith("websocket-message") && ledger.maxInWindow(group, 60_000) > 100)
        this.findings.report("polite", `more than 100 messages within a minute on ${group}`);
    }
  }

  /** The first refusal is how a client learns of a ban; one under way when it comes cannot be called back; any other breaks the silence. */
  private banned(ip: string, target: string, atMs: number): void {
    if (this.told === undefined || atMs >= this.told.untilMs) this.told = { atMs, untilMs: this.exchange.limits.banOf(ip, atMs) ?? atMs };
    else if (atMs > this.told.atMs + underWayMs) this.findings.report("polite", `${target} was sent during a ban`);
  }
}
