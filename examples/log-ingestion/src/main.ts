/** `pnpm start [folder]`: generator, collector, API and dashboard, each a process of its own; what dies is started again. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const [folder = './data', apiPort = '8000', dashboardPort = '8001'] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

const log = join(folder, 'app.log')
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const program = (name: string): string[] => [process.execPath, ...process.execArgv, here(`./${name}.ts`)]
const api = `http://127.0.0.1:${apiPort}`

const parts: Readonly<Record<string, readonly string[]>> = {
  api: [...program('api'), join(folder, 'logs.db'), apiPort, `http://127.0.0.1:${dashboardPort}`],
  dashboard: [...program('dashboard'), api, dashboardPort],
  collector: [...program('collector'), log, `${api}/logs`],
  generator: [here('../logs.sh'), '1', '1000000'],
}

const restartMs = 1000
const running = new Map<string, ChildProcess>()
let isStopping = false

function start(name: string): void {
  if (isStopping) return
  const [command = '', ...words] = parts[name] ?? []
  const child = spawn(command, words, { env: { ...process.env, LOG_FILE: log }, stdio: ['ignore', 'pipe', 'pipe'] })
  const say = (line: string): void => console.log(`${name.padEnd(9)} ${line}`)
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', say)
  running.set(name, child)
  say(`is process ${child.pid}`)
  child.once('error', ({ message }) => say(message))
  child.once('close', (code, signal) => {
    running.delete(name)
    if (isStopping || code === 0) return
    say(`ended with ${signal ?? code}, and is started again`)
    setTimeout(start, restartMs, name)
  })
}

function stop(): void {
  isStopping = true
  for (const child of running.values()) child.kill('SIGTERM')
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

for (const name of Object.keys(parts)) start(name)
