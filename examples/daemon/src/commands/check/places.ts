/** Whether the files and directories of a configuration are there, and may be used. */

import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { buffersOnDisk } from '../../config/checks/check-buffers.ts'
import { deadLettersIn } from '../../config/checks/check-dead-letters.ts'
import { bytesPerMegabyte } from '../../config/schema/primitives.ts'
import type { Config } from '../../config/schema.ts'
import type { Finding } from '../finding.ts'

/** Looks at all of them; makes and opens none. */
export async function checkPlaces(config: Config, cwd: string, stateDirectory: string): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const say = (severity: Finding['severity'], path: string, message: string): void => {
    findings.push({ severity, path, message })
  }
  const writable = async (path: string, directory: string, file?: string): Promise<void> => {
    const why = await whyNotWritable(resolve(cwd, directory), file)
    if (why !== undefined) say('problem', path, why)
  }

  for (const [index, { sources, sinks }] of config.pipelines.entries()) {
    for (const [at, source] of sources.entries()) {
      const path = `pipelines.${index}.sources.${at}.options.path`
      if (source.type === 'directory') {
        const why = await whyNotReadable(resolve(cwd, source.options.path), 'directory')
        if (why !== undefined) say('problem', path, why === 'missing' ? 'there is no such directory' : why)
      } else if (source.type === 'file') {
        const why = await whyNotReadable(resolve(cwd, source.options.path), 'file')
        if (why === 'missing') say('notice', path, 'the file is not there yet: it is followed once it is')
        else if (why !== undefined) say('problem', path, why)
      }
    }
    for (const [at, sink] of sinks.entries()) {
      if (sink.type !== 'file') continue
      const { directory, min_disk_free_mb: minFreeMb } = sink.options
      const path = `pipelines.${index}.sinks.${at}.options`
      const freeMb = await freeMegabytes(resolve(cwd, directory))
      if (freeMb !== undefined && freeMb < minFreeMb) {
        say(
          'warning',
          `${path}.min_disk_free_mb`,
          `${Math.floor(freeMb)} MB are free, less than ${minFreeMb}: the sink would wait, and the pipeline with it`,
        )
      }
    }
  }
  for (const { buffer, path } of buffersOnDisk(config)) {
    const freeMb = await freeMegabytes(resolve(cwd, buffer.directory))
    if (freeMb === undefined || freeMb >= buffer.max_size_mb) continue
    say(
      'warning',
      `${path}.max_size_mb`,
      `${Math.floor(freeMb)} MB are free, less than ${buffer.max_size_mb}: the disk may be full before the buffer is, and the pipeline would wait`,
    )
  }
  for (const { path, message } of await unwritableSinks(config, cwd)) say('problem', path, message)
  const { output, file } = config.logging
  if (output === 'file' || output === 'both') {
    await writable('logging.file.directory', file.directory, `${file.name}.log`)
  }
  if (config.pid_file !== undefined) await writable('pid_file', dirname(resolve(cwd, config.pid_file)))
  await writable('state_directory', stateDirectory)
  return findings
}

/** The file sinks, buffers and keepers of rejected entries that cannot write where they should; makes and opens nothing. */
export async function unwritableSinks(
  config: Config,
  cwd: string,
): Promise<readonly { readonly path: string; readonly message: string }[]> {
  const found: { path: string; message: string }[] = []
  for (const [index, { sinks }] of config.pipelines.entries()) {
    for (const [at, { type, options }] of sinks.entries()) {
      if (type !== 'file') continue
      const message = await whyNotWritable(resolve(cwd, options.directory), `${options.name}.log`)
      if (message !== undefined) found.push({ path: `pipelines.${index}.sinks.${at}.options.directory`, message })
    }
  }
  for (const { buffer, path } of buffersOnDisk(config)) {
    const message = await whyNotWritable(resolve(cwd, buffer.directory), undefined)
    if (message !== undefined) found.push({ path: `${path}.directory`, message })
  }
  for (const { deadLetter, path } of deadLettersIn(config)) {
    const message = await whyNotWritable(resolve(cwd, deadLetter.directory), undefined)
    if (message !== undefined) found.push({ path: `${path}.directory`, message })
  }
  return found
}

async function whyNotReadable(path: string, kind: 'directory' | 'file'): Promise<'missing' | string | undefined> {
  try {
    const isDirectory = (await stat(path)).isDirectory()
    if (kind === 'directory' && !isDirectory) return `${path} is a file: use a source of the type \`file\``
    if (kind === 'file' && isDirectory) return `${path} is a directory: use a source of the type \`directory\``
    await access(path, constants.R_OK | (isDirectory ? constants.X_OK : 0))
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return 'missing'
    return code === 'EACCES' ? `${path} may not be read by this user: give it the right to` : message
  }
}

/** Looks at the directory, or at the nearest one above it that is there: it would be made. */
async function whyNotWritable(directory: string, file: string | undefined): Promise<string | undefined> {
  let place = directory
  for (;;) {
    try {
      if (!(await stat(place)).isDirectory()) return `${place} is no directory`
      await access(place, constants.W_OK | constants.X_OK)
      break
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
        return `${place} may not be written to${code === 'EROFS' ? ': its file system is read-only' : ' by this user: give it the right to'}`
      }
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return message
      if (place === dirname(place)) return message
      place = dirname(place)
    }
  }
  if (file === undefined || place !== directory) return undefined
  try {
    await access(join(directory, file), constants.W_OK)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') return message
  }
  return undefined
}

async function freeMegabytes(directory: string): Promise<number | undefined> {
  for (let place = directory; ; place = dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place)
      return (bavail * bsize) / bytesPerMegabyte
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || place === dirname(place)) return undefined
    }
  }
}
