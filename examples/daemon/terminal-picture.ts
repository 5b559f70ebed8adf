/** A picture of a command as a terminal shows it: run on a real pseudo terminal, drawn by a real terminal emulator. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Browser } from '@logwisp/browser-testing'

/** What to show. */
export interface TerminalPictureOptions {
  /** The program and its words. */
  readonly command: readonly string[]
  /** What stands behind the prompt, as a person would have typed it. */
  readonly typed: string
  readonly cwd: string
  readonly columns: number
  /** At most so many; fewer when less was written. */
  readonly rows: number
  /** Commands that go on by themselves are looked at after this time, and ended. Otherwise their end is waited for. */
  readonly lookAfterMs?: number
}

const themes = {
  background: '#0b0e11',
  foreground: '#c8d3da',
  black: '#29333b',
  red: '#ff7b78',
  green: '#5fbf8a',
  yellow: '#e3b341',
  blue: '#7fa7c9',
  magenta: '#ff8fd8',
  cyan: '#6cc7c7',
  white: '#c8d3da',
  brightBlack: '#8e9ca7',
}

/**
 * Runs the command, and returns the picture as PNG.
 *
 * Needs Debian's `script` for the pseudo terminal. Rejects when a command that ends by itself writes nothing.
 */
export async function terminalPicture(browser: Browser, options: TerminalPictureOptions): Promise<Buffer> {
  const written = await output(options)
  if (written === '') throw new Error(`${options.typed} wrote nothing`)
  return draw(browser, options, `\x1b[32m$\x1b[0m ${options.typed}\r\n${written}`)
}

async function output({ command, cwd, columns, rows, lookAfterMs }: TerminalPictureOptions): Promise<string> {
  const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const child = spawn('script', ['-qfec', `stty cols ${columns} rows ${rows}; exec ${words}`, '/dev/null'], {
    cwd,
    env: { ...process.env, TERM: 'xterm-256color', COLORTERM: 'truecolor' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  let text = ''
  let isLooking = true
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    if (isLooking) text += piece
  })
  if (lookAfterMs !== undefined) {
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, lookAfterMs))])
    // What it writes to tidy up belongs to the end, not into the picture.
    isLooking = false
    child.stdin.write('\x03')
  }
  await closed
  return text
}

async function draw(browser: Browser, { columns, rows }: TerminalPictureOptions, text: string): Promise<Buffer> {
  const emulator = new URL(import.meta.resolve('@xterm/xterm'))
  const page = await browser.newPage({ viewport: { width: 1600, height: 1200 } })
  try {
    await page.setContent('<body style="margin:0"><div id="terminal" style="display:inline-block;padding:12px"></div>')
    await page.addStyleTag({ content: await readFile(new URL('../css/xterm.css', emulator), 'utf8') })
    await page.addStyleTag({ content: '.xterm .scrollbar { display: none !important }' })
    await page.addScriptTag({ content: await readFile(emulator, 'utf8') })
    const given = JSON.stringify({ columns, rows, text, theme: themes })
    await page.evaluate(`(async ({ columns, rows, text, theme }) => {
      document.getElementById('terminal').style.background = theme.background
      const terminal = new Terminal({
        cols: columns, rows, theme, fontSize: 13, fontFamily: 'DejaVu Sans Mono, monospace',
        cursorInactiveStyle: 'none', allowProposedApi: true,
      })
      terminal.open(document.getElementById('terminal'))
      await new Promise((resolve) => terminal.write(text + '\\x1b[?25l', resolve))
      const { active } = terminal.buffer
      const used = Array.from({ length: active.length }, (_, row) => active.getLine(row).translateToString(true) !== '')
      terminal.resize(columns, Math.min(rows, used.lastIndexOf(true) + 1))
      terminal.scrollToTop()
      await new Promise(requestAnimationFrame)
      await new Promise(requestAnimationFrame)
    })(${given})`)
    return await page.locator('#terminal').screenshot()
  } finally {
    await page.close()
  }
}
