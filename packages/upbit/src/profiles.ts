/**
 * Where Upbit is: four separate exchanges with separate listings and books under one protocol, and any other address that speaks it (a proxy,
 * the emulated exchange). A profile is data; `makeVenue` turns it into a venue.
 */
import * as Result from "effect/Result";
import { ConfigError } from "@naru/router/errors/MarketDataError";

export interface UpbitProfile {
  /** The venue's name in every answer. */
  readonly id: string;
  /** The prices are made up. */
  readonly simulated: boolean;
  /** Without a slash at the end. */
  readonly restUrl: string;
  readonly socketUrl: string;
  /** What limits are counted against: host, with its port where it has one. */
  readonly host: string;
  /** Currencies that markets are priced in, the national one first. */
  readonly quotes: ReadonlyArray<string>;
  /** The national currency. */
  readonly fiat: string;
  /** Korea only: Korean names, `market_event`, and the price grouping `level` of order books. */
  readonly korean: boolean;
}

const region = (id: string, host: string, fiat: string): UpbitProfile => ({
  id,
  simulated: false,
  restUrl: `https://${host}/v1`,
  socketUrl: `wss://${host}/websocket/v1`,
  host,
  quotes: [fiat, "BTC", "USDT"],
  fiat,
  korean: fiat === "KRW",
});

export const profiles = {
  upbit: region("upbit", "api.upbit.com", "KRW"),
  "upbit-sg": region("upbit-sg", "sg-api.upbit.com", "SGD"),
  "upbit-id": region("upbit-id", "id-api.upbit.com", "IDR"),
  "upbit-th": region("upbit-th", "th-api.upbit.com", "THB"),
} as const satisfies Readonly<Record<string, UpbitProfile>>;

export type ProfileName = keyof typeof profiles;

export const isProfileName = (name: string): name is ProfileName => Object.hasOwn(profiles, name);

export interface ProfileOptions {
  /**
   * The venue's name.
   * @default the address's host
   */
  readonly id?: string | undefined;
  /**
   * The prices are made up. Unless said, an address on this machine counts as simulated: nobody can see from outside whether an emulated
   * exchange answers there, and real prices taken for made-up ones are the lesser error.
   * @default true on this machine, else false
   */
  readonly simulated?: boolean | undefined;
  /**
   * The region whose currencies and fields are spoken there.
   * @default upbit
   */
  readonly like?: ProfileName | undefined;
}

/**
 * A profile for another address that speaks the protocol. `/v1` and `/websocket/v1` are appended to its path; `https` gives `wss`. Plain
 * `http` is accepted for this machine only, because prices that anybody on the way can change are worth nothing.
 */
export const profileFromUrl = (address: string, options: ProfileOptions = {}): Result.Result<UpbitProfile, ConfigError> => {
  const refuse = (reason: string) => Result.fail(new ConfigError({ setting: "url", input: address.slice(0, 200), reason }));
  if (!URL.canParse(address)) return refuse("is not a URL such as https://api.upbit.com");
  const url = new URL(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("must begin with https://");
  // Credentials would end in logs, and a query would end in the middle of every address made from this one.
  if (url.username !== "" || url.password !== "")
    return Result.fail(new ConfigError({ setting: "url", input: url.host, reason: "must not hold credentials" }));
  if (url.search !== "" || url.hash !== "") return refuse("must end with a host or a path");
  if (url.protocol === "http:" && !isLoopback(url.hostname)) return refuse("must begin with https://, except for this machine");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
  const secure = url.protocol === "https:";
  return Result.succeed({
    ...profiles[options.like ?? "upbit"],
    id: options.id ?? url.host,
    simulated: options.simulated ?? isLoopback(url.hostname),
    restUrl: `${url.protocol}//${url.host}${path}/v1`,
    socketUrl: `${secure ? "wss:" : "ws:"}//${url.host}${path}/websocket/v1`,
    host: url.host,
  });
};

/** Whether a host name means this machine by itself, without asking a resolver. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
