/**
 * Text of others (an exchange, a caller, an operating system) made fit for a line of a log or an alert: one line, no control or direction characters,
 * and no longer than a line should be.
 */
const longest = 200;

export const plainText = (text: string, most = longest): string => {
  const start = text.length > 4 * most ? text.slice(0, 4 * most) : text;
  // Control characters with tabs and line ends; the two line separators of Unicode; marks that turn the direction of text.
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const plain = start.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
  return plain.length > most || start.length < text.length ? `${plain.slice(0, most - 1)}…` : plain;
};
