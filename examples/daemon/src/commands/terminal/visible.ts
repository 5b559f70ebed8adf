/** Text on a terminal: what it shows, how wide it is, and how it is made to fit. */

/** The sequences of {@link styles}: they take no room. */
const sequence = /\x1b\[\d+m/g

/** Characters that would do something to the terminal, or turn the direction of writing. */
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Two columns wide, as terminals have them: East Asian wide and full-width characters, and pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

const segments = new Intl.Segmenter()

/** Shows control characters instead of letting them act: `\x1b`, `\n`, `\u202e`. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    if (character === '\r') return '\\r'
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** How many columns a text takes. */
export function widthOf(text: string): number {
  const plain = text.replace(sequence, '')
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length
  let width = 0
  for (const { segment } of segments.segment(plain)) width += wide.test(segment) ? 2 : 1
  return width
}

/** Puts blanks behind a text until it is so wide. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** Puts blanks before a text until it is so wide. */
export function padBefore(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

/** Cuts a text without styles, with `…` in the last column when something is missing. */
export function fitTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width < 1) return ''
  let taken = ''
  let columns = 0
  for (const { segment } of segments.segment(text)) {
    const more = widthOf(segment)
    if (columns + more > width - 1) break
    taken += segment
    columns += more
  }
  return `${taken}…`
}

/** Breaks a text without styles into lines of at most so many columns, at blanks where it can. */
export function wrapTo(text: string, width: number): string[] {
  const room = Math.max(8, width)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    let rest = word
    if (line !== '' && widthOf(line) + 1 + widthOf(rest) <= room) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (widthOf(rest) > room) {
      const piece = fitTo(rest, room + 1).replace(/…$/, '')
      lines.push(piece)
      rest = rest.slice(piece.length)
    }
    line = rest
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
}
