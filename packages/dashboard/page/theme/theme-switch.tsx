/** Dark, light, or as the system has it. */

import type { ReactElement } from 'react'
import type { Theme } from '../view-state.ts'

export interface ThemeSwitchProps {
  readonly theme: Theme
  readonly onChange: (theme: Theme) => void
}

/** Signs are drawn: as characters, some systems make coloured pictures of them. */
const themes: readonly { readonly theme: Theme; readonly name: string; readonly path: string }[] = [
  { theme: 'dark', name: 'Dark', path: 'M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z' },
  {
    theme: 'light',
    name: 'Light',
    path: 'M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6zM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6L13 13M3 13l1.4-1.4M11.6 4.4L13 3',
  },
  { theme: 'system', name: 'As the system', path: 'M2 3h12v8H2zM5.5 14h5M8 11v3' },
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
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d={each.path} />
          </svg>
          <span className="sr-only">{each.name}</span>
        </label>
      ))}
    </fieldset>
  )
}
