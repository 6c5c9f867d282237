/**
 * Faults of REST answers, ordered by a test: the next matching requests get this instead of the truth. Rules apply in the order they were
 * made, each as often as it says; at most {@link maxRules} wait at once.
 */

export interface FaultResponse {
  /** Default 200. */
  readonly status?: number | undefined;
  /** Added to the usual headers; `undefined` removes one. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: empty. Bytes go out as they are. */
  readonly body?: string | Uint8Array | undefined;
  /** Only this many bytes of the body are sent, then the connection breaks. */
  readonly cutAfter?: number | undefined;
}

/** `hang`: no answer ever. `reset`: the connection breaks before any answer. */
export type RestFault = "hang" | "reset" | FaultResponse;

/** What a fault rule may look at. */
export interface FaultTarget {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A path such as `/v1/candles`, which stands for everything below it too, or a predicate. */
export type FaultMatch = string | ((target: FaultTarget) => boolean);

const maxRules = 1_000;

export class RestFaults {
  private rules: Array<{ readonly match: FaultMatch; readonly fault: RestFault; left: number }> = [];

  add(match: FaultMatch, fault: RestFault, times: number): void {
    if (this.rules.length >= maxRules) throw new RangeError(`more than ${maxRules} REST faults wait`);
    this.rules.push({ match, fault, left: times });
  }

  clear(): void {
    this.rules = [];
  }

  /** The fault for this request, which uses it up once. */
  take(target: FaultTarget): RestFault | undefined {
    const rule = this.rules.find(({ match }) => matches(match, target));
    if (rule === undefined) return undefined;
    rule.left--;
    if (rule.left <= 0) this.rules = this.rules.filter((other) => other !== rule);
    return rule.fault;
  }
}

const matches = (match: FaultMatch, target: FaultTarget): boolean =>
  typeof match === "function" ? match(target) : target.path === match || target.path.startsWith(`${match}/`);
