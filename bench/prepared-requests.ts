import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { Recipe } from './recipe.ts'

/** Client assertions live this long, in seconds: the longest that FAPI 2.0 servers of the bank take. */
const ASSERTION_SECONDS = 280

/**
 * The bytes of `count` requests. Without an assertion they may be sent any number of times, so one round of the
 * values in turn is enough.
 */
export function prepareRequests(recipe: Recipe, count: number): readonly Buffer[] {
  const key = recipe.assertion && createPrivateKey(recipe.assertion.privateKey)
  const needed = key === undefined ? Math.max(1, recipe.turns?.values.length ?? 1) : count
  return Array.from({ length: needed }, (_, index) => requestOf(recipe, index, key))
}

function requestOf(recipe: Recipe, index: number, key: KeyObject | undefined): Buffer {
  const { url, form, turns } = recipe
  const { host, pathname } = new URL(url)
  const parameters = new URLSearchParams(form)
  if (turns) parameters.set(turns.name, turns.values[index % turns.values.length] ?? '')
  if (key) parameters.set('client_assertion', assertionOf(recipe, key))
  const body = parameters.toString()
  const lines = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded',
    'Accept: application/json',
    `Content-Length: ${body.length}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}

function assertionOf({ assertion }: Recipe, key: KeyObject): string {
  if (assertion === undefined) throw new Error('an assertion was asked for that the recipe does not have')
  const { clientId, audience, kid } = assertion
  const iat = Math.floor(Date.now() / 1000)
  const exp = iat + ASSERTION_SECONDS
  const claims = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat, exp }
  const input = `${encoded({ alg: 'ES256', kid })}.${encoded(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
