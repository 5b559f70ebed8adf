/** The pipelines that the reader may see, each with its figures at a glance. */

import { figuresOf } from './pipeline-figures.js'
import { hashOf } from './place.js'
import { readableBytes, readableNumber, readableRate } from './readable-number.js'
import { Sparkline } from './sparkline.js'

export class PipelineList {
  #list
  /** @type {Map<string, Card>} */
  #cards = new Map()
  /** @type {{ status: any, at: number } | undefined} */
  #before

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list
  }

  /**
   * @param {any} status
   * @param {number} at
   * @returns {Map<string, import('./pipeline-figures.js').Figures>}
   */
  show(status, at) {
    const names = Object.keys(status.pipelines)
    for (const [name, card] of this.#cards) {
      if (names.includes(name)) continue
      card.element.remove()
      this.#cards.delete(name)
    }
    const figures = new Map()
    const seconds = this.#before === undefined ? 0 : (at - this.#before.at) / 1000
    for (const name of names) {
      const found = figuresOf(status.pipelines[name], this.#before?.status.pipelines[name], seconds)
      figures.set(name, found)
      let card = this.#cards.get(name)
      if (card === undefined) {
        card = new Card(name)
        this.#cards.set(name, card)
        this.#list.append(card.element)
      }
      card.show(found)
    }
    this.#before = { status, at }
    return figures
  }

  /** @param {string} chosen */
  mark(chosen) {
    for (const [name, card] of this.#cards) {
      if (name === chosen) card.link.setAttribute('aria-current', 'true')
      else card.link.removeAttribute('aria-current')
    }
  }
}

class Card {
  element = document.createElement('li')
  link = document.createElement('a')
  #state = text('state')
  #in = text('rate in')
  #out = text('rate out')
  #facts = document.createElement('dl')
  #error = text('error-text')
  #line = new Sparkline()

  /** @param {string} name */
  constructor(name) {
    this.element.className = 'pipeline'
    this.link.href = hashOf({ pipeline: name, level: '', match: '' })
    const heading = text('name')
    heading.textContent = name
    const head = text('head')
    head.append(heading, this.#state)
    const rates = text('rates')
    rates.append(this.#in, this.#line.element, this.#out)
    this.link.append(head, rates)
    this.element.append(this.link, this.#facts, this.#error)
  }

  /** @param {import('./pipeline-figures.js').Figures} figures */
  show(figures) {
    this.element.dataset.state = figures.state
    set(this.#state, figures.state)
    set(this.#in, `in ${readableRate(figures.inPerSecond)}`)
    set(this.#out, `out ${readableRate(figures.outPerSecond)}`)
    if (figures.inPerSecond !== undefined) this.#line.push(figures.inPerSecond)
    this.#showFacts(factsOf(figures))
    set(this.#error, figures.lastError ?? '')
    this.#error.hidden = figures.lastError === undefined
  }

  /** @param {[string, string, boolean?][]} facts */
  #showFacts(facts) {
    while (this.#facts.childElementCount > facts.length) this.#facts.lastElementChild?.remove()
    for (const [place, [name, value, isBad]] of facts.entries()) {
      let pair = this.#facts.children[place]
      if (pair === undefined) {
        pair = document.createElement('div')
        pair.append(document.createElement('dt'), document.createElement('dd'))
        this.#facts.append(pair)
      }
      pair.className = isBad ? 'bad' : ''
      set(/** @type {HTMLElement} */ (pair.firstElementChild), name)
      set(/** @type {HTMLElement} */ (pair.lastElementChild), value)
    }
  }
}

/** @returns {[string, string, boolean?][]} */
function factsOf({ taken, filtered, dropped, viewers, queued, restarts, lagBytes }) {
  /** @type {[string, string, boolean?][]} */
  const facts = [['taken', readableNumber(taken)]]
  if (viewers !== undefined) facts.push(['viewers', readableNumber(viewers)])
  facts.push(['waiting', readableNumber(queued)])
  if (filtered > 0) facts.push(['filtered', readableNumber(filtered)])
  if (lagBytes !== undefined) facts.push(['unread', readableBytes(lagBytes)])
  if (restarts > 0) facts.push(['restarts', readableNumber(restarts), true])
  for (const [reason, entries] of dropped) facts.push([`dropped: ${reason}`, readableNumber(entries), true])
  return facts
}

function text(className) {
  const made = document.createElement('span')
  made.className = className
  return made
}

/** What is the same is left alone: nothing is laid out anew, and a marked text stays marked. */
function set(element, value) {
  if (element.textContent !== value) element.textContent = value
}
