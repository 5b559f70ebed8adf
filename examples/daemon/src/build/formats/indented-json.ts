/** JSON over several lines. Works on the text, so that its numbers stay what they are. */

/** A string, a bracket, a comma, a colon, or anything else up to the next of these. Blanks between them do not count. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:\s]+/g

/** The same value with each member on a line of its own, two blanks deeper than what is around it. */
export function indentedJson(json: string): string {
  let text = ''
  let depth = 0
  let before = ''
  const newLine = (): string => `\n${'  '.repeat(depth)}`
  for (const [part] of json.matchAll(token)) {
    const isEmpty = (part === '}' && before === '{') || (part === ']' && before === '[')
    if (part === '}' || part === ']') {
      depth--
      text += isEmpty ? part : `${newLine()}${part}`
    } else {
      if (before === '{' || before === '[' || before === ',') text += newLine()
      text += part === ':' ? ': ' : part
      if (part === '{' || part === '[') depth++
    }
    before = part
  }
  return text
}
