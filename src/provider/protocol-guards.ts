import type { Context, Middleware } from 'koa'
import { routes } from './settings.ts'

const posted: ReadonlySet<string> = new Set([
  routes.token,
  routes.pushed_authorization_request,
  routes.introspection,
  routes.revocation,
  routes.registration,
])
const protocol: ReadonlySet<string> = new Set([...posted, routes.userinfo])
const MAX_QUERY = 8_192

/** What is refused before the engine looks at it (threats A8, B17, hardening.md §1). */
export const protocolGuards: Middleware = async (ctx, next) => {
  const query = ctx.querystring
  if (query.length > MAX_QUERY) return refuse(ctx, 400, 'invalid_request', 'the query is too long')
  // RFC 6749 §3.1: parameters must not be included more than once. The engine minds those it knows; we mind all.
  const names = [...new URLSearchParams(query).keys()]
  if (new Set(names).size !== names.length)
    return refuse(ctx, 400, 'invalid_request', 'a parameter must not be provided twice')
  if (posted.has(ctx.path)) {
    if (ctx.method !== 'POST') {
      ctx.set('Allow', 'POST')
      return refuse(ctx, 405, 'invalid_request', 'this endpoint takes POST')
    }
    // RFC 6749 §3.2: parameters travel in the body; a token or assertion in a URL ends up in logs.
    if (query !== '') return refuse(ctx, 400, 'invalid_request', 'parameters belong in the request body')
  }
  // The engine always brings the read route of RFC 7592 along; registrations are not managed here.
  if (ctx.path.startsWith(`${routes.registration}/`)) return
  if (ctx.path === routes.authorization && !comesFromAPage(ctx))
    return refuse(
      ctx,
      400,
      'invalid_request',
      'the authorization endpoint is opened by a browser, as a page of its own',
    )
  await next()
  if (protocol.has(ctx.path) || ctx.path.startsWith(routes.authorization)) closeToOtherOrigins(ctx)
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
