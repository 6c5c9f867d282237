/** Judges what the exchange said when it was asked: the way there, a price, its clock, its socket. Pure. */
import { duration } from "../render/numbers.ts";
import { type Check, fail, pass, skip, warn } from "./Check.ts";
import type { Evidence, PriceProbe, ProbeEvidence } from "./Evidence.ts";
import type { NetworkRoad } from "./networkRoad.ts";

/** A price that was made longer ago than this is no price of now; as `probeMaxAgeMs` of the router has it. */
const priceAgeMs = 60_000;
/** The exchange's date is in whole seconds, so half a second of difference says nothing. */
const clock = { warnMs: 2_000, failMs: 60_000 } as const;
const slowPhaseMs = 1_000;

export const probeChecks = ({ probe }: Evidence): ReadonlyArray<Check> => {
  switch (probe._tag) {
    case "NotAsked":
      return [skip("exchange", "", "not asked: naru doctor --probe does", null)];
    case "Blocked":
      return [skip("exchange", "", "not asked, though --probe was given: it blocks this address", "run it again when the block is over")];
    case "Probed":
      return [...roadChecks(probe.roads), priceCheck(probe.price), clockCheck(probe.price), socketCheck(probe.socket)];
  }
};

const roadChecks = (roads: ReadonlyArray<NetworkRoad>): ReadonlyArray<Check> =>
  roads.length === 0
    ? [skip("network", "", "the emulated exchange is in this process: there is no network in between")]
    : roads.map(roadCheck);

const roadCheck = ({ channel, host, phases, failure }: NetworkRoad): Check => {
  const told = phases.map(({ phase, tookMs }) => `${phase} ${duration(tookMs)}`).join(", ");
  if (failure !== null) {
    const found = `${host}: ${failure.phase} failed with ${failure.code}${told === "" ? "" : ` after ${told}`}`;
    return fail("network", channel, found, phaseAdvice[failure.phase]);
  }
  const slow = phases.filter(({ tookMs }) => tookMs > slowPhaseMs);
  return slow.length === 0
    ? pass("network", channel, `${host}: ${told}`)
    : warn(
        "network",
        channel,
        `${host}: ${told}`,
        `${slow.map(({ phase }) => phase).join(", ")} is slow: ${phaseAdvice[slow[0]?.phase ?? "tcp"]}`,
      );
};

const phaseAdvice: Readonly<Record<NetworkRoad["phases"][number]["phase"], string>> = {
  dns: "look at the resolver of this machine (/etc/resolv.conf)",
  tcp: "look at the firewall and the way out of this machine",
  tls: "look at this machine's clock, at its certificates, and for a proxy that opens connections",
};

const priceCheck = (price: PriceProbe): Check => {
  if (price._tag === "Failed")
    return fail("price", "rest", `${price.market}: ${price.reason}`, "look at the network checks above and at the exchange's notices");
  const found = `${price.market} ${price.price}, made ${duration(price.ageMs)} ago, answered in ${duration(price.tookMs)}`;
  if (!(Number(price.price) > 0)) return fail("price", "rest", found, "that is no price: do not trade on it");
  return price.ageMs > priceAgeMs
    ? warn("price", "rest", found, "see whether the market still trades (naru trades)")
    : pass("price", "rest", found);
};

const clockCheck = (price: PriceProbe): Check => {
  if (price._tag === "Failed") return skip("clock", "", "not compared: the exchange gave no answer");
  const ahead = price.clockAheadMs;
  if (ahead === null) return skip("clock", "", "not compared: the answer had no date");
  const apart = Math.abs(ahead);
  const found =
    apart <= clock.warnMs
      ? "this machine and the exchange agree within two seconds"
      : `this machine is ${duration(apart)} ${ahead > 0 ? "ahead of" : "behind"} the exchange`;
  const advice = "set the clock (chrony, ntpd); ages are measured without it, but times that are shown and windows of candles are not";
  if (apart > clock.failMs) return fail("clock", "", found, advice);
  return apart > clock.warnMs ? warn("clock", "", found, advice) : pass("clock", "", found);
};

const socketCheck = ({ openedAfterMs, pongAfterMs, problems }: Extract<ProbeEvidence, { readonly _tag: "Probed" }>["socket"]): Check =>
  problems.length > 0
    ? fail("socket", "websocket", problems.join("; "), "naru link looks at it step by step")
    : pass("socket", "websocket", `open after ${age(openedAfterMs)}, ping answered after ${age(pongAfterMs)}, and it speaks`);

const age = (ms: number | null): string => (ms === null ? "–" : duration(ms));
