/**
 * A door of the emulated exchange and the tools every list of the suite works with. A door is a layer with a Transport and the exchange behind
 * it, the addresses to ask, and a way to let time pass until something is true: virtual time in memory, real events over TCP. It also lets a
 * test ask without the product's transport, which drops what no client of ours may send.
 */
import { assert } from "@effect/vitest";
import type { NetworkError } from "@naru/router/errors/MarketDataError";
import { type RestFailure, type RestResponse, type SocketClose, type SocketFailure, Transport } from "@naru/router/transport/Transport";
import { Context, Effect, type Exit, type Layer, type Scope } from "effect";
import { Exchange, type ExchangeOptions, Script, type ScriptedTrade } from "../../src/index.ts";

export class Addresses extends Context.Service<Addresses, { readonly rest: string; readonly socket: string }>()(
  "@naru/sim/test/Addresses",
) {}

export type Services = Transport | Exchange | Addresses | Scope.Scope;

type Headers = Readonly<Record<string, string | undefined>>;

interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Door {
  /** An exchange of its own with these options. */
  readonly layer: (options?: ExchangeOptions) => Layer.Layer<Transport | Exchange | Addresses>;
  /** Registers a test that provides the clock the door needs. */
  readonly test: (title: string, effect: () => Effect.Effect<unknown, unknown, Scope.Scope>) => void;
  /** Lets time pass until `done`; dies after a bounded wait. */
  readonly until: (done: () => boolean) => Effect.Effect<void>;
  /** One request with exactly these headers. */
  readonly fetch: (target: string, headers: Record<string, string>) => Effect.Effect<RawAnswer, never, Exchange | Addresses>;
  /** One handshake with these headers besides its own; the connection is not used. */
  readonly handshake: (headers: Record<string, string>) => Effect.Effect<Omit<RawAnswer, "text">, never, Exchange | Addresses>;
}

/** One socket and all that came over it. */
interface Client {
  readonly frames: Array<string>;
  readonly closes: Array<SocketClose>;
  readonly counts: { reads: number; pongs: number };
  readonly send: (message: unknown) => Effect.Effect<void, NetworkError>;
  readonly ping: Effect.Effect<void, NetworkError>;
  readonly terminate: Effect.Effect<void>;
  readonly until: (done: () => boolean) => Effect.Effect<void>;
  /** Parsed frames, one object for each element of a list. */
  readonly messages: () => ReadonlyArray<Record<string, unknown>>;
}

export const makeTools = (door: Pick<Door, "until">) => {
  /** Runs an effect that needs time to pass. */
  const settle = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      let exit: Exit.Exit<A, E> | undefined;
      yield* Effect.forkChild(
        Effect.map(Effect.exit(effect), (done) => {
          exit = done;
        }),
      );
      yield* door.until(() => exit !== undefined);
      return yield* exit ?? Effect.die(new Error("not settled"));
    });

  const get = (target: string, headers: Record<string, string> = {}): Effect.Effect<RestResponse, RestFailure, Transport | Addresses> =>
    Effect.gen(function* () {
      const { rest } = yield* Addresses;
      return yield* settle((yield* Transport).rest({ url: rest + target, headers }));
    });

  const open: Effect.Effect<Client, SocketFailure, Transport | Addresses | Scope.Scope> = Effect.gen(function* () {
    const { socket: url } = yield* Addresses;
    const transport = yield* Transport;
    const frames: Array<string> = [];
    const closes: Array<SocketClose> = [];
    const counts = { reads: 0, pongs: 0 };
    const socket = yield* settle(
      transport.socket(url, {
        onFrame: (data) => {
          assert.isAbove(data.length, 0);
          assert.strictEqual(closes.length, 0, "no frame after the close");
          assert.notTypeOf(data, "string", "frames are binary");
          frames.push(typeof data === "string" ? data : new TextDecoder().decode(data));
        },
        onReadEnd: () => {
          counts.reads++;
        },
        onPong: () => {
          counts.pongs++;
        },
        onClose: (close) => {
          closes.push(close);
        },
      }),
    );
    return {
      frames,
      closes,
      counts,
      send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
      ping: socket.ping,
      terminate: socket.terminate,
      until: door.until,
      messages: () => frames.flatMap((text) => JSON.parse(text)),
    };
  });

  return { settle, get, open };
};

export const ticket = { ticket: "t" };

export const textOf = (response: RestResponse): string => new TextDecoder().decode(response.body);

/** Rows with numbers as the text they were spelled in. */
export const rowsOf = (text: string): ReadonlyArray<Record<string, string | null>> =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => (typeof value === "number" ? context?.source : value));

/** The tools of one door, for the lists of the suite. */
export const makeSuite = (name: string, door: Door) => {
  const tools = makeTools(door);

  /** A test over an exchange of its own with these options. */
  const testWith = <E>(options: ExchangeOptions, title: string, effect: () => Effect.Effect<unknown, E, Services>) =>
    door.test(title, () => effect().pipe(Effect.provide(door.layer(options))));

  /** Opens, subscribes, and waits for so many frames. */
  const subscribed = (request: ReadonlyArray<unknown>, frames: number) =>
    Effect.gen(function* () {
      const client = yield* tools.open;
      yield* client.send([ticket, ...request]);
      yield* client.until(() => client.frames.length >= frames);
      return client;
    });

  /** A trade of a halted market, and the wait until its book shows it: a book follows its trade on a grid of 100 ms. */
  const tradeInBook = (market: string, scripted: ScriptedTrade) =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const heard = ledger.frameCount("in", "request");
      const client = yield* tools.open;
      yield* client.send([ticket, { type: "orderbook", codes: [market], is_only_realtime: true }]);
      yield* client.until(() => ledger.frameCount("in", "request") > heard);
      const made = yield* Script.trade(market, scripted);
      yield* client.until(() => client.frames.length > 0);
      yield* client.terminate;
      return made;
    });

  return {
    name,
    tradeInBook,
    ...tools,
    fetch: door.fetch,
    handshake: door.handshake,
    until: door.until,
    testWith,
    test: <E>(title: string, effect: () => Effect.Effect<unknown, E, Services>) => testWith({}, title, effect),
    subscribed,
    text: (target: string) => Effect.map(tools.get(target), textOf),
    rows: (target: string) => Effect.map(tools.get(target), (answer) => rowsOf(textOf(answer))),
  };
};

export type Suite = ReturnType<typeof makeSuite>;
