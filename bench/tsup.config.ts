/**
 * Builds every program of the bench into `dist`, so that the processes that are measured run plain JavaScript in plain
 * Node: a TypeScript loader would be part of their start, their memory and their processor time. What they import by
 * name (LogWisp, the peers) is left to Node, which finds the packages' own built files: what users get.
 */

import { defineConfig } from 'tsup'

export default defineConfig({
  entry: [
    '{bench,buffer,compare,fuzz,kills,oracle,siege,store,trials}.ts',
    'fuzz/target.ts',
    '{actors,micro,peers,pipelines}/*.ts',
  ],
  format: ['esm'],
  target: 'node20.19',
  platform: 'node',
  skipNodeModulesBundle: true,
  clean: true,
  silent: true,
})
