import { describe, expect, it } from 'vitest'
import { modernise } from '../src/config/older-spelling.ts'
import { parseToml } from '../src/config/parse-toml.ts'
import { readConfig } from './config-text.ts'

/** A pipeline with these sources and sinks, each a TOML inline table. */
function pipeline(rest: string, sources = '[{ type = "stdin" }]', sinks = '[{ type = "stdout" }]'): string {
  return `[[pipelines]]\nname = "app"\nsources = ${sources}\nsinks = ${sinks}\n${rest}`
}

describe('older spellings', () => {
  it('`rate_limit` in options is `net_limit`, and it is said that it holds now', () => {
    const limit = '{ enabled = true, requests_per_second = 5.0, burst_size = 10 }'
    const { config, problems, notices } = readConfig(
      pipeline('', `[{ type = "tcp", options = { port = 9091, rate_limit = ${limit} } }]`),
    )
    expect(problems).toEqual([])
    expect(config?.pipelines[0]?.sources[0]?.options).toMatchObject({
      net_limit: { enabled: true, requests_per_second: 5, burst_size: 10 },
    })
    expect(notices).toContainEqual(
      expect.objectContaining({
        path: 'pipelines.0.sources.0.options.net_limit',
        message: expect.stringContaining('now these limits hold'),
        origin: expect.objectContaining({ line: 3 }),
      }),
    )
  })

  it('both names at once are a problem, at the second', () => {
    const { problems } = readConfig(
      pipeline('', '[{ type = "tcp", options = { port = 1, rate_limit = {}, net_limit = {} } }]'),
    )
    expect(problems).toContainEqual(
      expect.objectContaining({
        path: 'pipelines.0.sources.0.options.rate_limit',
        message: 'is another spelling of `net_limit`, which is given too: keep one of them',
      }),
    )
  })

  it('the `rate_limit` of a pipeline stays what it is', () => {
    const { config } = readConfig(pipeline('rate_limit = { rate = 5, policy = "DROP" }'))
    expect(config?.pipelines[0]?.rate_limit).toMatchObject({ rate: 5, policy: 'drop' })
  })

  it('keys may have dashes', () => {
    const { config, problems } = readConfig(`config-auto-reload = true\n${pipeline('max-restart-delay-seconds = 5')}`)
    expect(problems).toEqual([])
    expect(config).toMatchObject({ config_auto_reload: true, pipelines: [{ max_restart_delay_seconds: 5 }] })
  })

  it('`txt` is `text`, `console` is standard input or output, words count in any case', () => {
    const { config, problems } = readConfig(
      `[logging]\nlevel = "WARNING"\nconsole = { format = "text" }\n${pipeline(
        'format = "txt"',
        '[{ type = "console" }]',
        '[{ type = "console", options = { target = "Split", format = "TXT" } }]',
      )}`,
    )
    expect(problems).toEqual([])
    expect(config).toMatchObject({
      logging: { level: 'warn', console: { format: 'txt' } },
      pipelines: [
        {
          format: 'text',
          sources: [{ type: 'stdin' }],
          sinks: [{ type: 'stdout', options: { target: 'split', format: 'text' } }],
        },
      ],
    })
  })

  it('texts that say a boolean or a number are those, but not where a text is wanted', () => {
    const { config, problems } = readConfig(
      `quiet = "true"\nstop_timeout_seconds = "2.5"\nstate_directory = "8080"\n${pipeline('')}`,
    )
    expect(problems).toEqual([])
    expect(config).toMatchObject({ quiet: true, stop_timeout_seconds: 2.5, state_directory: '8080' })
    expect(readConfig(`quiet = "yes"\n${pipeline('')}`).problems).toEqual([
      { path: 'quiet', message: 'must be true or false, got "yes"', origin: undefined },
    ])
  })

  it('a secret stays the text that it is, were it a number or a word', () => {
    const auth = '[pipelines.auth]\ntype = "bearer"\nbearer_auth = { tokens = ["true", "12345"] }'
    const { config } = readConfig(pipeline(auth, '[{ type = "http", options = { port = 1 } }]'))
    expect(config?.pipelines[0]?.auth.bearer_auth?.tokens.map((token) => token.reveal())).toEqual(['true', '12345'])
  })

  it('null, an empty text and 0 are as if not given, where the ancestor has it so', () => {
    const text = JSON.stringify({
      pipelines: [
        {
          name: 'app',
          auth: null,
          sources: [
            { type: 'http', options: { port: 1, buffer_size: 0, net_limit: { limit_by: '', response_code: 0 } } },
          ],
          sinks: [{ type: 'http', options: { heartbeat: { enabled: false, interval_seconds: 0 } } }],
        },
      ],
    })
    const { config, problems } = readConfig(text, 'logwisp.json')
    expect(problems).toEqual([])
    expect(config?.pipelines[0]).toMatchObject({
      auth: { type: 'none' },
      sources: [{ options: { net_limit: { limit_by: 'ip', response_code: 429 } } }],
      sinks: [{ options: { heartbeat: { enabled: false, interval_seconds: 30 } } }],
    })
    expect(
      readConfig(pipeline('', undefined, '[{ type = "stdout", options = { buffer_size = 0 } }]')).problems,
    ).toEqual([expect.objectContaining({ message: 'must be a whole number of at least 1, got 0' })])
  })

  it("Go's names of ciphers are OpenSSL's", () => {
    const ssl = '{ cipher_suites = "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, AES128-GCM-SHA256" }'
    const { config } = readConfig(pipeline('', undefined, `[{ type = "tcp", options = { ssl = ${ssl} } }]`))
    expect(config?.pipelines[0]?.sinks[0]?.options).toMatchObject({
      ssl: { cipher_suites: 'ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256' },
    })
  })

  it('what was turned already stays: twice is once', () => {
    const file = { text: `quiet = "true"\nversion = false\n${pipeline('format = "txt"')}`, file: 'x.toml' }
    const once = modernise(parseToml(file))
    expect(once.notices).toHaveLength(1)
    const before = structuredClone(once.tree)
    const twice = modernise(once.tree)
    expect(twice.tree).toEqual(before)
    expect(twice.notices).toEqual([])
  })
})
