/** The lines of a small web shop's log, made up as they are asked for: the same for the same seed. */

/** Makes one entry's lines: a head line and, for some errors, the lines of a stack trace. */
export type SampleLines = (time: Date) => string[]

const people = ['ada', 'grace', 'linus', 'margaret', 'dennis', 'barbara']
const things = ['keyboard', 'lamp', 'teapot', 'notebook', 'umbrella', 'chair']
const paths = ['/', '/cart', '/login', '/healthz', '/api/orders', '/api/orders/%', '/api/items/%', '/assets/app.css']
const files = ['checkout.js', 'payment.js', 'pool.js', 'router.js', 'session.js']
const functions = ['placeOrder', 'chargeCard', 'acquire', 'dispatch', 'loadSession']

/**
 * @param seed any integer; two makers with the same seed tell the same story
 */
export function sampleLines(seed: number): SampleLines {
  const random = pseudoRandom(seed)
  const upTo = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)] as T
  let request = 0

  function story(): [level: string, part: string, text: string, trace?: string[]] {
    const chance = random()
    request++
    if (chance < 0.02) {
      const reason = pick(['ECONNREFUSED 10.0.3.7:5432', 'deadlock detected', 'card was declined by the bank'])
      return ['ERROR', 'db', `query failed after ${1000 + upTo(4000)} ms: ${reason}`, stackTrace(reason)]
    }
    if (chance < 0.021) return ['FATAL', 'main', 'out of file descriptors: restarting the worker']
    if (chance < 0.07) return ['WARN', 'pool', `${80 + upTo(20)} of 100 connections in use`]
    if (chance < 0.2) return ['DEBUG', 'cache', `${random() < 0.8 ? 'hit' : 'miss'} item:${upTo(500)}`]
    if (chance < 0.35) return ['INFO', 'shop', `${pick(people)} bought ${1 + upTo(3)} × ${pick(things)}`]
    const path = pick(paths).replace('%', String(upTo(900)))
    const status = pick([200, 200, 200, 200, 200, 201, 204, 304, 404, 500])
    return [status === 500 ? 'ERROR' : 'INFO', 'http', `GET ${path} ${status} ${1 + upTo(180)} ms request=${request}`]
  }

  function stackTrace(reason: string): string[] {
    const frames = Array.from(
      { length: 2 + upTo(4) },
      () => `    at ${pick(functions)} (/srv/shop/${pick(files)}:${1 + upTo(400)}:${1 + upTo(40)})`,
    )
    return [`Error: ${reason}`, ...frames]
  }

  return (time) => {
    const [level, part, text, trace = []] = story()
    return [`${time.toISOString()} ${level.padEnd(5)} [${part}] ${text}`, ...trace]
  }
}

/** Numbers from 0 to 1 that repeat with the seed (a 32-bit linear congruential generator, Numerical Recipes' constants). */
function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
