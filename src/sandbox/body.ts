import type { Context } from 'koa'
import { Refusal } from './refusal.ts'

/** The largest body that is read, in bytes. */
const LARGEST = 64 * 1024

/**
 * The request's body as text. Only the named media types are read: JSON from a web page of another origin would need a
 * preflight, which nobody answers.
 */
export async function readBody(ctx: Context, types: readonly string[]): Promise<string> {
  const type = ctx.get('content-type').split(';')[0]?.trim().toLowerCase() ?? ''
  if (!types.includes(type))
    throw new Refusal(415, 'unsupported_media_type', `The body must be ${types.join(' or ')}.`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req) {
    // A request stream without an encoding yields Buffers.
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > LARGEST) throw new Refusal(413, 'too_large', `The body must be at most ${LARGEST} bytes.`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The request's body as a JSON object. */
export async function readJson(ctx: Context): Promise<Readonly<Record<string, unknown>>> {
  const text = await readBody(ctx, ['application/json'])
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal(400, 'invalid_request', 'The body must be a JSON object.')
  // Just shown to be an object; its members are still unknown.
  return value as Readonly<Record<string, unknown>>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'invalid_request', 'The body is not JSON.')
  }
}
