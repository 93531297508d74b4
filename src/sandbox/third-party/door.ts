import { Router } from '@koa/router'
import Koa from 'koa'
import { loopbackGuard } from '../loopback-guard.ts'
import { asRefusal, Refusal } from '../refusal.ts'
import { strictHeaders } from '../strict-headers.ts'
import type { Actions } from './actions.ts'
import { type Names, page } from './page.ts'
import type { Session, Sessions } from './sessions.ts'
import { stylesheet } from './stylesheet.ts'

export interface ThirdParty {
  readonly names: Names
  readonly publicUrl: string
  readonly port: number
  /** The bank's origin: the Connect button leads there. */
  readonly bankOrigin: string
  readonly actions: Actions
  readonly sessions: Sessions
}

/** The third party's web app. */
export function openDoor(thirdParty: ThirdParty): Koa {
  const app = new Koa()
  app.silent = true
  app.use(strictHeaders([thirdParty.bankOrigin]))
  app.use(async (ctx, next) => {
    await next().catch((error: unknown) => refuse(ctx, error))
  })
  app.use(loopbackGuard(thirdParty))
  app.use(routes(thirdParty).routes())
  app.use(() => {
    throw new Refusal(404, 'not_found', 'There is nothing at this address.')
  })
  return app
}

function refuse(ctx: Koa.Context, error: unknown): void {
  const refusal = asRefusal(error)
  ctx.status = refusal.status
  ctx.type = 'text'
  ctx.body = `${refusal.message}\n`
}

function routes({ names, publicUrl, actions, sessions }: ThirdParty): Router {
  const visitors = new Visitors(sessions, publicUrl)
  const router = new Router()
  router.get('/', (ctx) => {
    // Cookies keep to a host name: under another name of ours the customer would come back to a stranger.
    if (ctx.host !== new URL(publicUrl).host) return seeOther(ctx, publicUrl)
    ctx.type = 'html'
    ctx.body = page(names, visitors.known(ctx))
  })
  router.get('/app.css', (ctx) => {
    ctx.type = 'css'
    ctx.body = stylesheet
  })
  router.post('/connect', async (ctx) => {
    const session = visitors.welcome(ctx)
    const destination = await actions.connect(session).finally(() => sessions.save())
    seeOther(ctx, destination ?? '/')
  })
  router.get('/callback', async (ctx) => {
    const session = visitors.welcome(ctx)
    await actions.finish(session, new URL(ctx.url, publicUrl)).finally(() => sessions.save())
    seeOther(ctx, '/')
  })
  for (const action of ['refresh', 'forget'] as const)
    router.post(`/${action}`, async (ctx) => {
      const session = visitors.known(ctx)
      if (session) await actions[action](session).finally(() => sessions.save())
      seeOther(ctx, '/')
    })
  return router
}

/** Which session a browser has, by its cookie. */
class Visitors {
  readonly #sessions: Sessions
  readonly #secure: boolean

  constructor(sessions: Sessions, publicUrl: string) {
    this.#sessions = sessions
    this.#secure = publicUrl.startsWith('https:')
  }

  known(ctx: Koa.Context): Session | undefined {
    return this.#sessions.find(ctx.cookies.get(this.#cookie()))
  }

  /** The browser's session; a new one and its cookie where there is none. */
  welcome(ctx: Koa.Context): Session {
    const known = this.known(ctx)
    if (known) return known
    const { cookie, session } = this.#sessions.create()
    // Lax, because the browser comes back from the bank by a link from another site.
    const flags = `Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000${this.#secure ? '; Secure' : ''}`
    ctx.append('Set-Cookie', `${this.#cookie()}=${cookie}; ${flags}`)
    return session
  }

  /** Cookies ignore ports, so each demo app on localhost has a name of its own. */
  #cookie(): string {
    return this.#secure ? '__Host-acme-budget' : 'acme-budget'
  }
}

function seeOther(ctx: Koa.Context, destination: string): void {
  ctx.status = 303
  ctx.set('Location', destination)
}
