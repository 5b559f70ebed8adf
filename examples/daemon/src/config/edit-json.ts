/** Changes one value in the text of a JSON file; comments and order stay. */

import { applyEdits, modify, type Node, parseTree } from 'jsonc-parser'
import { type Edit, isKey } from './edit.ts'

/** The text with the value in its place. */
export function editJson(text: string, { path, value }: Edit): string {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
  const formattingOptions = {
    insertSpaces: !indent.includes('\t'),
    tabSize: indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  }
  return applyEdits(text, modify(text, spelled(parseTree(text), path), value, { formattingOptions }))
}

/** The path in the spelling of the file, indices as numbers. */
function spelled(root: Node | undefined, path: readonly string[]): (string | number)[] {
  let node = root
  return path.map((key) => {
    if (node?.type === 'array') {
      node = node.children?.[Number(key)]
      return Number(key)
    }
    const pair = node?.children?.find(({ children }) => isKey(String(children?.[0]?.value), key))
    node = pair?.children?.[1]
    return pair === undefined ? key : String(pair.children?.[0]?.value)
  })
}
