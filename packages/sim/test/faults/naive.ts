/**
 * Clients that trust everything: they parse what comes, look at no status, no market and no time, and have no watchdog. The tests of the faults
 * show what each fault does to them.
 */
import { Transport } from "@naru/router/transport/Transport";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { Exchange } from "../../src/index.ts";

export type Row = Readonly<Record<string, unknown>>;

/** What a naive client makes of one request. */
export interface Told {
  /** How the transport failed, or what `JSON.parse` threw. */
  readonly error: { readonly _tag?: string; readonly phase?: string; readonly stage?: string; readonly code?: string | null } | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** The rows; none where there was no list. */
  readonly rows: ReadonlyArray<Row>;
  /** Virtual time it took. */
  readonly ms: number;
}

/** Runs an effect while virtual time passes, at most a minute. */
export const passing = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    for (let i = 0; i < 6_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust("10 millis");
    return yield* Fiber.join(fiber);
  });

const nothing = { error: undefined, status: 0, headers: {}, text: "", rows: [] };

export const ask = (target: string): Effect.Effect<Told, never, Transport | Exchange> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const began = yield* exchange.now;
    const asked = (yield* Transport).rest({ url: `http://sim${target}`, headers: {} });
    const { error, response } = yield* passing(
      Effect.match(asked, {
        onFailure: (failure) => ({ error: failure, response: undefined }),
        onSuccess: (success) => ({ error: undefined, response: success }),
      }),
    );
    const ms = (yield* exchange.now) - began;
    if (response === undefined) return { ...nothing, ms, error };
    const { status, headers, body } = response;
    const text = new TextDecoder().decode(body);
    const isJson = headers["content-type"]?.includes("json") === true;
    try {
      const value: unknown = isJson ? JSON.parse(text) : text;
      return { error: undefined, status, headers, text, rows: Array.isArray(value) ? value : [], ms };
    } catch (thrown) {
      return { ...nothing, status, headers, text, ms, error: { _tag: thrown instanceof Error ? thrown.name : "?" } };
    }
  });

/** Everything that came over one socket. */
export class NaiveSocket {
  readonly messages: Array<Row> = [];
  readonly texts: Array<string> = [];
  /** Messages that could not be parsed. */
  broken = 0;
  pongs = 0;
  readonly closes: Array<{ readonly code: number; readonly reason: string }> = [];

  readonly handlers = {
    onFrame: (data: Uint8Array | string) => {
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      this.texts.push(text);
      try {
        this.messages.push(JSON.parse(text));
      } catch {
        this.broken++;
      }
    },
    onReadEnd: () => {},
    onPong: () => void this.pongs++,
    onClose: (close: { readonly code: number; readonly reason: string }) => void this.closes.push(close),
  };

  /** The prices shown, one after another. */
  get prices(): ReadonlyArray<unknown> {
    return this.messages.map((message) => message["trade_price"]);
  }
}
