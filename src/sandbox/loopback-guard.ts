import type { Context, Next } from 'koa'
import { Refusal } from './refusal.ts'

export interface Addresses {
  /** The URL by which this process is reached, as it was told. */
  readonly publicUrl: string
  readonly port: number
}

/**
 * What stands between a process on loopback and the web pages in the same browser: only our own names in `Host` (a
 * foreign name that resolves to us is DNS rebinding), and no change ordered by a page of another origin.
 */
export function loopbackGuard({ publicUrl, port }: Addresses): (ctx: Context, next: Next) => Promise<void> {
  const hosts = [
    new URL(publicUrl).host,
    ...['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${port}`),
  ]
  const origins = [new URL(publicUrl).origin, ...hosts.map((host) => `http://${host}`)]
  return async (ctx, next) => {
    if (!hosts.includes(ctx.get('host').toLowerCase()))
      throw new Refusal(421, 'misdirected_request', 'This server does not go by that name.')
    const origin = ctx.get('origin')
    if (ctx.method !== 'GET' && origin !== '' && !origins.includes(origin))
      throw new Refusal(403, 'foreign_origin', 'A page of another site may not change anything here.')
    await next()
  }
}
