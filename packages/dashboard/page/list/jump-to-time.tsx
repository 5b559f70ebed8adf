/** Asks for a time, and goes to the lines there. */

import { type FormEvent, type ReactElement, useEffect, useId, useRef, useState } from 'react'

export interface JumpToTimeProps {
  readonly isOpen: boolean
  readonly onOpenChange: (isOpen: boolean) => void
  /** Where the list is now, to begin with; in ms since the epoch. */
  readonly now: () => number
  readonly onJump: (time: number) => void
}

export function JumpToTime({ isOpen, onOpenChange, now, onJump }: JumpToTimeProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null)
  const input = useRef<HTMLInputElement>(null)
  const [problem, setProblem] = useState<string>()
  const inputId = useId()
  const problemId = useId()

  // biome-ignore lint/correctness/useExhaustiveDependencies: `now` is asked when it opens
  useEffect(() => {
    const element = dialog.current
    if (!isOpen || element === null) return
    setProblem(undefined)
    if (input.current !== null) input.current.value = localTime(now())
    element.showModal()
    return () => element.close()
  }, [isOpen])

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const time = Date.parse(input.current?.value ?? '')
    if (Number.isNaN(time)) {
      setProblem('A date and a time, please.')
      return
    }
    onOpenChange(false)
    onJump(time)
  }

  return (
    <>
      <button type="button" onClick={() => onOpenChange(true)} title="t">
        Jump to time
      </button>
      <dialog ref={dialog} className="help" aria-label="Jump to time" onClose={() => onOpenChange(false)}>
        <form className="jump" onSubmit={submit} noValidate>
          <label htmlFor={inputId}>Local time</label>
          <input
            ref={input}
            id={inputId}
            type="datetime-local"
            step="0.001"
            aria-invalid={problem !== undefined}
            aria-describedby={problemId}
          />
          <p id={problemId} role="alert">
            {problem}
          </p>
          <div className="jump__buttons">
            <button type="submit">Jump</button>
            <button type="button" onClick={() => onOpenChange(false)}>
              Cancel
            </button>
          </div>
        </form>
      </dialog>
    </>
  )
}

/** As the input takes it: local time without a zone. */
function localTime(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000
  return new Date(ms - offsetMs).toISOString().slice(0, 23)
}
