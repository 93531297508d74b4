import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { text } from 'node:stream/consumers'
import type { SecureContextOptions } from 'node:tls'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** The body as JSON; whoever asks knows what to expect. */
  json<T>(): T
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly tls?: SecureContextOptions
}

/** One HTTP request with exactly these headers (fetch would refuse to send another `Host`). */
export async function ask(url: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, tls } = question
  const start = url.startsWith('https:') ? secure : plain
  const sent = start(url, {
    method,
    agent: false,
    headers: { 'x-fapi-interaction-id': randomUUID(), ...headers },
    ...tls,
  })
  sent.end(body)
  // The only argument of the event `response`.
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const received = await text(response)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: received,
    json: () => JSON.parse(received),
  }
}

export function postJson(url: string, body: unknown, headers: Question['headers'] = {}): Promise<Answer> {
  return ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}
