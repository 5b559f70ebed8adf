/** Writes lines into a log as applications do, while it is rotated, copied, cut. What stands in the file is owed. */

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { LineClock } from '../../trials/numbered-lines.ts'
import type { Stream } from '../debts.ts'
import type { Producer } from './producer.ts'

/** One write of so many ends in the middle of a line; the rest follows with the next one. */
const splitEvery = 13

/** How long the application goes on writing to the file that was renamed, until it is told. */
const noticeMs = 120

/** Generations that an outrun log keeps. */
const outrunKept = 1

export class FileProducer implements Producer {
  readonly stream: Stream
  readonly path: string
  #file: number
  #clock: LineClock | undefined
  #unfinished = ''
  #unfinishedId: number | undefined
  #writes = 0
  #isClosed = false
  #generations = 0
  #rotating: Promise<void> = Promise.resolve()

  constructor(stream: Stream, path: string) {
    this.stream = stream
    this.path = path
    this.#file = this.#open()
  }

  start(linesPerSecond: number): void {
    this.#clock = new LineClock(linesPerSecond, (from, to) => this.#write(to - from))
  }

  async stop(): Promise<void> {
    this.#clock?.stop()
    await this.#rotating
    this.#finishLine()
  }

  abandon(): void {
    this.#clock?.stop()
    if (!this.#isClosed) closeSync(this.#file)
    this.#isClosed = true
  }

  /** Nobody but us and root may read it. */
  revoke(): void {
    chmodSync(this.path, 0o600)
  }

  /** Everybody may, and its rotated ones too. */
  restore(): void {
    for (let generation = 0; generation <= this.#generations; generation++) {
      const path = generation === 0 ? this.path : `${this.path}.${generation}`
      if (existsSync(path)) chmodSync(path, 0o644)
    }
  }

  /** Renames it as logrotate does, `.1` being the newest; the application notices a little later, each time. */
  rotate(times: number, kept = Number.POSITIVE_INFINITY): Promise<void> {
    this.#rotating = this.#rotating.then(async () => {
      for (let time = 0; time < times; time++) {
        this.#shift(kept)
        renameSync(this.path, `${this.path}.1`)
        // The new one is made by who rotates; the application still has the old one open.
        const next = this.#open()
        await wait(noticeMs)
        this.#finishLine()
        closeSync(this.#file)
        this.#file = next
      }
    })
    return this.#rotating
  }

  /** Copies and cuts it as logrotate does with `copytruncate`; but nothing is written in between, so nothing is lost. */
  copyTruncate(): Promise<void> {
    this.#rotating = this.#rotating.then(() => {
      this.#finishLine()
      this.#shift(Number.POSITIVE_INFINITY)
      copyFileSync(this.path, `${this.path}.1`)
      ftruncateSync(this.#file)
    })
    return this.#rotating
  }

  /**
   * Takes away what is written whether anybody has read it or not: cuts the log in place, or rotates it several times and
   * keeps one generation. So nobody owes it any more.
   */
  outrun(times: number): Promise<void> {
    if (times > 1) {
      const rotated = this.rotate(times, outrunKept)
      return rotated.then(() => this.stream.excuseAll())
    }
    this.#rotating = this.#rotating.then(() => {
      this.#finishLine()
      ftruncateSync(this.#file)
      this.stream.excuseAll()
    })
    return this.#rotating
  }

  /** A last line, now. Its id. */
  last(): number {
    this.#write(1)
    this.#finishLine()
    return this.stream.drawn - 1
  }

  #open(): number {
    const file = openSync(this.path, 'a')
    // Whatever the umask is.
    fchmodSync(file, 0o644)
    return file
  }

  #shift(kept: number): void {
    for (let older = this.#generations; older > 0; older--) {
      if (older >= kept) rmSync(`${this.path}.${older}`, { force: true })
      else if (existsSync(`${this.path}.${older}`)) renameSync(`${this.path}.${older}`, `${this.path}.${older + 1}`)
    }
    this.#generations = Math.min(this.#generations + 1, kept)
  }

  #write(count: number): void {
    const ids: number[] = []
    let text = this.#unfinished
    if (this.#unfinishedId !== undefined) ids.push(this.#unfinishedId)
    this.#unfinished = ''
    this.#unfinishedId = undefined
    for (let line = 0; line < count; line++) {
      const id = this.stream.draw()
      ids.push(id)
      text += `${this.stream.textOf(id)}\n`
    }
    if (++this.#writes % splitEvery === 0) {
      const cut = text.lastIndexOf('\n', text.length - 2) + 12
      this.#unfinished = text.slice(cut)
      this.#unfinishedId = ids.pop()
      text = text.slice(0, cut)
    }
    this.#append(text)
    this.stream.owe(ids)
  }

  #finishLine(): void {
    if (this.#unfinishedId === undefined) return
    this.#append(this.#unfinished)
    this.stream.owe([this.#unfinishedId])
    this.#unfinished = ''
    this.#unfinishedId = undefined
  }

  #append(text: string): void {
    const bytes = Buffer.from(text)
    for (let from = 0; from < bytes.length; ) from += writeSync(this.#file, bytes, from)
  }
}
