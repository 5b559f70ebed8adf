/**
 * The example log-ingestion, and an app with a store of its own, under load, while what can happen to them happens: each
 * part killed, the disk full, the database locked by another process, times that go back, rotation while nobody takes
 * what is read. Claim: no line is lost, none is stored twice, and the database is sound.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { Ingestion, type IngestionOptions, type IngestionResult, type PartName } from './ingestion.ts'

/** How often, and how much. */
interface KillSizes {
  /** How often each thing happens. */
  readonly times: number
  readonly linesPerSecond: number
  /** How long the disk is full and the database locked, and a part stays dead. Unit: ms. */
  readonly troubleMs: number
}

/** What is tried. */
export interface KillTrial {
  readonly name: string
  /** What became of it, or why it cannot be tried here. */
  run(directory: string, sizes: KillSizes): Promise<IngestionResult | string>
}

/** Let it happen to an ingestion that runs, as often as asked, each time while lines flow. */
async function during(
  options: Omit<IngestionOptions, 'linesPerSecond'>,
  sizes: KillSizes,
  trouble: (ingestion: Ingestion) => Promise<void>,
): Promise<IngestionResult> {
  const ingestion = await Ingestion.start({ ...options, linesPerSecond: sizes.linesPerSecond })
  try {
    for (let time = 0; time < sizes.times; time++) {
      await ingestion.flows()
      await trouble(ingestion)
    }
    return await ingestion.finish()
  } catch (error) {
    await ingestion.abandon()
    throw error
  }
}

function killed(name: string, way: IngestionOptions['way'], part: PartName): KillTrial {
  return {
    name,
    run: (directory, sizes) =>
      during({ directory, way }, sizes, async (ingestion) => {
        await ingestion.kill(part)
        await ingestion.startPart(part)
      }),
  }
}

/** Room for the database, and how much of it something else takes. */
const diskBytes = 48 << 20
const ballastBytes = 44 << 20

const diskFull: KillTrial = {
  name: 'disk full',
  async run(directory, sizes) {
    const disk = join(directory, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk], { stdio: 'pipe' })
    } catch {
      return 'not tried: no right to mount a tmpfs'
    }
    const ballast = join(disk, 'ballast')
    try {
      return await during({ directory, databaseDirectory: disk, way: 'http' }, sizes, async (ingestion) => {
        fillUp(ballast)
        await saysOnce(ingestion, 'api', /full/i)
        await wait(sizes.troubleMs)
        rmSync(ballast)
      })
    } finally {
      execFileSync('umount', ['--lazy', disk])
    }
  },
}

/** Takes all that is left. */
function fillUp(path: string): void {
  const piece = Buffer.alloc(64 << 10)
  try {
    for (let bytes = 0; bytes < ballastBytes; bytes += piece.length) writeFileSync(path, piece, { flag: 'a' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

const locked: KillTrial = {
  name: 'database locked by another process',
  run: (directory, sizes) =>
    during({ directory, way: 'http' }, sizes, async (ingestion) => {
      const other = new Database(ingestion.database)
      other.pragma('busy_timeout = 10000')
      other.exec('BEGIN IMMEDIATE')
      await wait(sizes.troubleMs)
      other.exec('ROLLBACK')
      other.close()
    }),
}

/** Lines per jump, and how far it goes back. */
const linesPerJump = 500
const jumpMs = 3_600_000

const timesGoBack: KillTrial = {
  name: 'times of lines go back, again and again',
  run: (directory, sizes) => {
    const startedMs = Date.now()
    const timeOf = (number: number): number => startedMs + number - Math.floor(number / linesPerJump) * jumpMs
    return during({ directory, way: 'http', timeOf }, sizes, () => wait(sizes.troubleMs))
  },
}

/** Debian's, from the package faketime. */
const fakeTime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'

const clockSetBack: KillTrial = {
  name: 'clock of collector and API set back by an hour',
  run: async (directory, sizes) => {
    if (!existsSync(fakeTime)) return 'not tried: no libfaketime; apt-get install faketime'
    const clock = join(directory, 'clock')
    writeFileSync(clock, '+0')
    const environment = {
      LD_PRELOAD: fakeTime,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    let hours = 0
    return during({ directory, way: 'http', environment }, sizes, async () => {
      writeFileSync(clock, `-${++hours}h`)
      await wait(sizes.troubleMs)
    })
  },
}

/** Renames the log as logrotate does, `app.log.1` being the newest of the older ones. */
class Rotation {
  #generations = 0

  rotate(log: string): void {
    for (let older = this.#generations; older > 0; older--) renameSync(`${log}.${older}`, `${log}.${older + 1}`)
    renameSync(log, `${log}.1`)
    this.#generations++
  }
}

const rotatedWhileDown: KillTrial = {
  name: 'log rotated twice while the API is dead',
  run: (directory, sizes) => {
    const rotation = new Rotation()
    return during({ directory, way: 'http' }, sizes, async (ingestion) => {
      await ingestion.kill('api')
      for (let time = 0; time < 2; time++) {
        await wait(sizes.troubleMs / 2)
        rotation.rotate(ingestion.log)
      }
      await ingestion.startPart('api')
    })
  },
}

const bothKilled: KillTrial = {
  name: 'collector and API killed at once, log rotated',
  run: (directory, sizes) => {
    const rotation = new Rotation()
    return during({ directory, way: 'http' }, sizes, async (ingestion) => {
      await Promise.all([ingestion.kill('collector'), ingestion.kill('api')])
      rotation.rotate(ingestion.log)
      await Promise.all([ingestion.startPart('collector'), ingestion.startPart('api')])
    })
  },
}

/** In the order in which they are run. */
export const killTrials: readonly KillTrial[] = [
  killed('collector killed', 'http', 'collector'),
  killed('API killed', 'http', 'api'),
  killed('app with its own store killed', 'embedded', 'app'),
  diskFull,
  locked,
  timesGoBack,
  clockSetBack,
  rotatedWhileDown,
  bothKilled,
]

async function saysOnce(ingestion: Ingestion, part: PartName, pattern: RegExp): Promise<void> {
  const already = ingestion.said(part).length
  const deadline = performance.now() + 30_000
  while (!pattern.test(ingestion.said(part).slice(already))) {
    if (performance.now() > deadline) throw new Error(`the ${part} did not say ${pattern}: ${ingestion.said(part)}`)
    await wait(20)
  }
}
