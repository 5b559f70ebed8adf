/** Changes one value in the text of a YAML file; comments and order stay. */

import { type Document, isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml'
import type { Plain } from './coerce.ts'
import { type Edit, isKey } from './edit.ts'

/** The text with the value in its place. Throws when an alias is in the way. */
export function editYaml(text: string, { path, value }: Edit): string {
  const document = parseDocument(text, { keepSourceTokens: true })
  const place = spelled(document, path)
  const known: unknown = document.getIn(place, true)
  if (isScalar(known) && known.range != null && known.anchor === undefined && !isBlock(known.type)) {
    const [from, to] = known.range
    return text.slice(0, from) + inline(value) + text.slice(to)
  }
  document.setIn(place, value)
  return document.toString({ lineWidth: 0, indentSeq: !/^(\s*)[\w-]+:[^\n]*\n\1- /m.test(text) })
}

function isBlock(type: string | undefined): boolean {
  return type === 'BLOCK_FOLDED' || type === 'BLOCK_LITERAL'
}

/** On one line. */
function inline(value: Plain): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trimEnd()
}

/** The path in the spelling of the file, indices as numbers. */
function spelled(document: Document.Parsed, path: readonly string[]): readonly (string | number)[] {
  const place: (string | number)[] = []
  for (const key of path) {
    const node: unknown = place.length === 0 ? document.contents : document.getIn(place, true)
    if (isSeq(node)) place.push(Number(key))
    else {
      const pair = isMap(node)
        ? node.items.find((each) => isScalar(each.key) && isKey(String(each.key.value), key))
        : undefined
      place.push(isScalar(pair?.key) ? String(pair.key.value) : key)
    }
  }
  return place
}
