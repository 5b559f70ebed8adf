/** The live lines of the chosen pipeline: stream → store → view → list, and the controls around them. */

import { Announcer } from './announcer.js'
import { element } from './element.js'
import { copyLine, LineDetails } from './line-details.js'
import { filterQuery, passes } from './line-filter.js'
import { LineList } from './line-list.js'
import { LineStore } from './line-store.js'
import { LineStream } from './line-stream.js'
import { LineView } from './line-view.js'
import { readableNumber } from './readable-number.js'

/** How long typing must rest before lines are filtered. */
const typingRestMs = 200

/**
 * @typedef {object} TailOptions
 * @property {() => Record<string, string>} headers
 * @property {(status: number) => void} onRefused 401 and 403
 * @property {() => void} onFilter
 */

export class Tail {
  #options
  #announcer = new Announcer(element('spoken'))
  #store = new LineStore()
  #view = new LineView(this.#store)
  #list = new LineList(element('log'), this.#store, this.#view)
  #details = new LineDetails(element('details'), (text) => this.#announcer.say(text))
  #stream
  /** @type {URL | undefined} */
  #address
  #isPaused = false
  #came = 0
  #unseen = 0

  /** @param {TailOptions} options */
  constructor(options) {
    this.#options = options
    this.#stream = new LineStream({
      headers: options.headers,
      onLine: (data) => this.#add({ data, at: Date.now() }),
      onGap: (gap) => this.#add({ gap, at: Date.now() }),
      onState: (name, text, status) => this.#heard(name, text, status),
    })
    this.#view.onLine = ({ level }) => this.#announcer.count(level === 'error' || level === 'fatal')
    this.#list.onFrame = () => this.#drawn()
    this.#list.onOpen = () => this.showDetails()
    this.#details.onClose = () => element('log').focus({ preventScroll: true })
    this.#listen()
  }

  /** @returns {{ level: string, match: string }} */
  get filter() {
    return { level: element('level').value, match: element('match').value }
  }

  /** @param {{ level: string, match: string }} filter */
  set filter({ level, match }) {
    if (level === this.filter.level && match === this.filter.match) return
    element('level').value = level
    element('match').value = match
    this.#refilter()
  }

  /** Shows another stream from now on. @param {URL | undefined} address Undefined: there is none here. */
  open(address) {
    this.#address = address
    this.clear()
    this.#details.close()
    if (address === undefined) {
      this.#stream.close()
      return this.#setState('none', 'no live stream on this port')
    }
    this.#reopen()
  }

  /** Asks for the stream once more, as somebody else perhaps. */
  retry() {
    if (this.#address !== undefined && !this.#stream.isOpen && !this.#isPaused) this.#stream.resume()
  }

  clear() {
    this.#store.dropBefore(this.#store.next)
    this.#list.deselect()
    this.#list.follow()
    this.#show()
  }

  togglePause() {
    this.#isPaused = !this.#isPaused
    const button = element('pause')
    button.ariaPressed = String(this.#isPaused)
    button.textContent = this.#isPaused ? 'Go on' : 'Pause'
    if (!this.#isPaused) return this.#stream.resume()
    this.#stream.close()
    this.#setState('paused', 'paused')
  }

  /** Lines, or something else in their place. @param {boolean} isShown */
  setShown(isShown) {
    if (!isShown) this.#list.setShown(false)
    element('lines').hidden = !isShown
    if (isShown) this.#list.setShown(true)
  }

  toggleWrap() {
    this.#list.setWraps(!this.#list.wraps)
    element('wrap').ariaPressed = String(this.#list.wraps)
  }

  /** Of the active line; the keyboard goes there. */
  showDetails() {
    const item = this.#activeItem()
    if (item === undefined) return
    this.#details.show(/** @type {number} */ (this.#list.active), item)
    this.#list.revealActive()
    element('details').focus({ preventScroll: true })
  }

  copyActive() {
    const item = this.#activeItem()
    if (item !== undefined) void copyLine(item, 'message', (text) => this.#announcer.say(text))
  }

  /** Closes what is open, or lets go of the active line. */
  escape() {
    if (this.#details.isOpen) this.#details.close()
    else this.#list.deselect()
  }

  /** What keys do. @returns {Record<string, () => void>} */
  get actions() {
    const list = this.#list
    return {
      j: () => list.move(1),
      k: () => list.move(-1),
      ArrowDown: () => list.move(1),
      ArrowUp: () => list.move(-1),
      PageDown: () => list.movePages(1),
      PageUp: () => list.movePages(-1),
      g: () => list.moveToFirst(),
      Home: () => list.moveToFirst(),
      G: () => list.moveToLast(),
      End: () => list.moveToLast(),
      Enter: () => this.showDetails(),
      c: () => this.copyActive(),
      w: () => this.toggleWrap(),
      ' ': () => this.togglePause(),
      '/': () => element('match').select(),
      Escape: () => this.escape(),
    }
  }

  #listen() {
    let typing = 0
    element('filter').addEventListener('submit', (event) => {
      event.preventDefault()
      clearTimeout(typing)
      this.#refilter()
      element('log').focus()
    })
    element('level').addEventListener('change', () => this.#refilter())
    element('at-server').addEventListener('change', () => this.#reopen())
    element('match').addEventListener('input', () => {
      clearTimeout(typing)
      typing = setTimeout(() => this.#refilter(), typingRestMs)
    })
    element('match').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      event.preventDefault()
      if (element('match').value === '') return element('log').focus()
      element('match').value = ''
      this.#refilter()
    })
    element('pause').addEventListener('click', () => this.togglePause())
    element('wrap').addEventListener('click', () => this.toggleWrap())
    element('clear').addEventListener('click', () => this.clear())
    element('follow').addEventListener('click', () => {
      this.#list.follow()
      element('log').focus({ preventScroll: true })
    })
    let before = 0
    setInterval(() => {
      element('rate').textContent = this.#came > before ? `${readableNumber(this.#came - before)}/s` : ''
      before = this.#came
    }, 1000)
  }

  #add(item) {
    this.#store.add(item)
    this.#came++
    if (!this.#list.isFollowing) this.#unseen++
    this.#list.ask()
  }

  get #isAtServer() {
    return element('at-server').checked
  }

  #refilter() {
    this.#options.onFilter()
    if (this.#isAtServer) this.#reopen()
    else this.#show()
  }

  /** From the server's backlog. */
  #reopen() {
    if (this.#address === undefined) return
    this.#store.dropBefore(this.#store.next)
    this.#show()
    this.#stream.open(this.#address.href, this.#isAtServer ? filterQuery(this.filter) : [])
    // What was asked for while it is paused is shown when it goes on.
    if (this.#isPaused) this.#stream.close()
  }

  /** Goes through the lines that are here with the filter as it is now. */
  #show() {
    const active = this.#list.active
    try {
      this.#view.show(passes(this.#isAtServer ? { level: '', match: '' } : this.filter))
      this.#complain(undefined)
    } catch (error) {
      this.#complain(`match: ${error.message}`)
      return
    }
    this.#list.reset()
    this.#unseen = 0
    // A line that was chosen stays in sight, with what is around it in the new view.
    if (active !== undefined) this.#revealNext = true
  }

  #revealNext = false

  #complain(text) {
    element('match-error').textContent = text ?? ''
    element('match-error').hidden = text === undefined
    if (text === undefined) element('match').removeAttribute('aria-invalid')
    else element('match').ariaInvalid = 'true'
  }

  #heard(name, text, status) {
    if (name !== 'refused') return this.#setState(name, text)
    this.#setState('lost', 'refused')
    if (status === 401 || status === 403) this.#options.onRefused(status)
    else this.#complain(text)
  }

  #setState(name, text) {
    element('state').dataset.state = name
    if (element('state-text').textContent !== text) element('state-text').textContent = text
    this.#drawn()
  }

  #activeItem() {
    return this.#list.active === undefined ? undefined : this.#store.at(this.#list.active)
  }

  /** After each frame of the list. */
  #drawn() {
    if (this.#revealNext) {
      this.#revealNext = false
      this.#list.revealActive()
    }
    const { size } = this.#view
    const isFiltered = size < this.#store.size
    const all = this.#store.size
    const count = `${isFiltered ? `${readableNumber(size)} of ` : ''}${readableNumber(all)} ${all === 1 ? 'line' : 'lines'}`
    if (element('shown').textContent !== count) element('shown').textContent = count
    if (this.#list.isFollowing) this.#unseen = 0
    const follow = element('follow')
    follow.hidden = this.#list.isFollowing || size === 0
    const text = this.#unseen === 0 ? 'Newest lines ↓' : `${readableNumber(this.#unseen)} newer ↓`
    if (follow.textContent !== text) follow.textContent = text
    this.#explainEmptiness(size)
    const item = this.#activeItem()
    if (this.#details.isOpen && item !== undefined) this.#details.show(/** @type {number} */ (this.#list.active), item)
  }

  #explainEmptiness(size) {
    const empty = element('empty')
    empty.hidden = size > 0 || this.#view.isCatchingUp
    if (empty.hidden) return
    const state = element('state').dataset.state
    const text =
      state === 'none'
        ? 'This pipeline shows nothing live here: it has no sink of the type http on this port. Its figures are under Stages.'
        : this.#store.size > 0
          ? `${noneOf(this.#store.size)} the filter. New ones that do will show up.`
          : this.#isAtServer && (this.filter.level !== '' || this.filter.match !== '')
            ? 'The server has no line yet that matches the filter.'
            : state === 'live'
              ? 'Waiting for lines. What comes into the pipeline from now on shows up here.'
              : ''
    if (empty.textContent !== text) empty.textContent = text
  }
}

const noneOf = (lines) =>
  lines === 1 ? 'The line here does not match' : `None of the ${readableNumber(lines)} lines here matches`
