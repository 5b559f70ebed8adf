/** Clients that show a certificate: whose it is, by the names in it. */

import type { PeerCertificate } from 'node:tls'
import type { OptionRule } from '../options.ts'
import type { AccessSocket, Right } from './access.ts'
import { type Known, type Proof, rightsFrom } from './proof.ts'

/** Somebody who shows a certificate that the server's `ca` has signed. */
export interface CertificateRule {
  /**
   * What must stand in the certificate: `CN:host-a`, `DNS:host-a.example`, `URI:spiffe://…`, `email:…`, `IP:…`, its
   * fingerprint as `SHA256:AB:CD:…`, or `*` for any that the `ca` has signed.
   * @default the rule's own name, as `CN:` or as `DNS:`
   */
  readonly subject?: string | undefined
  /** What the certificate is good for. @default all three */
  readonly rights?: readonly Right[] | undefined
}

/** What {@link CertificateRule.subject} may be. */
export const subjectRule: OptionRule = {
  expected: "'*', or a name behind 'CN:', 'DNS:', 'URI:', 'email:', 'IP:' or 'SHA256:'",
  accepts: (value) => typeof value === 'string' && /^(\*|(CN|DNS|URI|email|IP|SHA256):.+)$/.test(value),
}

/** Looks certificates up. */
export class CertificateNames {
  readonly #holders = new Map<string, Known>()
  /** A connection has the same certificate for as long as it lasts. */
  readonly #proofs = new WeakMap<AccessSocket, Proof>()

  constructor(rules: Readonly<Record<string, CertificateRule>>) {
    for (const [name, { subject, rights }] of Object.entries(rules)) {
      const holder: Known = { name, provedBy: 'certificate', rights: rightsFrom(rights) }
      const subjects = subject === undefined ? [`CN:${name}`, `DNS:${name}`] : [subject]
      for (const each of subjects) if (!this.#holders.has(each)) this.#holders.set(each, holder)
    }
  }

  /** Whose certificate the peer has shown; undefined when there is none that counts. */
  prove(socket: AccessSocket): Proof | undefined {
    if (socket.authorized !== true || socket.getPeerCertificate === undefined) return undefined
    const known = this.#proofs.get(socket)
    if (known !== undefined) return known
    const proof = this.#look(socket.getPeerCertificate() as PeerCertificate)
    if (proof !== undefined) this.#proofs.set(socket, proof)
    return proof
  }

  #look(certificate: PeerCertificate): Proof | undefined {
    if (certificate.fingerprint256 === undefined) return undefined
    for (const name of [...namesIn(certificate), '*']) {
      const holder = this.#holders.get(name)
      if (holder !== undefined) return holder
    }
    return { failed: 'stale', message: 'the certificate is good, but nobody with its name is known here' }
  }
}

function namesIn({ subject, subjectaltname, fingerprint256 }: PeerCertificate): string[] {
  // A certificate may have several; Node gives an array then.
  const common = [subject?.CN ?? []].flat().map((name) => `CN:${name}`)
  return [`SHA256:${fingerprint256}`, ...alternativeNames(subjectaltname ?? ''), ...common]
}

/**
 * `DNS:host-a, IP Address:127.0.0.1` taken apart. A name with a comma, a quote and the like in it, which would pass for
 * several, comes as a JSON text.
 */
function alternativeNames(text: string): string[] {
  const items = text.match(/(?:^|, )(?:[^:,]+):(?:"(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/g) ?? []
  return items.map((item) => {
    const [, kind = '', value = ''] = /^(?:, )?([^:]+):(.*)$/s.exec(item) ?? []
    const name = value.startsWith('"') ? String(JSON.parse(value)) : value
    return `${kind === 'IP Address' ? 'IP' : kind}:${name}`
  })
}
