import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A customer of the demo, as its visitors may know them: this is a play, and these are its props. */
export interface DemoCustomer {
  readonly name: string
  readonly alias?: string
  readonly customerNumber: string
  readonly password: string
  /** The code that the customer's authenticator app shows now. */
  readonly code: string
}

/** What the desk needs of the house. */
export interface DeskParts {
  readonly port: number
  readonly bankName: string
  customers(): Promise<readonly DemoCustomer[]>
  /** A customer nobody has used before, with three accounts at the demo bank. */
  freshCustomer(): Promise<{
    readonly customerNumber: string
    readonly password: string
    readonly totpSecret: string
    readonly name: string
  }>
}

/**
 * The demo's prompt desk, on loopback only: the customers' sign-in details with the code of the moment, and
 * `POST /customers` for a fresh one. Production has neither.
 */
export function openDesk(parts: DeskParts): { start(): Promise<string>; close(): Promise<void> } {
  const origin = `http://localhost:${parts.port}`
  const server = createServer((request, response) => {
    answer(parts, request, new URL(origin).host).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, type: 'text/plain', body: 'The demo desk has a problem.\n' }),
    )
  })
  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(parts.port, '127.0.0.1', () => resolve(origin))
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

async function answer(parts: DeskParts, request: IncomingMessage, host: string): Promise<Reply> {
  // A page elsewhere must neither read the codes by another name for this address nor make customers.
  if (request.headers.host !== host) return json(421, { error: 'misdirected_request' })
  if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] === 'cross-site')
    return json(403, { error: 'forbidden' })
  if (request.method === 'POST' && request.url === '/customers') return json(201, await parts.freshCustomer())
  if (request.method !== 'GET') return json(405, { error: 'method_not_allowed' })
  if (request.url === '/customers') return json(200, { customers: await parts.customers() })
  if (request.url !== '/') return json(404, { error: 'not_found' })
  return { status: 200, type: 'text/html', body: page(parts.bankName, await parts.customers()) }
}

function json(status: number, body: object): Reply {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` }
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src '${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#14202b}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.5rem;border-bottom:1px solid #75828f}
code{font-size:1.15em;letter-spacing:.05em}@media(max-width:40rem){thead{display:none}tr,td{display:block;border:0;padding:.15rem 0}tr{border-bottom:1px solid #75828f;padding:.75rem 0}td::before{content:attr(data-label)": ";color:#4a5865}}`
const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`

function page(bankName: string, customers: readonly DemoCustomer[]): string {
  const rows = customers.map(({ name, alias, customerNumber, password, code }) => {
    const cell = (label: string, text: string) =>
      `<td data-label="${label}"><code>${escaped(text)}</code></td>`
    return `<tr><td data-label="Customer">${escaped(name)}</td>${cell('Customer number', alias ?? customerNumber)}${cell('Password', password)}${cell('Code now', code)}</tr>`
  })
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Demo customers – ${escaped(bankName)}</title><style>${style}</style></head><body><main>
<h1>Demo customers of ${escaped(bankName)}</h1>
<p>This desk plays the customers’ authenticator apps. Codes change every 30 seconds and work once: reload the page for the next one.</p>
<table><thead><tr><th scope="col">Customer</th><th scope="col">Customer number (or name)</th><th scope="col">Password</th><th scope="col">Code now</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></main></body></html>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
