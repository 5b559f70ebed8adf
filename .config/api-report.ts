/**
 * The public API of every package as text that a reviewer can read, one `docs/api/<name>.api.md` each.
 *
 *   pnpm check:api    fails when a report is not what the build exports
 *   pnpm docs:update  writes the reports anew; the change to them is then part of the review
 *
 * Run after a build.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { publishedPackages, root } from './published-packages.ts'

const update = process.argv.includes('--update')

/** The entry points that are reported on: the barrels, and the two that no barrel has. */
const reports = publishedPackages.flatMap(({ name, folder }) => [
  { report: name, folder, entry: 'dist/index.d.ts' },
  ...(name === 'core'
    ? [
        { report: 'core-server', folder, entry: 'dist/server.d.ts' },
        { report: 'core-testing', folder, entry: 'dist/testing.d.ts' },
      ]
    : []),
])

let fresh = true
for (const { report, folder, entry } of reports) {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, entry),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'NodeNext',
            moduleResolution: 'NodeNext',
            target: 'ES2023',
            lib: ['ES2023'],
            strict: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${report}.api.md`,
        reportFolder: join(root, 'docs/api'),
        reportTempFolder: join(folder, 'dist/.api-report'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          // Off: the report itself shows what is undocumented and what is used but not exported, links are checked by
          // typedoc, and there are no release tags, since all that is exported is public.
          default: { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  })
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error
    },
  })
  rmSync(join(folder, 'dist/.api-report'), { recursive: true, force: true })
  if (apiReportChanged && !update) console.error(`docs/api/${report}.api.md is stale: run \`npx pnpm docs:update\``)
  fresh &&= errorCount === 0 && (update || !apiReportChanged)
}
process.exitCode = fresh ? 0 : 1
