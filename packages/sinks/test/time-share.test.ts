/** Who may take how long, by a clock of the test's own. */

import { expect, test } from 'vitest'
import { TimeShare } from '../src/internal/live/time-share.ts'

test('lets a first turn begin at once and take its time', () => {
  const time = new TimeShare()
  expect(time.pauseMs).toBe(0)
  expect(time.begin(1000)).toBe(1020)
})

test('while entries come, turns take a quarter of the time', () => {
  const time = new TimeShare()
  let now = 1000
  let inTurns = 0
  for (let i = 0; i < 10_000; i++) {
    now += 0.2
    time.came(now)
    if (time.pauseMs > 0) continue
    const began = now
    const end = time.begin(began)
    while (now < end) now += 0.3
    inTurns += now - began
    time.end(began, now, 0)
  }
  expect(inTurns / (now - 1000)).toBeGreaterThan(0.23)
  expect(inTurns / (now - 1000)).toBeLessThan(0.27)
})

test('what a turn leaves to the system counts as if it had taken the time itself', () => {
  const time = new TimeShare()
  time.came(1000)
  time.begin(1000)
  time.end(1000, 1000, 30)
  expect(time.pauseMs).toBeCloseTo(30)
})

test('once nothing comes any more, turns take all the time', () => {
  const time = new TimeShare()
  time.came(1000)
  let now = 1000
  for (let i = 0; i < 3; i++) {
    // The turns' own time is no quiet.
    time.begin(now)
    time.end(now, now + 20, 0)
    now += 20
  }
  expect(time.pauseMs).toBeGreaterThan(0)
  now += 10
  expect(time.begin(now)).toBe(now + 20)
  time.end(now, now, 0)
  for (let i = 0; i < 5; i++) {
    time.begin(now)
    time.end(now, now + 20, 0)
    now += 20
  }
  expect(time.pauseMs).toBe(0)
})
