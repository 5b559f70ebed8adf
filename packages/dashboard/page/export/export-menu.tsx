/** Takes what is shown along as a file: plain links, so that the browser saves it as it comes, however much it is. */

import { type KeyboardEvent, type ReactElement, useEffect, useId, useRef, useState } from 'react'
import type { ExportFormat } from '../data/api-client.ts'

export interface ExportMenuProps {
  /** The address that gives what is shown in this format. */
  readonly link: (format: ExportFormat) => string
}

const formats: readonly { readonly format: ExportFormat; readonly name: string; readonly note: string }[] = [
  { format: 'ndjson', name: 'NDJSON', note: 'a JSON object a line, with all fields' },
  { format: 'csv', name: 'CSV', note: 'for spreadsheets' },
  { format: 'text', name: 'Text', note: 'lines to read' },
]

export function ExportMenu({ link }: ExportMenuProps): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const listId = useId()

  useEffect(() => {
    if (!isOpen) return
    const leave = ({ target }: Event): void => {
      if (!box.current?.contains(target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', leave)
    document.addEventListener('focusin', leave)
    return () => {
      document.removeEventListener('pointerdown', leave)
      document.removeEventListener('focusin', leave)
    }
  }, [isOpen])

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !isOpen) return
    setOpen(false)
    button.current?.focus()
    event.stopPropagation()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is for whatever inside has the focus
    <div ref={box} className="menu" onKeyDown={onKeyDown}>
      <button ref={button} type="button" aria-expanded={isOpen} aria-controls={listId} onClick={() => setOpen(!isOpen)}>
        Export
      </button>
      <ul id={listId} className="menu__list" hidden={!isOpen}>
        {isOpen &&
          formats.map(({ format, name, note }) => (
            <li key={format}>
              <a className="menu__item" href={link(format)} download onClick={() => setOpen(false)}>
                <span>{name}</span>
                <span className="menu__note">{note}</span>
              </a>
            </li>
          ))}
      </ul>
    </div>
  )
}
