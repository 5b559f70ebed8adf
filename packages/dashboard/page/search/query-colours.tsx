/** The text of a search in colours, behind the input whose own text cannot be seen. */

import type { QueryPart } from '@logwisp/store/query-language'
import type { ReactElement, Ref } from 'react'
import { querySegments } from './query-segments.ts'

export interface QueryColoursProps {
  readonly text: string
  /** Whether a part that is wrong is not marked so. */
  readonly isQuiet: (part: QueryPart) => boolean
  readonly ref: Ref<HTMLDivElement>
}

/** Has the same text at the same places as the input; says nothing to screen readers, which read the input. */
export function QueryColours({ text, isQuiet, ref }: QueryColoursProps): ReactElement {
  let at = 0
  return (
    <div ref={ref} className="search__colours" aria-hidden="true">
      {querySegments(text).map(({ text: piece, part }) => {
        const key = at
        at += piece.length
        if (part === undefined) return <span key={key}>{piece}</span>
        const wrong = part.problem === undefined || isQuiet(part) ? '' : ' part--wrong'
        return (
          <span key={key} className={`part part--${part.kind}${part.not ? ' part--not' : ''}${wrong}`}>
            {piece}
          </span>
        )
      })}
    </div>
  )
}
