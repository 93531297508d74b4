import { Router } from '@koa/router'
import Koa from 'koa'
import { readBody, readJson } from '../body.ts'
import { loopbackGuard } from '../loopback-guard.ts'
import { asRefusal, Refusal } from '../refusal.ts'
import { strictHeaders } from '../strict-headers.ts'
import type { CertificateAuthority } from './certificates.ts'
import { indexPage, stylesheet } from './index-page.ts'
import { type SoftwareRegister, type Status, statuses } from './software-register.ts'
import { readSoftwareRequest } from './software-request.ts'
import { statementClaims } from './statement.ts'
import type { StatementKey } from './statement-key.ts'

export interface Directory {
  readonly issuer: string
  readonly port: number
  readonly authority: CertificateAuthority
  readonly key: StatementKey
  readonly register: SoftwareRegister
}

const PEM = 'application/x-pem-file'

/** The directory's HTTP interface. */
export function openDoor(directory: Directory): Koa {
  const app = new Koa()
  app.silent = true
  app.use(strictHeaders())
  app.use(async (ctx, next) => {
    await next().catch((error: unknown) => refuse(ctx, error))
  })
  app.use(loopbackGuard({ publicUrl: directory.issuer, port: directory.port }))
  app.use(routes(directory).routes())
  app.use(() => {
    throw new Refusal(404, 'not_found', 'There is nothing at this address.')
  })
  return app
}

function refuse(ctx: Koa.Context, error: unknown): void {
  const refusal = asRefusal(error)
  ctx.status = refusal.status
  ctx.body = { error: refusal.code, error_description: refusal.message }
}

function routes(directory: Directory): Router {
  const { issuer, authority, key, register } = directory
  const router = new Router()
  router.get('/', (ctx) => {
    ctx.type = 'html'
    ctx.body = indexPage(issuer, register.all())
  })
  router.get('/directory.css', (ctx) => {
    ctx.type = 'css'
    ctx.body = stylesheet
  })
  router.get('/jwks', (ctx) => {
    ctx.body = key.jwks
  })
  router.get('/ca.pem', (ctx) => {
    ctx.type = PEM
    ctx.body = authority.pem
  })
  router.post('/certificates', async (ctx) => {
    const chain = await authority.issue(await readBody(ctx, [PEM, 'text/plain', 'application/pkcs10']))
    ctx.status = 201
    ctx.type = PEM
    ctx.body = chain
  })
  router.post('/software-statements', async (ctx) => {
    const request = readSoftwareRequest(await readJson(ctx))
    const software = await register.enter(request)
    ctx.status = 201
    ctx.type = 'application/jwt'
    ctx.body = await key.sign(statementClaims(issuer, software, request))
  })
  router.get('/software', (ctx) => {
    ctx.body = { software: register.all() }
  })
  router.get('/software/:id', (ctx) => {
    ctx.body = register.find(ctx.params.id ?? '')
  })
  router.post('/software/:id/status', async (ctx) => {
    ctx.body = await register.setStatus(ctx.params.id ?? '', readStatus(await readJson(ctx)))
  })
  return router
}

function readStatus(body: Readonly<Record<string, unknown>>): Status {
  const status = statuses.find((name) => name === body.status)
  if (status !== undefined) return status
  throw new Refusal(400, 'invalid_request', `status must be one of ${statuses.join(', ')}`)
}
