/** Why a message about the market was read by the general path and not by the byte scanner. The general path may well find nothing wrong with it. */
export const causes = [
  /** White space between tokens. */
  "blank",
  /** A backslash in a text. */
  "escape",
  /** A text that is not plain ASCII, or longer than any name, date or word of this exchange. */
  "text",
  /** A number with a larger exponent, or more digits, than the scanner keeps. */
  "digits",
  /** A value of another sort than its field's, or one its field does not allow. */
  "value",
  /** `null` where a value has to be. */
  "null",
  /** A field that is not in the table. */
  "field",
  /** A field said twice. */
  "duplicate",
  /** A field left out that has to be there. */
  "missing",
  /** The message does not begin with its type, or is of none that is known. */
  "type",
  /** The levels of a book are not in order, or too many. */
  "levels",
  /** What follows a value is not what follows a value in JSON, or the bytes end too early or too late. */
  "syntax",
] as const;
export type Cause = (typeof causes)[number];
