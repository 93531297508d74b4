import type { Context, Middleware } from 'koa'
import { wellKnown } from './discovery.ts'
import { routes } from './settings.ts'

const POST = ['POST']
const GET = ['GET']
/** Open to every origin and to its preflights: there is nothing in them that is not for everybody. */
const OPEN = ['GET', 'HEAD', 'OPTIONS']

/** All that the engine is ever asked, and how. Its router would take other spellings for these, and has more routes. */
const methods: ReadonlyMap<string, readonly string[]> = new Map([
  [routes.token, POST],
  [routes.pushed_authorization_request, POST],
  [routes.introspection, POST],
  [routes.revocation, POST],
  [routes.registration, POST],
  [routes.userinfo, ['GET', 'POST']],
  [routes.authorization, GET],
  [routes.jwks, OPEN],
  ...[...wellKnown].map((path) => [path, OPEN] as const),
])
/** Where the browser comes back after the decision. */
const resume = new RegExp(`^${routes.authorization}/[A-Za-z0-9_-]{16,64}$`)
const MAX_QUERY = 8_192

/** What is refused before the engine looks at it (threats A8, B17, hardening.md §1). */
export const protocolGuards: Middleware = async (ctx, next) => {
  const allowed = methods.get(ctx.path) ?? (resume.test(ctx.path) ? GET : undefined)
  // Not found, as Koa says it.
  if (allowed === undefined) return
  if (!allowed.includes(ctx.method)) {
    ctx.set('Allow', allowed.join(', '))
    return refuse(ctx, 405, 'invalid_request', `this endpoint takes ${allowed.join(' or ')}`)
  }
  const query = ctx.querystring
  if (query.length > MAX_QUERY) return refuse(ctx, 400, 'invalid_request', 'the query is too long')
  // RFC 6749 §3.1: parameters must not be included more than once. The engine minds those it knows; we mind all.
  const names = [...new URLSearchParams(query).keys()]
  if (new Set(names).size !== names.length)
    return refuse(ctx, 400, 'invalid_request', 'a parameter must not be provided twice')
  // RFC 6749 §3.2: parameters travel in the body; a token or assertion in a URL ends up in logs.
  if (allowed === POST && query !== '')
    return refuse(ctx, 400, 'invalid_request', 'parameters belong in the request body')
  if (ctx.path === routes.authorization && !comesFromAPage(ctx))
    return refuse(
      ctx,
      400,
      'invalid_request',
      'the authorization endpoint is opened by a browser, as a page of its own',
    )
  await next()
  if (allowed !== OPEN) closeToOtherOrigins(ctx)
}

/** FAPI 2.0 Security Profile §5.2.3 item 3: no CORS; the engine would answer `*` to callers without an Origin. */
function closeToOtherOrigins(ctx: Context): void {
  for (const name of Object.keys(ctx.response.headers)) {
    if (name.startsWith('access-control-')) ctx.remove(name)
  }
  ctx.set('Cache-Control', 'no-store')
}

/** `Sec-Fetch-Dest` is only sent by browsers; where it is sent, it must be a page, not a frame or a script. */
function comesFromAPage(ctx: Context): boolean {
  const destination = ctx.get('Sec-Fetch-Dest')
  return destination === '' || destination === 'document'
}

function refuse(ctx: Context, status: number, error: string, description: string): void {
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { error, error_description: description }
}
