/** `POST /_sim/script`: the words of a market's story, one at a time. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { Exchange } from "../Exchange.ts";
import * as Script from "../Script.ts";
import { badField, bodyDecoder, type ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";

/** Prices of one path. */
const maxPrices = 10_000;
const dayMs = 86_400_000;

const amount = Schema.Union([Schema.Finite, Schema.String]);
const trading = {
  market: Schema.String,
  size: Schema.optionalKey(amount),
  side: Schema.optionalKey(Schema.Literals(["ASK", "BID"])),
};
const forMs = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: dayMs }));

const words = {
  trade: Schema.Struct({ word: Schema.Literal("trade"), price: amount, ...trading }),
  path: Schema.Struct({
    word: Schema.Literal("path"),
    prices: Schema.Array(amount).check(Schema.isMinLength(1), Schema.isMaxLength(maxPrices)),
    everyMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: dayMs }))),
    ...trading,
  }),
  halt: Schema.Struct({ word: Schema.Literal("halt") }),
  resume: Schema.Struct({ word: Schema.Literal("resume") }),
  maintenance: Schema.Struct({ word: Schema.Literal("maintenance"), forMs }),
  list: Schema.Struct({ word: Schema.Literal("list"), market: Schema.String }),
  delist: Schema.Struct({ word: Schema.Literal("delist"), market: Schema.String }),
  "cut-sockets": Schema.Struct({ word: Schema.Literal("cut-sockets") }),
  "silence-sockets": Schema.Struct({ word: Schema.Literal("silence-sockets"), forMs }),
  "refuse-upgrades": Schema.Struct({ word: Schema.Literal("refuse-upgrades"), forMs }),
  ban: Schema.Struct({ word: Schema.Literal("ban"), ip: Schema.String.check(Schema.isNonEmpty()), forMs }),
} as const;

type Word = { readonly [W in keyof typeof words]: (typeof words)[W]["Type"] }[keyof typeof words];

/** What may be asked for. */
export const scriptWords: ReadonlyArray<string> = Object.keys(words);

const isWord = (word: unknown): word is keyof typeof words => typeof word === "string" && Object.hasOwn(words, word);

export const controlScript = ({ exchange }: Controlled, body: unknown): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const word = typeof body === "object" && body !== null && "word" in body ? body.word : undefined;
    if (!isWord(word)) return yield* badField("word", `is none of ${scriptWords.join(", ")}`);
    const schema: Schema.Codec<Word, unknown> = words[word];
    return yield* say(yield* bodyDecoder(schema)(body)).pipe(
      Effect.mapError((error) =>
        badField(/price/.test(error.reason) ? "price" : /size/.test(error.reason) ? "size" : "market", `is wrong: ${error.reason}`),
      ),
      Effect.provideService(Exchange, exchange),
    );
  });

const say = (word: Word): Effect.Effect<unknown, Script.ScriptError, Exchange> => {
  switch (word.word) {
    case "trade":
      return Effect.map(Script.trade(word.market, word), (trade) => ({ trades: [trade] }));
    case "path":
      return Effect.map(Script.path(word.market, word.prices, { ...word, every: word.everyMs }), (trades) => ({ trades }));
    case "halt":
      return done(Script.halt);
    case "resume":
      return done(Script.resume);
    case "maintenance":
      return done(Script.maintenance(word.forMs));
    case "list":
      return done(Script.list(word.market));
    case "delist":
      return done(Script.delist(word.market));
    case "cut-sockets":
      return done(Script.cutSockets);
    case "silence-sockets":
      return done(Script.silenceSockets(word.forMs));
    case "refuse-upgrades":
      return done(Script.refuseUpgrades(word.forMs));
    case "ban":
      return done(Script.ban(word.ip, word.forMs));
  }
};

const done = <E, R>(effect: Effect.Effect<void, E, R>): Effect.Effect<unknown, E, R> => Effect.as(effect, { done: true });
