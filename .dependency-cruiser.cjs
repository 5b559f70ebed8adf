/** Which way the arrows point. `pnpm check:arrows` shows every import that goes against them. */

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-stands-alone',
      comment: 'core is what the others share; it knows none of them.',
      severity: 'error',
      from: { path: '^packages/core/' },
      to: { path: '^packages/(?!core/)[^/]+/' },
    },
    {
      name: 'siblings-never-meet',
      comment: 'sources, filters and sinks import core and themselves only, so that any of them can be had alone.',
      severity: 'error',
      from: { path: '^packages/(?!(?:core|api|dashboard)/)([^/]+)/src/' },
      to: { path: '^packages/', pathNot: '^packages/(core|$1)/' },
    },
    {
      name: 'api-stands-on-the-store',
      comment: 'The API takes entries with a source and answers out of the store; it knows no page.',
      severity: 'error',
      from: { path: '^packages/api/src/' },
      to: { path: '^packages/', pathNot: '^packages/(core|sources|store|api)/' },
    },
    {
      name: 'dashboard-stands-on-the-api',
      comment: 'The dashboard shows what the API says.',
      severity: 'error',
      from: { path: '^packages/dashboard/(src|page)/' },
      to: { path: '^packages/', pathNot: '^packages/(core|store|api|dashboard)/' },
    },
    {
      name: 'public-names-only',
      comment: 'Another package is imported by its public name (`@logwisp/core/batch`), not by a path into it.',
      severity: 'error',
      from: { path: '^(packages/[^/]+|examples/[^/]+|bench)/', pathNot: '^packages/test/' },
      to: { path: '^(packages|examples|bench|\\.config)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'internal-stays-inside',
      comment:
        'What lies in src/internal is no public name: if another package needs it, it belongs in the public API.',
      severity: 'error',
      from: { path: '^(packages/[^/]+|examples/[^/]+|bench)/' },
      to: { path: '^packages/[^/]+/src/internal/', pathNot: '^$1/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or lack a third. (A type may point back.)',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'testing-only-in-tests',
      comment: '@logwisp/core/testing is for tests; what ships must not need it.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '^packages/core/src/testing(/|\\.ts$)' },
      to: { path: '^packages/core/src/testing(/|\\.ts$)' },
    },
    {
      name: 'ships-what-it-declares',
      comment: 'Published code imports only the dependencies in its own package.json, optional peers included.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
        pathNot: '^packages/',
      },
    },
    {
      name: 'resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|examples)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@logwisp/source', 'import', 'node', 'types'],
    },
  },
}
