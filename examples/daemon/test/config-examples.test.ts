import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig } from './config-text.ts'

const folder = join(import.meta.dirname, '../config')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(toml|json|yaml)$/.test(file),
)

function read(file: string): ReturnType<typeof readConfig> {
  return readConfig(readFileSync(join(folder, file), 'utf8'), file)
}

describe('the example configurations', () => {
  it.each(files)('%s loads without a problem', (file) => {
    expect(read(file).problems).toEqual([])
  })

  it('W26: options over several lines load, as the ancestor shipped and documented them', () => {
    const { config } = read('go/minimal.toml')
    expect(config?.pipelines[0]?.sources[0]).toMatchObject({ type: 'directory', options: { pattern: '*.log' } })
    expect(config?.pipelines[0]?.sinks[0]).toMatchObject({ type: 'http', options: { port: 8080 } })
    expect(readFileSync(join(folder, 'go/minimal.toml'), 'utf8')).toMatch(/options = \{\n/)
  })

  it('what the ancestor saved on exit loads, its own keys and its texts for booleans too', () => {
    const { config, notices } = read('go/saved-on-exit.toml')
    expect(config).toMatchObject({
      config_save_on_exit: true,
      quiet: false,
      logging: { level: 'debug', file: { max_size_mb: 100 } },
      pipelines: [{ name: 'default' }],
    })
    expect(config?.pipelines[0]?.format).toBeUndefined()
    expect(notices.map(({ path }) => path)).toEqual(expect.arrayContaining(['background-daemon', 'config', 'version']))
  })

  it('the quick start says how it is otherwise than in Go, once, with its place', () => {
    const { notices } = read('go/quick-start.toml')
    expect(notices.map(({ path, severity }) => [path, severity])).toEqual([
      ['pipelines.0.sinks.0.options.host', 'notice'],
    ])
    expect(notices[0]?.message).toContain('127.0.0.1')
  })

  it('the ancestor’s files are known as such, ours are not', () => {
    const aboutGo = files.filter((file) =>
      read(file).notices.some(({ message }) => message.includes('. LogWisp in Go: ')),
    )
    expect(aboutGo.filter((file) => !file.startsWith('go/'))).toEqual([])
    // Nothing is otherwise for the others.
    expect(files.filter((file) => file.startsWith('go/') && !aboutGo.includes(file))).toEqual([
      'go/split-console-alone.toml',
      'go/split-console.toml',
    ])
  })

  it('our own files have nothing that works otherwise than it reads', () => {
    for (const file of files.filter((name) => !name.startsWith('go/'))) {
      const said = read(file).notices.filter(
        ({ message }) => message.includes('no effect') || message.includes('without effect'),
      )
      expect(said, file).toEqual([])
    }
  })
})
