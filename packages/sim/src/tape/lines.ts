/** Lines of a text one at a time: a member of a hostile tape can hold more line ends than an array of lines fits into memory. */
export function* linesOf(text: string): Generator<string> {
  let from = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
    yield text.slice(from, end);
    from = end + 1;
  }
  yield text.slice(from);
}

/** The text in pages of so many lines each; the end of a page's last line is left out. */
export function* pagesOf(text: string, linesPerPage: number): Generator<string> {
  let [from, lines] = [0, 0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) {
    if (++lines < linesPerPage) continue;
    yield text.slice(from, end);
    [from, lines] = [end + 1, 0];
  }
  yield text.slice(from);
}
