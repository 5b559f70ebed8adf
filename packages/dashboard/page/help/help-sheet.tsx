/** What can be searched for, and what keys do. */

import { type ReactElement, useEffect, useRef } from 'react'

export interface HelpSheetProps {
  readonly isOpen: boolean
  readonly onClose: () => void
  /** Whether keys that write a character work. */
  readonly letterKeys: boolean
  readonly onLetterKeys: (isOn: boolean) => void
}

/** What one writes, and what it finds. */
const language: readonly (readonly [example: string, finds: string])[] = [
  ['timeout', 'lines with this word, in the text or in a field; without regard to case and accents'],
  ['time*', 'a word that begins so'],
  ['"card was declined"', 'these words, one after the other'],
  ['/timed? ?out/i', 'a regular expression; i: without regard to case'],
  ['level:error,fatal', 'lines of one of these levels; none: lines without a level'],
  ['level>=warn', 'lines of this level and of worse ones'],
  ['source:api.log', 'lines of a source; the end of its path is enough'],
  ['field.user.id=42', 'lines with this value in a field; 42,43 is one of several'],
  ['has:user.id', 'lines that have this field, whatever its value'],
  ['-healthz', 'without; before anything of the above'],
]

const keys: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['/'], 'to the search'],
  [['j', 'k'], 'to the next or the previous line; also the arrow keys'],
  [['g', 'G'], 'to the first or the last line, as Home and End; the last one follows what comes'],
  [['Enter'], 'opens the line'],
  [['Esc'], 'closes it'],
  [['f'], 'follows what comes, or not'],
  [['w'], 'breaks long lines, or not'],
  [['t'], 'jumps to a time'],
  [['?'], 'this sheet'],
]

/** A dialogue: Escape closes it, and the focus goes back to where it was. */
export function HelpSheet({ isOpen, onClose, letterKeys, onLetterKeys }: HelpSheetProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    if (isOpen && element?.open === false) element.showModal()
    if (!isOpen && element?.open === true) element.close()
  }, [isOpen])
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-heading" onClose={onClose}>
      <div className="help__bar">
        <h2 id="help-heading">How to search</h2>
        <button type="button" aria-label="Close the help" onClick={onClose}>
          ✕
        </button>
      </div>
      {isOpen && (
        <>
          <p>All that is written has to fit; the order does not matter.</p>
          <dl className="help__list">
            {language.map(([example, finds]) => (
              <div key={example}>
                <dt>
                  <code>{example}</code>
                </dt>
                <dd>{finds}</dd>
              </div>
            ))}
          </dl>
          <h2>Keys</h2>
          <dl className="help__list">
            {keys.map(([names, does]) => (
              <div key={does}>
                <dt>
                  {names.map((name) => (
                    <kbd key={name}>{name}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <label className="help__switch">
            <input type="checkbox" checked={letterKeys} onChange={({ target }) => onLetterKeys(target.checked)} />
            Letters and signs are keys
          </label>
        </>
      )}
    </dialog>
  )
}
