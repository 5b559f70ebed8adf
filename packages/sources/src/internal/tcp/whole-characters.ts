/** Where text may be cut. */

/** The greatest end, at most `end`, that tears no character of UTF-8. */
export function wholeCharacters(bytes: Buffer, end: number): number {
  let at = end
  while (at > 0 && end - at < 4 && ((bytes[at] as number) & 0xc0) === 0x80) at--
  // More than three of them in a row are no UTF-8.
  return end - at === 4 ? end : at
}
