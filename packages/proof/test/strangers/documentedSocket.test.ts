/** The socket program of the exchange's documentation, once in each of the four formats, all at once against one emulated exchange. */
import { assert, describe, it } from "@effect/vitest";
import { Exchange, type ExchangeModel, layerLoopbackServer, LoopbackServer, Script } from "@naru/sim";
import { Effect, Layer } from "effect";
import { isDeepStrictEqual } from "node:util";
import { idOf, lastTrades, priceOf, tapeOf, tradesBetween } from "../../src/strangers/truth.ts";
import { DocumentedProgram, expectedOf, type Format, type Message, withFullNames } from "./documentedProgram.ts";

const formats: ReadonlyArray<Format> = ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"];
const codes = ["KRW-BTC", "KRW-XRP"];
const types = ["ticker", "trade", "orderbook", "candle.1s", "candle.1m"];
const levels = 15;
/** One type object for each type, with all its codes, as the documentation's examples have it. */
const requests = types.map((type) => ({ type, codes: type === "orderbook" ? codes.map((code) => `${code}.${levels}`) : codes }));

/** Twenty trades a second for two seconds on top of the market's own, some of them in pairs of one millisecond. */
const liven = (exchange: ExchangeModel, code: string) =>
  Effect.gen(function* () {
    const tape = tapeOf(exchange, code);
    const last = lastTrades(tape, yield* exchange.now, 1)[0];
    if (last === undefined) return assert.fail(`${code} never traded`);
    const price = priceOf(tape, last);
    const prices = Array.from({ length: 40 }, (_, i) => price * (i % 3 === 0 ? 1 : 1.5));
    yield* Script.path(code, prices, { every: "50 millis", side: "ASK" });
    yield* Script.path(code, prices.slice(0, 10), { every: "200 millis" });
  });

/** What LIST_SUBSCRIPTIONS answers: the request, and the level of the books. */
const listed = requests.map((request) => (request.type === "orderbook" ? { ...request, level: 0 } : request));

const server = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 605, ledgerCapacity: 100_000 })));

/** Enough of everything. */
const hasEnough = ({ latest, texts, statuses, lists }: DocumentedProgram): boolean =>
  latest.size === types.length * codes.length &&
  [...latest.values()].every((message) => message["stream_type"] === "REALTIME") &&
  texts.length >= 300 &&
  statuses.length > 0 &&
  lists.length > 0;

/** What a program received, told apart by what it is. */
const dataOf = (texts: ReadonlyArray<string>): ReadonlyArray<{ readonly text: string; readonly message: Message }> =>
  texts.flatMap((text) => {
    const parsed: unknown = JSON.parse(text);
    const messages = (Array.isArray(parsed) ? parsed : [parsed]).map(withFullNames);
    return messages.filter((message) => "type" in message).map((message) => ({ text, message }));
  });

/** The id as the text has it, under either name. */
const idIn = (text: string): string => /"(?:sequential_id|sid)":(\d+)/.exec(text)?.[1] ?? "";

/** What the exchange sent to a program, found by the format its connection asked for. */
const framesOf = ({ ledger }: ExchangeModel, { format }: DocumentedProgram): ReadonlyArray<string> => {
  const request = ledger.frames({ direction: "in", kind: "request" }).find(({ text }) => text.includes(`{"format":"${format}"}`));
  return request === undefined ? [] : ledger.frames({ direction: "out", connection: request.connection }).map(({ text }) => text);
};

const checkMessages = (exchange: ExchangeModel, program: DocumentedProgram): void => {
  for (const { message } of dataOf(program.texts)) {
    const expected = expectedOf(exchange, message, levels);
    const said = (names: Message) => Object.fromEntries(Object.keys(names).map((name) => [name, message[name]]));
    const agrees = expected.some((one) => isDeepStrictEqual(said(one), one));
    assert.isTrue(
      agrees,
      `${program.format}: ${JSON.stringify(message).slice(0, 600)}\ninstead of ${JSON.stringify(expected).slice(0, 600)}`,
    );
  }
};

/** Every trade from the snapshot on, once, in order, with the id the tape gives it. */
const checkTrades = (exchange: ExchangeModel, program: DocumentedProgram, code: string): void => {
  const received = dataOf(program.texts).filter(({ message }) => message["type"] === "trade" && message["code"] === code);
  const [snapshot = "", ...live] = received.map(({ text }) => idIn(text));
  assert.strictEqual(received[0]?.message["stream_type"], "SNAPSHOT");
  const last = live.at(-1) ?? snapshot;
  const happened = tradesBetween(tapeOf(exchange, code), Number(snapshot.slice(0, -4)), Number(last.slice(0, -4))).map(idOf);
  assert.isAbove(live.length, 40);
  assert.deepStrictEqual(
    live,
    happened.filter((id) => id > snapshot && id <= last),
  );
};

describe("the documentation's socket program", () => {
  it.live(
    "reads the exchange's own numbers in each of the four formats, with every trade and byte for byte what was sent",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        const { socketUrl } = yield* LoopbackServer;
        const context = yield* Effect.context<Exchange>();
        const programs = yield* Effect.callback<ReadonlyArray<DocumentedProgram>>((resume) => {
          const spoken = new Set<DocumentedProgram>();
          let isLively = false;
          const started = formats.map(
            (format) =>
              new DocumentedProgram(socketUrl, format, requests, (program) => {
                spoken.add(program);
                if (spoken.size === formats.length && !isLively) {
                  isLively = true;
                  Effect.runForkWith(context)(Effect.forEach(codes, (code) => liven(exchange, code)));
                }
                if (program.texts.length === 100) program.list();
                if (started.every(hasEnough)) resume(Effect.succeed(started));
              }),
          );
        }).pipe(Effect.timeout("140 seconds"));
        for (const program of programs) program.close();
        for (const program of programs) {
          const frames = framesOf(exchange, program);
          assert.deepStrictEqual(program.texts, frames.slice(0, program.texts.length), program.format);
          checkMessages(exchange, program);
          for (const code of codes) checkTrades(exchange, program, code);
          assert.deepStrictEqual(program.lists, [{ method: "LIST_SUBSCRIPTIONS", result: listed, ticket: "documented" }]);
          assert.deepStrictEqual(new Set(program.statuses), new Set(["UP"]));
        }
        assert.strictEqual(exchange.ledger.frameCount("out", "error"), 0);
        assert.strictEqual(exchange.ledger.rejected, 0);
      }).pipe(Effect.provide(server)),
    150_000,
  );

  it.live(
    "reads wrong ids with JSON.parse: neighbours of one millisecond become one",
    () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { socketUrl } = yield* LoopbackServer;
        const request = { type: "trade", codes: ["KRW-BTC"] };
        const prices = [1, 2, 3, 4, 5].map((n) => n * 1_000_000);
        const isAll = ({ latest }: DocumentedProgram) => latest.get("trade KRW-BTC")?.["trade_price"] === prices.at(-1);
        const context = yield* Effect.context<Exchange>();
        const program = yield* Effect.callback<DocumentedProgram>((resume) => {
          const started = new DocumentedProgram(socketUrl, "DEFAULT", [request], ({ texts }) => {
            if (texts.length === 1) Effect.runForkWith(context)(Script.path("KRW-BTC", prices));
            if (isAll(started)) resume(Effect.succeed(started));
          });
        });
        program.close();
        const live = dataOf(program.texts).slice(1);
        const written = live.map(({ text }) => idIn(text));
        const read = live.map(({ message }) => String(message["sequential_id"]));
        assert.strictEqual(new Set(written).size, prices.length);
        assert.isBelow(new Set(read).size, prices.length);
      }).pipe(Effect.provide(server)),
    90_000,
  );
});
