import type { IncomingMessage } from 'node:http'
import type { Context, Middleware } from 'koa'
import { Problem, type ProblemCode } from '../domain/problem.ts'
import type { Json } from '../domain/third-party.ts'
import { isJsonObject, JsonRefused, parseJson } from './json-guard.ts'
import type { RegistrationDoor } from './registration.ts'

const MAX_BODY = 65_536

/** RFC 7591 §3.2.2. */
const errors: Partial<Record<ProblemCode, string>> = {
  'invalid-software-statement': 'invalid_software_statement',
  'unapproved-software-statement': 'unapproved_software_statement',
  'invalid-redirect-uri': 'invalid_redirect_uri',
  'invalid-client-metadata': 'invalid_client_metadata',
  unavailable: 'temporarily_unavailable',
}

/**
 * For POST and PUT of the engine's registration routes, before the engine. On success `ctx.state.registration` is the
 * Registration and the request's body its metadata, which is all that the engine then sees. A refusal is answered
 * here, told to `refused` before the answer leaves, and does not reach the engine.
 */
export function registrationMiddleware(parts: {
  readonly door: RegistrationDoor
  readonly refused?: (ctx: Context, problem: Problem) => void | Promise<void>
}): Middleware {
  return async (ctx, next) => {
    try {
      const body = await readBody(ctx)
      const registration = await parts.door.derive(body)
      ctx.state.registration = registration
      replaceBody(ctx, { ...registration.metadata, ...clientId(ctx, body) })
    } catch (error) {
      if (!(error instanceof Problem) || errors[error.code] === undefined) throw error
      await parts.refused?.(ctx, error)
      answer(ctx, error)
      return
    }
    await next()
  }
}

async function readBody(ctx: Context): Promise<Json> {
  if (!ctx.is('application/json')) throw refused('The request must be application/json')
  try {
    return parseJson(await readAtMost(ctx.req, MAX_BODY))
  } catch (error) {
    if (error instanceof JsonRefused) throw refused(`The request is refused: ${error.message}`)
    throw error
  }
}

async function readAtMost(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // The stream is left alive, so that the refusal can still be answered on its connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > limit) throw refused(`The request is larger than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** RFC 7592 §2.2: an update names its client; the engine compares that with the registration token's. */
function clientId(ctx: Context, body: Json): { readonly client_id?: string } {
  if (ctx.method !== 'PUT' || !isJsonObject(body) || !Object.hasOwn(body, 'client_id')) return {}
  const { client_id: id } = body
  return typeof id === 'string' && id.length <= 128 ? { client_id: id } : {}
}

/** Both places where the engine looks when the stream has been read: Koa's request and Node's. */
function replaceBody(ctx: Context, body: unknown): void {
  Object.assign(ctx.request, { body })
  Object.assign(ctx.req, { body })
}

function answer(ctx: Context, problem: Problem): void {
  const isOurs = problem.code === 'unavailable'
  ctx.status = isOurs ? 503 : 400
  ctx.body = { error: errors[problem.code], error_description: problem.message }
  ctx.set('Cache-Control', 'no-store')
  if (isOurs) ctx.set('Retry-After', '5')
  // What is left of a body that was too large must not be read as the next request.
  if (!ctx.req.complete) ctx.set('Connection', 'close')
}

function refused(sentence: string): Problem {
  return new Problem('invalid-client-metadata', `${sentence}.`)
}
