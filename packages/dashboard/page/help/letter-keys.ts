/** Whether keys that write a character do something by themselves: who dictates to the page would press them unawares. */

import { useCallback, useState } from 'react'

const key = 'logwisp.letter-keys'

/** On, until it is switched off in this browser. */
export function useLetterKeys(): readonly [isOn: boolean, setOn: (isOn: boolean) => void] {
  const [isOn, set] = useState(read)
  const setOn = useCallback((next: boolean) => {
    set(next)
    try {
      localStorage.setItem(key, next ? 'on' : 'off')
    } catch {
      // A forbidden storage: it lasts as long as the page.
    }
  }, [])
  return [isOn, setOn]
}

function read(): boolean {
  try {
    return localStorage.getItem(key) !== 'off'
  } catch {
    return true
  }
}
