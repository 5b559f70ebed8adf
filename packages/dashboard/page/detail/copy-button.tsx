/** A button that copies, and says that it did. */

import { type ReactElement, useEffect, useState } from 'react'
import { writeClipboard } from './write-clipboard.ts'

export interface CopyButtonProps {
  /** What it says. */
  readonly name: string
  /** What is read out instead, where `name` alone says too little. */
  readonly label?: string | undefined
  /** Made when it is asked for. */
  readonly text: () => string
  /** Whether Tab stops here. @default true */
  readonly tabStop?: boolean | undefined
}

/** How long it says so. Unit: ms. */
const saidForMs = 1_600

/** As wide as before while it says `Copied`. */
export function CopyButton({ name, label, text, tabStop = true }: CopyButtonProps): ReactElement {
  const [outcome, setOutcome] = useState<string>()
  useEffect(() => {
    if (outcome === undefined) return
    const timer = setTimeout(() => setOutcome(undefined), saidForMs)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = (): void => {
    writeClipboard(text()).then(
      () => setOutcome('Copied'),
      () => setOutcome('No access'),
    )
  }
  return (
    <span className="copy">
      <button type="button" aria-label={label} tabIndex={tabStop ? undefined : -1} onClick={copy}>
        {/* The name keeps its place, so that nothing moves. */}
        <span className={outcome === undefined ? undefined : 'copy__name--hidden'}>{name}</span>
        {outcome !== undefined && (
          <span className="copy__outcome" aria-hidden="true">
            {outcome}
          </span>
        )}
      </button>
      <span className="sr-only" role="status">
        {outcome}
      </span>
    </span>
  )
}
