/** A pipeline as a picture of box characters: side by side where there is room, else one below the other. */

import type { ExplainedStage, Explanation } from './explanation.ts'
import { fitTo, padTo, visible, widthOf, wrapTo } from './terminal/visible.ts'

interface Box {
  readonly title: string
  readonly lines: readonly string[]
}

/** Between two boxes. */
const arrow = ' ─▶ '
/** Left and right edge of a box, with a blank each. */
const edges = 4
/** A line in a box that is side by side with others is cut at this. */
const widestLine = 38

/** The lines of the picture, none wider than `width` columns, which is at least 20. */
export function pipelinePicture(explanation: Explanation, width: number): readonly string[] {
  const { sources, limits, filters, sinks } = explanation
  const boxes: readonly Box[] = [
    { title: 'sources', lines: stageLines(sources) },
    ...(limits.length > 0 ? [{ title: 'limits', lines: limits.map(visible) }] : []),
    ...(filters.length > 0 ? [{ title: 'filters', lines: filters.map(visible) }] : []),
    { title: 'sinks', lines: stageLines(sinks) },
  ]
  const widths = boxes.map(({ title, lines }) =>
    Math.min(widestLine, Math.max(...lines.map(widthOf), title.length + 2)),
  )
  const total = widths.reduce((sum, columns) => sum + columns + edges, 0) + arrow.length * (boxes.length - 1)
  const fits =
    total <= width && boxes.every(({ lines }, at) => lines.every((line) => widthOf(line) <= (widths[at] as number)))
  return fits ? sideBySide(boxes, widths) : stacked(boxes, Math.max(20, width))
}

function stageLines(stages: readonly ExplainedStage[]): readonly string[] {
  return stages.flatMap(({ type, place, buffer }) => [
    type,
    `  ${visible(place)}`,
    ...(buffer === undefined ? [] : [`  after a ${visible(buffer)}`]),
  ])
}

function sideBySide(boxes: readonly Box[], widths: readonly number[]): readonly string[] {
  const height = Math.max(...boxes.map(({ lines }) => lines.length))
  const middle = Math.floor(height / 2)
  const columns = boxes.map((box, at) => drawn(box, widths[at] as number, height))
  return Array.from({ length: height + 2 }, (_, row) =>
    columns.map((lines) => lines[row] as string).join(row === middle + 1 ? arrow : ' '.repeat(arrow.length)),
  )
}

function stacked(boxes: readonly Box[], width: number): readonly string[] {
  const inner = width - edges
  return boxes.flatMap((box, at) => {
    const lines = box.lines.flatMap((line) => {
      const indent = /^ */.exec(line)?.[0] ?? ''
      return wrapTo(line.trimStart(), inner - indent.length).map((part) => indent + fitTo(part, inner - indent.length))
    })
    const drawing = drawn({ title: box.title, lines }, inner, lines.length)
    return at === 0 ? drawing : [`${' '.repeat(Math.floor(width / 2) - 1)}▼`, ...drawing]
  })
}

function drawn({ title, lines }: Box, inner: number, height: number): readonly string[] {
  return [
    `┌─ ${title} ${'─'.repeat(Math.max(0, inner - title.length - 1))}┐`,
    ...Array.from({ length: height }, (_, row) => `│ ${padTo(lines[row] ?? '', inner)} │`),
    `└${'─'.repeat(inner + 2)}┘`,
  ]
}
