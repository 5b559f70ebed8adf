/** Keys that work wherever nothing else on the page needs them. */

import { useEffect, useRef } from 'react'

export interface PageKeys {
  readonly search: () => void
  readonly follow: () => void
  readonly wrap: () => void
  readonly jump: () => void
  readonly help: () => void
  readonly close: () => void
  /** Whether the list knows the key. */
  readonly list: (key: string) => boolean
}

const commands: Readonly<Record<string, keyof Omit<PageKeys, 'list'>>> = {
  '/': 'search',
  f: 'follow',
  w: 'wrap',
  t: 'jump',
  '?': 'help',
  Escape: 'close',
}

/** Keys of the list that letters are, and so work everywhere; the others only where they would do nothing else. */
const letters = ['j', 'k', 'g', 'G']

/** `letterKeys`: whether keys that write a character count. */
export function usePageKeys(keys: PageKeys, letterKeys: boolean): void {
  const latest = useRef({ ...keys, letterKeys })
  latest.current = { ...keys, letterKeys }
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key.length === 1 && !latest.current.letterKeys) return
      const target = event.target as HTMLElement
      if (isEditable(target) || document.querySelector('dialog[open]') !== null) return
      const command = Object.hasOwn(commands, event.key) ? commands[event.key] : undefined
      if (command !== undefined) latest.current[command]()
      else if (!(letters.includes(event.key) || isListOrNothing(target)) || !latest.current.list(event.key)) return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}

function isEditable(element: HTMLElement): boolean {
  return element.isContentEditable || element.closest('input:not([type=radio]), textarea, select') !== null
}

/** Arrows and Enter belong to whatever has the focus. */
function isListOrNothing(element: HTMLElement): boolean {
  return element === document.body || element.matches('[role=feed], [role=feed] article')
}
