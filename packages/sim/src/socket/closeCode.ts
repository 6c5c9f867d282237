/**
 * Whether a close frame may hold the code, by RFC 6455 and the registry that followed it; 1005 stands for a frame without a code. `ws` sends no
 * other, and ends the connection when it receives one.
 */
export const mayBeSent = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1006) || (code >= 3000 && code <= 4999);

/** What fits into a close frame: 123 bytes, and no character in two. */
export const sendableReason = (reason: string): string => {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, Math.max(123, Math.floor(text.length / 2))).slice(0, -1);
  return text.toWellFormed() === text ? text : text.slice(0, -1);
};
