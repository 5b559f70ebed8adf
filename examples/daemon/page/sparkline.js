/** A minute of a figure as a small line. For the eye only: the figure stands beside it as text. */

const namespace = 'http://www.w3.org/2000/svg'
const points = 60
const width = 120
const height = 28

export class Sparkline {
  element = document.createElementNS(namespace, 'svg')
  #line = document.createElementNS(namespace, 'polyline')
  #area = document.createElementNS(namespace, 'polygon')
  /** @type {number[]} */
  #values = []

  constructor() {
    this.element.setAttribute('viewBox', `0 0 ${width} ${height}`)
    this.element.setAttribute('preserveAspectRatio', 'none')
    this.element.setAttribute('class', 'sparkline')
    this.element.setAttribute('aria-hidden', 'true')
    this.element.append(this.#area, this.#line)
  }

  /** @param {number} value */
  push(value) {
    this.#values.push(value)
    if (this.#values.length > points) this.#values.shift()
    const highest = Math.max(1, ...this.#values)
    const left = width - ((this.#values.length - 1) * width) / (points - 1)
    const path = this.#values.map((each, at) => {
      const x = left + (at * width) / (points - 1)
      return `${x.toFixed(1)},${(height - 1.5 - (each / highest) * (height - 3)).toFixed(1)}`
    })
    this.#line.setAttribute('points', path.join(' '))
    this.#area.setAttribute('points', [`${left.toFixed(1)},${height}`, ...path, `${width},${height}`].join(' '))
  }
}
