/** The colours of both themes, by the formula of WCAG 2: 4.5:1 for text, 3:1 for edges of controls and for the bars. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const css = readFileSync(new URL('../../page/theme/colours.css', import.meta.url), 'utf8')

type Colour = readonly [red: number, green: number, blue: number]

/** Every property that has a colour for each theme. */
const colours = new Map(
  [...css.matchAll(/(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [
    name!,
    { light: parse(light!), dark: parse(dark!) },
  ]),
)

function parse(hex: string): Colour {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(one: Colour, other: Colour): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light! + 0.05) / (dark! + 0.05)
}

/** `share` of one colour in the other, as `color-mix(in srgb, …)` does it. */
function mixed(one: Colour, share: number, other: Colour): Colour {
  return one.map((part, index) => part * share + other[index]! * (1 - share)) as unknown as Colour
}

const grounds = ['--ground', '--panel', '--raised', '--hover', '--chosen']
const texts = ['--text', '--dim', '--accent']
const levels = ['--trace', '--debug', '--info', '--warn', '--error', '--fatal', '--none']
const bars = ['--bar-warn', '--bar-error', '--bar-fatal']

for (const theme of ['light', 'dark'] as const) {
  const colour = (name: string): Colour => {
    const found = colours.get(name)?.[theme]
    if (found === undefined) throw new Error(`colours.css has no ${name}`)
    return found
  }

  test(`${theme}: text can be read on each ground that it stands on`, () => {
    const poor = [...texts, ...levels].flatMap((text) =>
      grounds
        .map((ground) => [text, ground, contrast(colour(text), colour(ground))] as const)
        .filter(([, , ratio]) => ratio < 4.5),
    )
    expect(poor).toEqual([])
  })

  test(`${theme}: levels can be read on a tint of themselves`, () => {
    const poor = levels
      .map((level) => [level, contrast(colour(level), mixed(colour(level), 0.16, colour('--ground')))] as const)
      .filter(([, ratio]) => ratio < 4.5)
    expect(poor).toEqual([])
  })

  test(`${theme}: edges of controls, the focus and urgent bars stand out`, () => {
    const poor = ['--control-edge', '--focus', '--accent', ...bars]
      .map((edge) => [edge, contrast(colour(edge), colour('--ground'))] as const)
      .filter(([, ratio]) => ratio < 3)
    expect(poor).toEqual([])
  })
}
