/**
 * What a client asked for on a socket, compared with recorded frames by type and market. Frames are let through whole and as they were: of the
 * list formats a frame passes when any of its elements is wanted. A frame without type and market (a status, an error) always passes.
 */
import { resolveOptions } from "../Options.ts";
import { type ClientMessage, readClientMessage } from "../socket/ClientMessage.ts";
import type { Tape } from "./Tape.ts";
import { bytesOf } from "@naru/router/tape/TapeEvent";

export class Wanted {
  private wanted: ReadonlySet<string> = new Set();

  /** A message of the client: the newest subscription counts, as on the exchange. */
  hear(text: string): void {
    const message = read(text);
    if (message._tag !== "Subscribe") return;
    this.wanted = new Set(message.types.flatMap(({ codes, type }) => codes.map((code) => `${type} ${marketOf(code)}`)));
  }

  takes(data: Uint8Array | string): boolean {
    const subjects = subjectsOf(typeof data === "string" ? data : new TextDecoder().decode(data));
    return subjects.length === 0 || subjects.some(({ code, type }) => this.wanted.has(`${type} ${code}`));
  }
}

/** As the Korean exchange reads it, which takes all that the others of the family take. */
const read = (text: string): ClientMessage => readClientMessage(text, ordinary.profile, ordinary.socket);
const ordinary = resolveOptions();

/** What a frame is about: the wire's type and the market of every element that has both. */
export const subjectsOf = (text: string): ReadonlyArray<{ readonly type: string; readonly code: string }> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((element: unknown) => {
    if (typeof element !== "object" || element === null) return [];
    const { cd, code = cd, ty, type = ty } = element as { readonly [name: string]: unknown };
    return typeof type === "string" && typeof code === "string" ? [{ type, code: marketOf(code) }] : [];
  });
};

/** `KRW-BTC.15` asks for fifteen levels of `KRW-BTC`. */
export const marketOf = (code: string): string => code.split(".", 1)[0] ?? code;

/** What a tape's sockets are about: what was subscribed; where no client's message was recorded, what came. */
export const recordedSubjects = (tape: Tape): ReadonlyArray<{ readonly type: string; readonly code: string }> => {
  const asked = new Map<string, { readonly type: string; readonly code: string }>();
  const came = new Map<string, { readonly type: string; readonly code: string }>();
  for (const { event } of tape.events()) {
    if (event.event === "send") {
      const message = read(event.text);
      if (message._tag !== "Subscribe") continue;
      for (const { codes, type } of message.types) for (const code of codes) asked.set(`${type} ${code}`, { type, code });
    } else if (event.event === "frame" && asked.size === 0)
      for (const subject of subjectsOf(new TextDecoder().decode(bytesOf(event)))) came.set(`${subject.type} ${subject.code}`, subject);
  }
  return [...(asked.size > 0 ? asked : came).values()];
};
