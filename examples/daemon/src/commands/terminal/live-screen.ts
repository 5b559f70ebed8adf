/** A terminal's other screen, redrawn in place; whatever ends the program, the first one comes back. */

import type { Terminal } from '../invocation.ts'

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

/** What a terminal sends for keys that are no letters. */
const keys: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1b[B': 'down',
  '\x1b[C': 'right',
  '\x1b[D': 'left',
  '\x1b[5~': 'page-up',
  '\x1b[6~': 'page-down',
  '\x1bOA': 'up',
  '\x1bOB': 'down',
  '\x1bOC': 'right',
  '\x1bOD': 'left',
  '\x03': 'interrupt',
}

/** The screen while it is shown. */
export interface LiveScreen {
  readonly columns: number
  readonly rows: number
  /** Replaces all that is shown; lines must fit. */
  draw(lines: readonly string[]): void
  /** Back to the first screen. */
  close(): void
}

/** Shows it, and tells of keys and of the terminal's size. */
export function openScreen(
  { stdin, stdout }: Terminal,
  { onKey, onResize }: { readonly onKey: (key: string) => void; readonly onResize: () => void },
): LiveScreen {
  let isOpen = true
  const restore = (): void => {
    if (!isOpen) return
    isOpen = false
    // On a terminal this is written before the call returns, so that it is in time at the end of the process, too.
    stdout.write(leave)
    if (stdin.isTTY) stdin.setRawMode?.(false)
  }
  const typed = (bytes: Buffer): void => {
    for (const [key] of bytes.toString('latin1').matchAll(/\x1b[[O][0-9;]*[A-Za-z~]|[\s\S]/g)) onKey(keys[key] ?? key)
  }
  process.on('exit', restore)
  stdout.on('resize', onResize)
  if (stdin.isTTY) {
    stdin.setRawMode?.(true)
    stdin.on('data', typed).resume()
  }
  stdout.write(enter)
  return {
    get columns() {
      // A terminal that does not know says 0.
      return stdout.columns || 80
    },
    get rows() {
      return stdout.rows || 24
    },
    draw(lines) {
      if (isOpen) stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
    },
    close() {
      restore()
      process.off('exit', restore)
      stdout.off('resize', onResize)
      stdin.off('data', typed).pause()
    },
  }
}
