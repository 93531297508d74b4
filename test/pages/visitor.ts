import { request } from 'node:http'

/** An answer as a browser gets it, before it follows anything. */
export interface Answer {
  readonly status: number
  readonly html: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A browser without scripts, as far as these tests need one: keeps cookies, sends what browsers send with forms. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly origin: string

  constructor(origin: string) {
    this.origin = origin
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, { 'Sec-Fetch-Dest': 'document', ...headers })
  }

  post(path: string, fields: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, fields, {
      Origin: this.origin,
      'Sec-Fetch-Site': 'same-origin',
      'Content-Type': 'application/x-www-form-urlencoded',
      ...headers,
    })
  }

  /** Follows 303 within our own origin, as long as it leads to pages of this door. */
  async follow(answer: Answer): Promise<Answer> {
    const location = answer.headers.location
    if (answer.status !== 303 || typeof location !== 'string' || !location.startsWith('/')) return answer
    return this.follow(await this.get(location))
  }

  private send(method: string, path: string, body: string | undefined, headers: Record<string, string>) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return new Promise<Answer>((resolve, reject) => {
      const asked = request(new URL(path, this.origin), { method, headers: { ...headers, Cookie: cookie } })
      asked.on('error', reject)
      asked.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          this.keep(response.headers['set-cookie'] ?? [])
          const html = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, html, headers: response.headers })
        })
      })
      asked.end(body)
    })
  }

  private keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }
}

/** The value of a hidden field in the form that posts to `action`. */
export function hidden(html: string, action: string, name = 'csrf'): string {
  const form = html.split('<form').find((part) => part.includes(`action="${action}"`)) ?? ''
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(form)?.[1] ?? ''
}

export function fields(facts: Record<string, string | readonly string[]>): string {
  const all = Object.entries(facts).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  )
  return new URLSearchParams(all).toString()
}

/** What is read on the page: no tags, one space. */
export function textOf(html: string): string {
  return html
    .replace(/^[\s\S]*<main/, '<main')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, '’')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
}

export function headingOf(html: string): string {
  return textOf(/<h1[\s\S]*?<\/h1>/.exec(html)?.[0] ?? '').trim()
}
