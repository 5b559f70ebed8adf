/** Dark, light, or as the system has it. */

import type { ReactElement } from 'react'
import type { Theme } from '../view-state.ts'

export interface ThemeSwitchProps {
  readonly theme: Theme
  readonly onChange: (theme: Theme) => void
}

const themes: readonly { readonly theme: Theme; readonly name: string; readonly sign: string }[] = [
  { theme: 'dark', name: 'Dark', sign: '☾' },
  { theme: 'light', name: 'Light', sign: '☀' },
  { theme: 'system', name: 'As the system', sign: '◐' },
]

/** Radio buttons that look like one switch. */
export function ThemeSwitch({ theme, onChange }: ThemeSwitchProps): ReactElement {
  return (
    <fieldset className="switch">
      <legend className="sr-only">Theme</legend>
      {themes.map((each) => (
        <label key={each.theme} className="switch__choice" title={each.name}>
          <input
            type="radio"
            name="theme"
            className="sr-only"
            checked={each.theme === theme}
            onChange={() => onChange(each.theme)}
          />
          <span aria-hidden="true">{each.sign}</span>
          <span className="sr-only">{each.name}</span>
        </label>
      ))}
    </fieldset>
  )
}
