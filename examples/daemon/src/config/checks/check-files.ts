/** Files and streams that two stages want for themselves, and lines that would come back to where they were written. */

import { join, relative, resolve, sep } from 'node:path'
import type { Config } from '../schema.ts'
import type { Findings } from './findings.ts'

interface WrittenFile {
  readonly path: string
  readonly title: string
  readonly directory: string
  readonly name: string
}

/** Looks for files that are written twice, or read by what writes them, and for standard input that is read twice. */
export function checkFiles(config: Config, findings: Findings): void {
  const files = writtenFiles(config, findings)
  let stdin: string | undefined
  for (const [index, pipeline] of config.pipelines.entries()) {
    for (const [place, { type, options }] of pipeline.sources.entries()) {
      const path = `pipelines.${index}.sources.${place}`
      if (type === 'stdin') {
        if (stdin !== undefined)
          findings.problem(path, `standard input is read by ${stdin} already: only one source can`)
        stdin = `the stdin source of "${pipeline.name}"`
        if (config.background) {
          findings.warning(path, 'standard input is closed in the background: this source ends at once')
        }
      } else if (type === 'file') {
        const file = files.find((written) => join(written.directory, `${written.name}.log`) === resolve(options.path))
        if (file === undefined) continue
        findings.problem(
          `${path}.options.path`,
          `is written by ${file.title}: its lines would come back for ever. Read another file`,
        )
      } else if (type === 'directory') {
        const directory = resolve(options.path)
        const own = files.filter(
          (written) =>
            isIn(directory, written.directory, options.recursive) && mayMatch(options.pattern, `${written.name}.log`),
        )
        if (own.length === 0) continue
        findings.notice(
          `${path}.options.path`,
          `holds files that LogWisp writes itself; they are left out: ${own.map(({ name, title }) => `${name}.log (${title})`).join(', ')}`,
        )
      }
    }
  }
}

/** The files of sinks and of the daemon's own log; says when two are the same. */
function writtenFiles(config: Config, findings: Findings): WrittenFile[] {
  const { output, file } = config.logging
  const files: WrittenFile[] = []
  if (!config.quiet && (output === 'file' || output === 'both')) {
    files.push({
      path: 'logging.file',
      title: "the daemon's own log",
      directory: resolve(file.directory),
      name: file.name,
    })
    checkSizes(file, 'logging.file', findings)
  }
  for (const [index, pipeline] of config.pipelines.entries()) {
    for (const [place, { type, options }] of pipeline.sinks.entries()) {
      if (type !== 'file') continue
      const path = `pipelines.${index}.sinks.${place}.options`
      const { name } = options
      const directory = resolve(options.directory)
      const other = files.find((written) => written.directory === directory && written.name === name)
      if (other !== undefined) {
        findings.problem(
          `${path}.name`,
          `${join(directory, `${name}.log`)} is written by ${other.title} already: give another name`,
        )
      }
      files.push({ path, title: `the file sink of "${pipeline.name}"`, directory, name })
      checkSizes(options, path, findings)
    }
  }
  return files
}

function checkSizes(
  { max_size_mb, max_total_size_mb }: { readonly max_size_mb: number; readonly max_total_size_mb: number },
  path: string,
  findings: Findings,
): void {
  if (max_total_size_mb === 0 || max_total_size_mb >= max_size_mb) return
  findings.problem(
    `${path}.max_total_size_mb`,
    `must be 0, or at least \`max_size_mb\` (${max_size_mb}), got ${max_total_size_mb}`,
  )
}

function isIn(directory: string, other: string, recursive: boolean): boolean {
  if (directory === other) return true
  if (!recursive) return false
  const way = relative(directory, other)
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Whether a glob may match a name; globs of more than `*` and `?` are taken to. */
function mayMatch(pattern: string | readonly string[], name: string): boolean {
  return [pattern].flat().some((glob) => {
    if (/[[\]{}()!/\\]/.test(glob)) return true
    const text = glob
      .replace(/[.+^$|]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
    return new RegExp(`^${text}$`).test(name)
  })
}
