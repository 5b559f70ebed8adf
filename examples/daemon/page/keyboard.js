/**
 * One key, one action, wherever the keyboard is: but not in fields where it writes, and not for keys that the focused
 * control has for itself. Can be switched off, as those who speak to their computer need it.
 */

const place = 'logwisp-keys'
const own = 'input, select, textarea, [contenteditable]'

export class Keyboard {
  #actions

  /** @param {Record<string, () => void>} actions by `KeyboardEvent.key` */
  constructor(actions) {
    this.#actions = actions
    document.addEventListener('keydown', (event) => this.#pressed(event))
  }

  get isOn() {
    return localStorage.getItem(place) !== 'off'
  }

  set isOn(isOn) {
    localStorage.setItem(place, isOn ? 'on' : 'off')
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const target = /** @type {Element} */ (event.target)
    if (target.matches(own) || target.closest('dialog') !== null) return
    const isControl = target.matches('button, a, summary')
    if (isControl && (event.key === ' ' || event.key === 'Enter')) return
    // Keys that write a character can be switched off; those with a name, and the space, belong to the list anyway.
    const isList = target.matches('[role=listbox], body')
    if (!this.isOn && event.key.length === 1 && !(isList && event.key === ' ')) return
    // Arrows and the like scroll whatever else has the focus.
    if (event.key.length > 1 && event.key !== 'Escape' && !isList) return
    const action = Object.hasOwn(this.#actions, event.key) ? this.#actions[event.key] : undefined
    if (action === undefined) return
    event.preventDefault()
    action()
  }
}
