// Says what vitest's JSON report holds: every test that was skipped, and last the counts. Fails if it holds no test.

const { readFileSync } = require('node:fs')

const text = readFileSync(process.argv[2], 'utf8')
const files = text === '' ? [] : JSON.parse(text).testResults
const tests = files.flatMap(({ assertionResults }) => assertionResults)
const withStatus = (...statuses) => tests.filter(({ status }) => statuses.includes(status))

const passed = withStatus('passed').length
const skipped = withStatus('skipped', 'pending', 'todo', 'disabled')
// A file that cannot even be loaded has failed without a test of its own.
const unloadable = files.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
const failed = withStatus('failed').length + unloadable.length + (tests.length === 0 ? 1 : 0)

for (const { fullName } of skipped) console.log(`SKIPPED: ${fullName}`)
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = failed > 0 ? 1 : 0
