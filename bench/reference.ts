import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Seeds {
  readonly accessTokens: readonly string[]
  readonly refreshTokens: readonly string[]
}

/** What the reference's process is asked. */
export type ReferenceRequest =
  | {
      readonly kind: 'open'
      readonly host: string
      readonly tls: { readonly certificate: string; readonly key: string }
      readonly clients: readonly object[]
      /** Private JWK for id_tokens. */
      readonly signingKey: object
    }
  | {
      readonly kind: 'seed'
      readonly clientId: string
      readonly thumbprint: string
      readonly count: number
    }

export type ReferenceReply =
  | { readonly port: number }
  | { readonly seeds: Seeds }
  | { readonly fault: string }

/** The bare engine in a process of its own. */
export interface Reference {
  readonly issuer: string
  readonly pid: number
  /** Fresh grants and tokens: its memory holds a thousand things and forgets the oldest. */
  seed(clientId: string, thumbprint: string, count: number): Promise<Seeds>
  close(): void
}

export async function openReference(
  request: Omit<Extract<ReferenceRequest, { kind: 'open' }>, 'kind'>,
): Promise<Reference> {
  const child = fork(fileURLToPath(new URL('reference-process.ts', import.meta.url)), {
    execArgv: process.env.BENCH_REFERENCE_OPTIONS?.split(' ') ?? [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const opened = await ask(child, { kind: 'open', ...request })
  if (!('port' in opened) || child.pid === undefined) throw new Error('the reference did not open')
  return {
    issuer: `https://${request.host}:${opened.port}`,
    pid: child.pid,
    seed: async (clientId, thumbprint, count) => {
      const answer = await ask(child, { kind: 'seed', clientId, thumbprint, count })
      if (!('seeds' in answer)) throw new Error('the reference did not seed')
      return answer.seeds
    },
    close: () => child.disconnect(),
  }
}

function ask(child: ChildProcess, request: ReferenceRequest): Promise<ReferenceReply> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the reference ended'))
    child.once('exit', ended)
    child.once('message', (reply: ReferenceReply) => {
      child.off('exit', ended)
      if ('fault' in reply) reject(new Error(reply.fault))
      else resolve(reply)
    })
    child.send(request)
  })
}
