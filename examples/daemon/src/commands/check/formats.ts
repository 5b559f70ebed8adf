/** Whether the templates of a configuration are some. */

import { checkFormat } from '../../build/format.ts'
import { formatWord } from '../../config/checks/check-pipelines.ts'
import type { Config } from '../../config/schema.ts'
import type { Finding } from '../finding.ts'

/** Makes each sink's format, and throws it away. */
export function checkFormats(config: Config): readonly Finding[] {
  return config.pipelines.flatMap((pipeline, index) =>
    pipeline.sinks.flatMap((sink, at) => {
      const own = sink.options.format_options
      const place = own === undefined ? `pipelines.${index}` : `pipelines.${index}.sinks.${at}.options`
      return checkFormat(formatWord(sink, pipeline), own ?? pipeline.format_options).map(
        (message): Finding => ({ severity: 'problem', path: `${place}.format_options.template`, message }),
      )
    }),
  )
}
