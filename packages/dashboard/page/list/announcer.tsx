/** Reads out what changes on the page, politely and not too often. */

import { type ReactElement, useEffect, useRef, useState } from 'react'

/** Between two announcements: what changes faster is heard once. Unit: ms. */
const pauseMs = 3000

/** `text` undefined: nothing to say. */
export function Announcer({ text }: { readonly text: string | undefined }): ReactElement {
  const [said, setSaid] = useState('')
  const lastTime = useRef(Number.NEGATIVE_INFINITY)
  useEffect(() => {
    if (text === undefined || text === said) return
    const say = (): void => {
      lastTime.current = performance.now()
      setSaid(text)
    }
    const timer = setTimeout(say, Math.max(0, lastTime.current + pauseMs - performance.now()))
    return () => clearTimeout(timer)
  }, [text, said])
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {said}
    </div>
  )
}
