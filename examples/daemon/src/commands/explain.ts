/** `logwisp explain`: each pipeline as a picture, what is promised on each link of it, and where it is weakest. */

import { loadConfig } from '../config/load.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Explanation, explanationOf } from './explanation.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { pipelinePicture } from './pipeline-picture.ts'
import { print } from './terminal/print.ts'
import { hasColors, type Styles, styles } from './terminal/styles.ts'
import { visible, wrapTo } from './terminal/visible.ts'

/** Where it is no terminal that says how wide it is. Unit: columns. */
const usualWidth = 100

/** Prints the pictures, or with `json` what is behind them. Rejects with a ConfigError. */
export async function explain(
  invocation: Invocation,
  options: { readonly json?: true },
  terminal: Terminal,
): Promise<number> {
  const { config } = await loadConfig(invocation)
  const explanations = config.pipelines.map((pipeline) => explanationOf(pipeline, config.router))
  if (options.json) {
    await print(terminal.stdout, `${JSON.stringify({ pipelines: explanations }, undefined, 2)}\n`)
    return exitCodes.ok
  }
  const { environment } = invocation
  const width = terminal.stdout.columns ?? (Number(environment['COLUMNS']) || usualWidth)
  const style = styles(hasColors(terminal.stdout, environment))
  const texts = explanations.map((explanation) => textOf(explanation, Math.max(20, width), style))
  await print(terminal.stdout, `${texts.join('\n\n')}\n`)
  return exitCodes.ok
}

function textOf(explanation: Explanation, width: number, style: Styles): string {
  const { name, links, weakest, advice } = explanation
  const color = {
    live: style.cyan,
    'at-most-once': style.red,
    drops: style.yellow,
    conditional: style.yellow,
    'at-least-once': style.green,
  }
  const indented = (text: string, first: string, paint = (line: string): string => line): string[] =>
    wrapTo(visible(text), width - 4).map((line, at) => `${at === 0 ? first : '    '}${paint(line)}`)
  const bullet = (text: string): string[] =>
    wrapTo(visible(text), width - 6).map((line, at) => `${at === 0 ? '    - ' : '      '}${line}`)
  const lines = [style.bold(name), '', ...pipelinePicture(explanation, width), '']
  const said = new Set<string>()
  for (const { from, to, guarantee } of links) {
    lines.push(...indented(`${from} → ${to}`, '  ', style.bold))
    lines.push(...indented(guarantee.words, '    ', color[guarantee.strength]))
    // Two sources of a kind have the same exceptions.
    const news = guarantee.except.filter((text) => !said.has(text))
    const isRepeated = news.length < guarantee.except.length
    if (guarantee.except.length > 0) {
      lines.push(
        style.dim(
          `    but not${isRepeated ? ' what is said above' : ''}${isRepeated && news.length > 0 ? ', and not' : ''}`,
        ),
      )
    }
    for (const text of news) lines.push(...bullet(text))
    for (const text of news) said.add(text)
  }
  lines.push('', style.bold('Weakest link'), ...indented(weakest, '    '))
  if (advice.length > 0) {
    lines.push(style.bold('Stronger with'))
    for (const text of advice) lines.push(...indented(text, '  - '))
  }
  return lines.join('\n')
}
