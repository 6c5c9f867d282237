/** Frames spoilt as bytes: nothing here knows what a field is. About a third of what comes out is a frame like any other. */
import type { Draws } from "./Draws.ts";

const marks = Array.from('"{}[],:-+.eE0123456789ntf \\\t\n\u0000', (character) => character.charCodeAt(0));

/** How much of a frame is changed at once. */
const amounts = [1, 1, 1, 2, 3];

/** `frame` with one to three things changed. `other` is another frame, for what is put together from two. */
export const spoilBytes = (frame: Uint8Array, other: Uint8Array, draws: Draws): Uint8Array => {
  let bytes = frame;
  for (let left = draws.pick(amounts); left > 0; left--) bytes = spoilOnce(bytes, other, draws);
  return bytes;
};

const spoilOnce = (bytes: Uint8Array, other: Uint8Array, draws: Draws): Uint8Array => {
  const at = draws.below(bytes.length);
  switch (draws.below(16)) {
    case 0:
      return spliced(bytes, at, 1, [draws.below(256)]);
    case 1:
      return spliced(bytes, at, 1, [draws.pick(marks)]);
    case 2:
      return spliced(bytes, at, 0, [draws.below(256)]);
    case 3:
      return spliced(bytes, at, 0, [draws.pick(marks)]);
    case 4:
      return spliced(bytes, at, 1 + draws.below(3), []);
    case 5:
      return bytes.subarray(0, at);
    case 6:
      return spliced(bytes, bytes.length, 0, other);
    case 7:
      // The beginning of one and the end of another, from the same place or from anywhere.
      return spliced(
        bytes,
        at,
        bytes.length - at,
        other.subarray(draws.once(2) ? Math.min(at, other.length) : draws.below(other.length + 1)),
      );
    case 8:
      return escaped(bytes, at);
    case 9: {
      const to = Math.min(bytes.length, at + 1 + draws.below(40));
      return spliced(bytes, draws.below(bytes.length), 0, bytes.subarray(at, to));
    }
    case 10:
      return withBlank(bytes, at, draws);
    default:
      return withOtherCharacter(bytes, at, draws);
  }
};

const spliced = (bytes: Uint8Array, at: number, removed: number, put: ArrayLike<number>): Uint8Array => {
  const rest = bytes.subarray(Math.min(bytes.length, at + removed));
  const made = new Uint8Array(at + put.length + rest.length);
  made.set(bytes.subarray(0, at));
  made.set(put, at);
  made.set(rest, at + put.length);
  return made;
};

/** The next letter or digit from `at` on said as an escape: the same text where it is in one. */
const escaped = (bytes: Uint8Array, at: number): Uint8Array => {
  const place = firstFrom(bytes, at, isLetter);
  if (place < 0) return bytes;
  const text = `\\u${bytes[place]!.toString(16).padStart(4, "0")}`;
  return spliced(
    bytes,
    place,
    1,
    Uint8Array.from(text, (character) => character.charCodeAt(0)),
  );
};

/** White space, of JSON's and of other sorts, where two tokens meet. */
const withBlank = (bytes: Uint8Array, at: number, draws: Draws): Uint8Array => {
  const place = firstFrom(bytes, at, isMark);
  return spliced(
    bytes,
    place < 0 ? bytes.length : place + draws.below(2),
    0,
    draws.pick([[32], [9], [10], [13], [32, 32], [11], [0], [0xc2, 0xa0]]),
  );
};

/** The next digit is another digit, or the next letter another letter: most often a frame that is as good as before. */
const withOtherCharacter = (bytes: Uint8Array, at: number, draws: Draws): Uint8Array => {
  const place = firstFrom(bytes, at, draws.once(4) ? isLetter : isDigit);
  if (place < 0) return bytes;
  const c = bytes[place]!;
  return spliced(bytes, place, 1, [isDigit(c) ? 48 + draws.below(10) : c < 97 ? 65 + draws.below(26) : 97 + draws.below(26)]);
};

/** The first place from `at` on with such a character; -1 where there is none. */
const firstFrom = (bytes: Uint8Array, at: number, isWanted: (c: number) => boolean): number => {
  for (let i = at; i < bytes.length; i++) if (isWanted(bytes[i]!)) return i;
  return -1;
};

const isMark = (c: number): boolean => c === 44 || c === 58 || c === 123 || c === 125;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isLetter = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
