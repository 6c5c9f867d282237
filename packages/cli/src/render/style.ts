/**
 * Colour, where the reader is a terminal that wants it. Rises are red and falls blue, as on every Korean price board. What comes from the
 * network passes `printable` first: a market's name must not be able to move the cursor.
 */

export type Tone = "plain" | "rise" | "fall" | "dim" | "strong" | "warn" | "alarm" | "good";

export interface Style {
  readonly paint: (tone: Tone, text: string) => string;
}

const codes: Readonly<Record<Exclude<Tone, "plain">, readonly [on: number, off: number]>> = {
  rise: [31, 39],
  fall: [34, 39],
  dim: [2, 22],
  strong: [1, 22],
  warn: [33, 39],
  alarm: [91, 39],
  good: [32, 39],
};

/** For pipes and files. */
export const plain: Style = { paint: (_, text) => text };

export const coloured: Style = {
  paint: (tone, text) => {
    if (tone === "plain" || text === "") return text;
    const [on, off] = codes[tone];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  },
};

export const styleOf = (canColor: boolean): Style => (canColor ? coloured : plain);

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with every character replaced that could act on a terminal instead of being shown, line breaks included. */
export const printable = (text: string): string => text.replace(controlCharacters, "\ufffd");
