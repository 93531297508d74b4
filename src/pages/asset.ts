import { createHash } from 'node:crypto'
import type { Context, Middleware } from 'koa'

/** A file served under a name that carries its hash, so that it never changes and may be kept for ever. */
export interface Asset {
  readonly path: string
  readonly type: string
  readonly body: Buffer
}

export function makeAsset(name: string, extension: string, type: string, content: string | Buffer): Asset {
  const body = Buffer.from(content)
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16)
  return { path: `/assets/${name}-${hash}.${extension}`, type, body }
}

/** Serves the assets; an unknown one is left to the next. */
export function serveAssets(assets: readonly Asset[]): Middleware {
  const byPath = new Map(assets.map((asset) => [asset.path, asset]))
  return async (ctx, next) => {
    const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? byPath.get(ctx.path) : undefined
    if (asset) serve(ctx, asset)
    else await next()
  }
}

function serve(ctx: Context, { type, body }: Asset): void {
  ctx.set({
    'Content-Type': type,
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'Cache-Control': 'public, max-age=31536000, immutable',
  })
  ctx.body = body
}
