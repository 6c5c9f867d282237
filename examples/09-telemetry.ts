/** Traces, logs and metrics in a collector, by one line beside the market data. Here the collector is a few lines of HTTP; yours is at its usual address. */
import { createServer } from "node:http";
import { Telemetry } from "@naru/node";
import { getTicker } from "@naru/router";
import { Sim } from "@naru/sim";
import { Layer, ManagedRuntime } from "effect";

const seen = new Map<string, string>();
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    seen.set(request.url ?? "", (seen.get(request.url ?? "") ?? "") + body);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const address = server.address();
const collector = { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : address}` };

const app = ManagedRuntime.make(Sim.layerLoopback({ seed: 1 }).pipe(Layer.provideMerge(Telemetry.layer({ url: collector.url }))));

const { provenance } = await app.runPromise(getTicker("KRW-BTC"));
console.log(`answered by ${provenance.tier}`);
// Closing sends what has not been sent yet.
await app.dispose();
server.close();

const spans = [...(seen.get("/v1/traces") ?? "").matchAll(/"name":"((?:MarketData|tier)[^"]*)"/g)].map(([, name = ""]) => name);
console.log(`spans: ${spans.toSorted().join(", ")}`);
console.log(`metrics: ${/naru_calls_total/.test(seen.get("/v1/metrics") ?? "") ? "naru_calls_total and the others" : "none"}`);
console.log(`the span knows the request: ${(seen.get("/v1/traces") ?? "").includes(provenance.requestId)}`);
