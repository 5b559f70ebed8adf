/** A real nginx in front of a stage, with everything by default but what upgrades need, and compression of streams on top. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether there is one; says so loudly when there is not. */
export const hasNginx: boolean = spawnSync('nginx', ['-v']).status === 0
if (!hasNginx) console.warn('SKIPPED: no nginx; apt-get install nginx-light to run the tests behind a proxy')

const configuration = (directory: string, listen: number, upstream: number): string => `
daemon off; master_process off; pid ${directory}/pid; error_log stderr crit;
events {}
http {
  access_log off;
  gzip on; gzip_types text/event-stream;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${listen};
    location / {
      proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_header;
    }
  }
}
`

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts it before what listens on a port; returns its own. It ends with the test. */
export async function startNginx(upstream: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-nginx-'))
  const port = await freePort()
  await writeFile(join(directory, 'nginx.conf'), configuration(directory, port, upstream))
  const nginx = spawn('nginx', ['-p', directory, '-c', 'nginx.conf'], { stdio: 'ignore' })
  onTestFinished(async () => {
    if (nginx.kill()) await once(nginx, 'exit')
    await rm(directory, { recursive: true })
  })
  return port
}
