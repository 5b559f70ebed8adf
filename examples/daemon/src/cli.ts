#!/usr/bin/env node
/** The program `logwisp`. */

import { main } from './program.ts'

process.exitCode = await main(process.argv.slice(2))
