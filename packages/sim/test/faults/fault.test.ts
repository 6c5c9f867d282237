import { assert, describe, it } from "@effect/vitest";
import { Effect, Result, Schema } from "effect";
import { Fault, type FaultError, parseFault, verbs } from "../../src/index.ts";

const decode = Schema.decodeUnknownResult(Fault);

describe("a fault as JSON", () => {
  it("needs only its verb: every parameter has a default or may be absent", () => {
    for (const { verb } of verbs) {
      const decoded = decode({ verb });
      assert.isTrue(Result.isSuccess(decoded), verb);
    }
  });

  it("is the same after a journey over the wire", () => {
    for (const { verb } of verbs) {
      const fault = Result.getOrThrow(decode({ verb, probability: 0.5, forMs: 1_000 }));
      const again = Result.getOrThrow(decode(JSON.parse(JSON.stringify(Schema.encodeSync(Fault)(fault)))));
      assert.deepStrictEqual(again, fault, verb);
    }
  });

  it("is refused with a verb, a parameter or a value that does not exist", () => {
    for (const wrong of [
      { verb: "slow-header" },
      { verb: "slow-headers", delay: 5 },
      { verb: "slow-headers", delayMs: -1 },
      { verb: "slow-headers", delayMs: 1.5 },
      { verb: "slow-headers", delayMs: "5" },
      { verb: "slow-headers", probability: 2 },
      { verb: "slow-headers", times: 0 },
      { verb: "crossed-book", how: "twisted" },
      { verb: "half_open", path: "/v1" },
      { verb: "answer", headers: { "x-a": "1\r\nx-b: 2" } },
      { verb: "answer", headers: { "no name": "1" } },
      { verb: "redirect", location: "http://한국" },
      {},
      "hang",
      null,
    ])
      assert.isTrue(Result.isFailure(decode(wrong)), JSON.stringify(wrong));
  });

  it("says what is wrong in the words of the command line", () => {
    const message = (wrong: unknown) => {
      const decoded = decode(wrong);
      return Result.isFailure(decoded) ? decoded.failure.message : "";
    };
    assert.include(message({ verb: "slow-header" }), 'no fault is called "slow-header"; did you mean slow-headers?');
    assert.include(message({ verb: "slow-headers", delayms: 5 }), 'slow-headers has no parameter "delayms"; did you mean delayMs?');
    assert.include(message({ verb: "slow-headers", delayMs: "5" }), 'delayMs is a whole number from 0 to 86400000, not "5"');
  });
});

describe("a fault on a command line", () => {
  const refused = (verb: string, ...pairs: ReadonlyArray<string>): Effect.Effect<FaultError> =>
    Effect.flip(Effect.asVoid(parseFault(verb, pairs))).pipe(Effect.orDie);

  it.effect("is read from pairs, with either separator in the verb", () =>
    Effect.gen(function* () {
      const fault = yield* parseFault("slow_headers", ["delayMs=500", "path=/v1/candles", "times=3", "probability=0.25"]);
      assert.deepInclude(fault, { verb: "slow-headers", delayMs: 500, path: "/v1/candles", times: 3, probability: 0.25, every: 1 });
      assert.deepInclude(yield* parseFault("half-open", ["newToo=true"]), { verb: "half_open", newToo: true });
      const given = yield* parseFault("answer", ['headers={"date":null}', "body=a=b", "status=204"]);
      assert.deepInclude(given, { headers: { date: null }, body: "a=b", status: 204 });
    }),
  );

  it.effect("takes every default as help prints it", () =>
    Effect.gen(function* () {
      for (const { verb, parameters } of verbs) {
        const plain = yield* parseFault(verb, []);
        const pairs = parameters.filter(({ default: value }) => value !== "").map(({ name, default: value }) => `${name}=${value}`);
        assert.deepStrictEqual(yield* parseFault(verb, pairs), plain);
      }
    }),
  );

  it.effect("says what is wrong, and what was probably meant", () =>
    Effect.gen(function* () {
      const messages = [
        yield* refused("slow-header"),
        yield* refused("nonsense"),
        yield* refused("slow-headers", "delayms=5"),
        yield* refused("slow-headers", "delayMs"),
        yield* refused("slow-headers", "delayMs=soon"),
        yield* refused("slow-headers", "delayMs=-1"),
        yield* refused("slow-headers", "probability=1.5"),
        yield* refused("slow-headers", "delayMs=1", "delayMs=2"),
        yield* refused("slow-headers", "verb=hang"),
        yield* refused("crossed-book", "how=twisted"),
        yield* refused("half_open", "newToo=yes"),
      ].map(({ message }) => message);
      assert.deepStrictEqual(messages, [
        'no fault is called "slow-header"; did you mean slow-headers?',
        'no fault is called "nonsense"',
        'slow-headers has no parameter "delayms"; did you mean delayMs?',
        '"delayMs" is not of the form parameter=value',
        'delayMs is a whole number from 0 to 86400000, not "soon"',
        "delayMs is a whole number from 0 to 86400000, not -1",
        "probability is a number from 0 to 1, not 1.5",
        "delayMs is given twice",
        "the verb is given twice",
        'how is one of crossed, locked, not "twisted"',
        'newToo is true or false, not "yes"',
      ]);
    }),
  );
});

describe("the help", () => {
  it("has a sentence for every verb and every parameter, and no verb twice", () => {
    assert.strictEqual(new Set(verbs.map(({ verb }) => verb)).size, verbs.length);
    for (const { verb, about, doors, parameters } of verbs) {
      assert.isTrue(about.length > 10 && doors.length > 0, verb);
      for (const { name, about: meaning } of parameters) assert.isAbove(meaning.length, 3, `${verb} ${name}`);
      for (const common of ["times", "every", "probability", "afterMs", "forMs"])
        assert.include(
          parameters.map(({ name }) => name),
          common,
          verb,
        );
    }
  });
});
