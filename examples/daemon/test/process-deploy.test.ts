/** What is in deploy/ is what its programs take: systemd, Kubernetes, containers, man. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../src/config/load.ts'
import type { LoadedConfig } from '../src/config/loaded-config.ts'
import { describedProgram } from '../src/program/create-program.ts'
import { temporaryDirectory } from './process-fixtures.ts'

const deploy = fileURLToPath(new URL('../deploy', import.meta.url))
const textOf = (name: string): Promise<string> => readFile(join(deploy, name), 'utf8')

function has(program: string, why: string): boolean {
  const isThere = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  if (!isThere) console.warn(`skipped: ${why}, since ${program} is not installed`)
  return isThere
}

async function load(toml: string): Promise<LoadedConfig> {
  const directory = await temporaryDirectory()
  const file = join(directory, 'logwisp.toml')
  await writeFile(file, toml)
  return loadConfig({ argv: new Map(), configFile: file, environment: {}, cwd: directory })
}

describe('logwisp.service', () => {
  test.skipIf(!has('systemd-analyze', 'the check of the systemd unit'))('is a unit without mistakes', async () => {
    const directory = await temporaryDirectory()
    const unit = (await textOf('logwisp.service')).replaceAll('/usr/bin/logwisp', '/bin/true')
    const path = join(directory, 'logwisp.service')
    await writeFile(path, unit)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
    expect(stderr.split('\n').filter((line) => line.includes('logwisp.service'))).toEqual([])
    expect(status).toBe(0)
  })

  test('runs as nobody in particular, may write its state only, and is told of as the daemon tells', async () => {
    const lines = (await textOf('logwisp.service')).split('\n')
    for (const line of [
      'Type=notify',
      'NotifyAccess=all',
      'DynamicUser=yes',
      'SupplementaryGroups=adm',
      'ProtectSystem=strict',
      'ReadOnlyPaths=/var/log',
      'StateDirectory=logwisp',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'ExecReload=/bin/kill -HUP $MAINPID',
      'RestartPreventExitStatus=2',
    ]) {
      expect(lines).toContain(line)
    }
    expect(lines.some((line) => line.startsWith('WatchdogSec='))).toBe(true)
    // The just-in-time compiler needs such memory.
    expect(lines.some((line) => line.startsWith('MemoryDenyWriteExecute='))).toBe(false)
  })
})

describe('kubernetes.yaml', () => {
  interface Manifest {
    readonly kind: string
    readonly metadata: { readonly name: string; readonly namespace: string }
    // biome-ignore lint/suspicious/noExplicitAny: read as deep as the tests need
    readonly spec: any
    readonly data: Readonly<Record<string, string>>
  }

  async function manifests(): Promise<ReadonlyMap<string, Manifest>> {
    // As kubectl reads it: YAML 1.1, where 0400 is octal.
    const documents = parseAllDocuments(await textOf('kubernetes.yaml'), { version: '1.1' })
    for (const { errors, warnings } of documents as { errors: unknown[]; warnings: unknown[] }[]) {
      expect([...errors, ...warnings]).toEqual([])
    }
    return new Map(documents.map((document) => document.toJS() as Manifest).map((each) => [each.kind, each]))
  }

  test('has a DaemonSet whose container may nothing, reads the logs and keeps its positions', async () => {
    const all = await manifests()
    expect([...all.keys()].sort()).toEqual(['ConfigMap', 'DaemonSet', 'Service', 'ServiceAccount'])
    const { spec } = all.get('DaemonSet') as Manifest
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
    expect((all.get('Service') as Manifest).spec.selector).toEqual(spec.selector.matchLabels)
    const pod = spec.template.spec
    const [container] = pod.containers
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const volumes = new Map(pod.volumes.map(({ name, ...volume }: { name: string }) => [name, volume]))
    expect(volumes.get('logs')).toEqual({ hostPath: { path: '/var/log', type: 'Directory' } })
    expect(volumes.get('state')).toEqual({ hostPath: { path: '/var/lib/logwisp', type: 'DirectoryOrCreate' } })
    expect(volumes.get('tokens')).toEqual({ secret: { secretName: 'logwisp', defaultMode: 0o400 } })
    const mounts = new Map(container.volumeMounts.map((mount: { name: string }) => [mount.name, mount]))
    expect(mounts.get('logs')).toEqual({ name: 'logs', mountPath: '/var/log', readOnly: true })
    expect(mounts.get('state')).toEqual({ name: 'state', mountPath: '/var/lib/logwisp' })
    for (const name of mounts.keys()) expect(volumes.has(name)).toBe(true)
    const ports = container.ports.map(({ name }: { name: string }) => name)
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(['/healthz', '/readyz']).toContain(container[probe].httpGet.path)
      expect(ports).toContain(container[probe].httpGet.port)
    }
    for (const { targetPort } of (all.get('Service') as Manifest).spec.ports) expect(ports).toContain(targetPort)
    const environment = container.env.map(({ name }: { name: string }) => name)
    expect(environment).toEqual(['LOGWISP_STATE_DIR'])
  })

  test('has a configuration that the daemon takes, which listens where the ports say and lets nobody in unasked', async () => {
    const all = await manifests()
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'secrets'))
    await writeFile(join(directory, 'secrets', 'tokens'), `viewer:sha256:${'0'.repeat(64)}\n`, { mode: 0o400 })
    const toml = (all.get('ConfigMap') as Manifest).data['logwisp.toml'] as string
    const { config } = await load(toml.replace('/run/secrets/logwisp', join(directory, 'secrets')))
    const { spec } = (all.get('DaemonSet') as Manifest).spec.template
    const ports = Object.fromEntries(
      spec.containers[0].ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
        name,
        containerPort,
      ]),
    )
    expect(config.status).toMatchObject({ host: '0.0.0.0', port: ports['status'] })
    expect(config.pipelines[0]?.sinks[0]).toMatchObject({ options: { host: '0.0.0.0', port: ports['http'] } })
    expect(config.pipelines[0]?.auth.type).toBe('bearer')
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(config.stop_timeout_seconds)
  })
})

describe('Containerfile', () => {
  test('builds in one stage and runs in another, as a user of its own, without a shell before it', async () => {
    const text = await textOf('Containerfile')
    const stages = text.match(/^FROM .*$/gm)
    expect(stages).toEqual(['FROM docker.io/library/node:20-slim AS build', 'FROM docker.io/library/node:20-slim'])
    const last = text.slice(text.lastIndexOf('FROM '))
    expect(last).toMatch(/^USER 10001:10001$/m)
    expect(last).toMatch(/^HEALTHCHECK [\s\S]*?CMD \["node", "-e", "fetch\('http:\/\/127\.0\.0\.1:8079\/healthz'\)/m)
    expect(last).toMatch(/^ENTRYPOINT \["node", "\/usr\/lib\/logwisp\/dist\/cli\.js"\]$/m)
    for (const [, path] of last.matchAll(/^COPY (examples\/\S+)/gm)) {
      await readFile(join(deploy, '../../..', path as string))
    }
  })

  test('has a configuration that the daemon takes', async () => {
    const { config } = await load(await textOf('container.toml'))
    expect(config.pipelines[0]?.sinks[0]).toMatchObject({ type: 'http', options: { host: '0.0.0.0', port: 8080 } })
  })
})

describe('logwisp.1', () => {
  const path = join(deploy, 'logwisp.1')

  test.skipIf(!has('mandoc', 'the check of the man page by mandoc'))('mandoc finds nothing wrong with it', () => {
    expect(execFileSync('mandoc', ['-T', 'lint', '-W', 'style', path], { encoding: 'utf8' })).toBe('')
  })

  test.skipIf(!has('groff', 'the check of the man page by groff'))('groff finds nothing wrong with it', () => {
    const { status, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', path], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  test('names every command', async () => {
    const page = (await textOf('logwisp.1')).replaceAll('\\-', '-').replaceAll(/\\f[BIR]/g, '')
    for (const { name } of describedProgram().commands.map((command) => ({ name: command.name() }))) {
      if (name !== 'help')
        expect(page).toMatch(new RegExp(`^\\.(B|BI) .*\\b${name}\\b|^\\.B hash-password.*${name}`, 'm'))
    }
  })
})
