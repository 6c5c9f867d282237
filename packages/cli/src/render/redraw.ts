/** Drawing lines over the ones drawn before. Lines are not wrapped while drawing, and no more are drawn than the terminal has. */

export interface Picture {
  readonly text: string;
  /** Lines drawn, to be given to the next call. */
  readonly height: number;
}

const noWrap = "\u001b[?7l";
const wrap = "\u001b[?7h";

export const redraw = (lines: ReadonlyArray<string>, previousHeight: number, terminalRows: number): Picture => {
  // A terminal that does not know its size says 0.
  const room = terminalRows > 0 ? Math.max(2, terminalRows - 1) : Infinity;
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more below the edge`];
  const back = previousHeight === 0 ? "" : `\u001b[${previousHeight}A\u001b[J`;
  return { text: `${noWrap}${back}${shown.join("\n")}${wrap}`, height: shown.length };
};
