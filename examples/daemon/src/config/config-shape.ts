/** The shape of the whole configuration. */

import { configSchema } from './schema.ts'
import { type Shape, shapeOf, type TableShape } from './shape.ts'

/** What may stand where in a configuration. */
export const configShape: TableShape = (() => {
  const shape = shapeOf(configSchema)
  if (shape.kind !== 'table') throw new Error('a configuration is a table')
  return shape
})()

/** The dotted paths of all leaves; `0` stands for any index. */
export const leafPaths: readonly string[] = [...leavesBelow(configShape, [])]

function* leavesBelow(shape: Shape, path: readonly string[]): Generator<string> {
  switch (shape.kind) {
    case 'leaf':
      yield path.join('.')
      break
    case 'list':
      yield* leavesBelow(shape.item, [...path, '0'])
      break
    default:
      for (const [key, inner] of (shape.kind === 'choice' ? shape.any : shape).keys) {
        yield* leavesBelow(inner, [...path, key])
      }
  }
}
