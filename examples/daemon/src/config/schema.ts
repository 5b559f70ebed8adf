/** The whole configuration: the one schema that gives its types, its checks, its documentation and its JSON Schema. */

import { z } from 'zod'
import { auth } from './schema/auth.ts'
import { logging } from './schema/logging.ts'
import { pipeline } from './schema/pipelines.ts'
import { megabytes, path, seconds } from './schema/primitives.ts'
import { listening, reachableByBrowsers } from './schema/servers.ts'

/** Everything that a configuration may say. What relates several values to each other is checked by `checkWhole`. */
export const configSchema = z.strictObject({
  router: z.boolean().default(false).describe('Whether paths begin with the name of their pipeline: `/app/stream`.'),
  background: z.boolean().default(false).describe('Whether it runs in the background.'),
  quiet: z.boolean().default(false).describe('Whether its own log is off.'),
  disable_status_reporter: z.boolean().default(false).describe('Whether it does not log its state now and then.'),
  status_interval_seconds: seconds.min(1).default(30).describe('How often it logs its state, when that has changed.'),
  config_auto_reload: z
    .boolean()
    .default(false)
    .describe(
      'Whether a changed configuration file is read anew, or one that it names with users, tokens, secrets or what clients trust.',
    ),
  config_save_on_exit: z.boolean().default(false).describe('Whether the configuration is written back at the end.'),
  state_directory: path
    .optional()
    .describe('Where positions are kept between runs. Default: `logwisp` in the XDG state directory.'),
  pid_file: path.optional().describe('The file with the process number, as long as it runs.'),
  memory_budget_mb: megabytes
    .optional()
    .describe(
      'What all queues, batches under way and entries kept for viewers may take of memory together, shared fairly. Each has its own bound besides. Default: no common bound. Unit: 1,000,000 bytes.',
    ),
  stop_timeout_seconds: seconds.default(10).describe('How long the end waits for what is not delivered yet.'),
  status: z
    .strictObject({
      host: listening.host,
      port: listening.port
        .optional()
        .describe('A port of its own for page, status, metrics and health, besides those of the pipelines.'),
      allowed_hosts: reachableByBrowsers.allowed_hosts,
      ssl: listening.ssl,
      net_limit: listening.net_limit,
      max_connections: listening.max_connections,
      auth: auth.prefault({}).describe('Who may see them there.'),
    })
    .prefault({})
    .describe('A server for the status of the whole.'),
  logging: logging.prefault({}).describe("The daemon's own log."),
  pipelines: z.array(pipeline).min(1).describe('What runs.'),
})

/** A configuration that was checked, with its defaults. */
export type Config = z.output<typeof configSchema>

/** What one writes. */
export type ConfigInput = z.input<typeof configSchema>

/** One pipeline of it. */
export type PipelineConfig = Config['pipelines'][number]

/** One source of a pipeline. */
export type SourceConfig = PipelineConfig['sources'][number]

/** One sink of a pipeline. */
export type SinkConfig = PipelineConfig['sinks'][number]

/** What stands before a sink, if anything does. */
export type BufferConfig = NonNullable<Extract<SinkConfig, { buffer?: unknown }>['buffer']>

/** One filter of a pipeline. */
export type FilterConfig = PipelineConfig['filters'][number]

/** Who may use servers. */
export type AuthConfig = PipelineConfig['auth']

/** The source of a type. */
export type SourceOf<Type extends SourceConfig['type']> = Extract<SourceConfig, { type: Type }>

/** The sink of a type. */
export type SinkOf<Type extends SinkConfig['type']> = Extract<SinkConfig, { type: Type }>
