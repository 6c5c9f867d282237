import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Exchange, layerMemoryTransport, Script } from "../../src/index.ts";
import { ask, type Told } from "./naive.ts";
import { type RestCase, restCases, ticker } from "./restCases.ts";

const layer = layerMemoryTransport().pipe(Layer.provideMerge(Exchange.layer({ seed: 1 })));

const words = ({ fault, target }: RestCase): string =>
  `${fault.verb} ${Object.entries(fault)
    .filter(([name]) => name !== "verb")
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ")} ${target ?? ""}`.trimEnd();

describe("a fault harms a client that trusts every answer, the ledger says which it was, and its end ends it", () => {
  for (const one of restCases) {
    it.effect(words(one), () =>
      Effect.gen(function* () {
        const { fault, target = ticker, asks = 1, laterMs = 2_000, harm } = one;
        const { ledger } = yield* Exchange;
        const truth = yield* ask(target);
        assert.deepStrictEqual([truth.error, truth.status], [undefined, 200]);
        const asked = Effect.gen(function* () {
          const all: Array<Told> = [];
          for (let i = 0; i < asks; i++) {
            all.push(yield* ask(target));
            yield* TestClock.adjust("90 millis");
          }
          return { all, last: all[all.length - 1] ?? truth };
        });
        yield* TestClock.adjust(laterMs);
        const control = yield* asked;
        assert.throws(() => harm(control.last, truth, control.all), undefined, undefined, "the harm is there without the fault");
        yield* TestClock.adjust("2 seconds");
        yield* Script.fault(fault);
        const { all, last } = yield* asked;
        harm(last, truth, all);
        const fired = ledger.faults(fault.verb);
        assert.isNotEmpty(fired);
        assert.deepInclude(fired[0], { verb: fault.verb, on: `GET ${target}` });
        assert.strictEqual(ledger.faultCount(fault.verb), fired.length);
        yield* Script.endFault(fault.verb);
        yield* TestClock.adjust("2 seconds");
        const healed = yield* ask(target);
        assert.deepStrictEqual([healed.error, healed.status, healed.rows.length], [undefined, 200, truth.rows.length]);
        assert.strictEqual(ledger.faults(fault.verb).length, fired.length);
      }).pipe(Effect.provide(layer)),
    );
  }
});
