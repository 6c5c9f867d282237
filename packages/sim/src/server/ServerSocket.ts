/**
 * The exchange's end of one WebSocket over TCP: what the client does goes to the session, what the session says goes out. What the protocol
 * forbids, and a fault wants all the same, is written past `ws`.
 */
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { mayBeSent } from "../socket/closeCode.ts";
import type { Driven } from "../socket/drive.ts";
import type { SessionOutput } from "../socket/Departures.ts";

/** Longest message of a client. */
export const maxPayload = 1024 * 1024;

const maxPings = 100;

/** A client that does not read, or not as fast as a jump of the clock sends, is cut off when this much waits for it. */
const maxBufferedBytes = 64 * 1024 * 1024;

/** A socket that may leave the client's close frame unanswered: `ws` answers one by calling `close`. */
export class ServerSocket extends WebSocket {
  answersClose: () => boolean = () => true;

  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState !== WebSocket.OPEN || this.answersClose()) super.close(code, reason);
  }

  /** The exchange's own close frame. */
  closeByServer(code?: number, reason?: string): void {
    super.close(code, reason);
  }
}

/** Tells the session what the client does. Returns the payloads of pings not answered yet; a session that is silent lets the oldest go. */
export const attach = (client: ServerSocket, { session }: Driven, now: () => number): Array<Buffer> => {
  const pings: Array<Buffer> = [];
  client.answersClose = () => session.answersClose(now());
  client.on("message", (data, isBinary) => session.receive(isBinary ? "" : String(data), now()));
  client.on("ping", (data) => {
    pings.push(data);
    if (pings.length > maxPings) pings.shift();
    session.receivePing(now());
  });
  client.on("error", () => client.terminate());
  client.on("close", (code) => session.clientGone(now(), code));
  return pings;
};

export const deliver = (client: ServerSocket, tcp: Socket, pings: Array<Buffer>, outputs: ReadonlyArray<SessionOutput>): void => {
  if (client.bufferedAmount > maxBufferedBytes) client.terminate();
  for (const output of outputs) {
    if (output._tag === "Frame") sendFrame(client, tcp, output);
    else if (output._tag === "Pong") client.pong(pings.shift());
    else if (output._tag === "Close") close(client, tcp, output.code, output.reason);
    else if (output.reset) tcp.resetAndDestroy();
    else client.terminate();
  }
};

const sendFrame = (client: ServerSocket, tcp: Socket, frame: Extract<SessionOutput, { readonly _tag: "Frame" }>): void => {
  const bytes = frame.bytes ?? Buffer.from(frame.text);
  if (frame.raw === true) {
    tcp.write(bytes);
    return;
  }
  const binary = frame.as !== "text";
  const parts = Math.min(frame.fragments ?? 1, Math.max(1, bytes.length));
  for (let i = 0; i < parts; i++) {
    const piece = bytes.subarray(Math.floor((bytes.length * i) / parts), Math.floor((bytes.length * (i + 1)) / parts));
    client.send(piece, { binary, fin: i === parts - 1 });
  }
};

/** `ws` refuses to send a code that may not be sent. */
const close = (client: ServerSocket, tcp: Socket, code: number, reason: string): void => {
  if (code === 1005) client.closeByServer();
  else if (mayBeSent(code)) client.closeByServer(code, reason);
  else {
    tcp.write(Buffer.of(0x88, 2, code >> 8, code & 0xff));
    tcp.end();
  }
};
