import type { CustomFetch, CustomFetchOptions } from 'openid-client'
import { type KnownPlaces, purposeOf } from './purpose.ts'
import { type Shown, shownBody, shownFields } from './shown.ts'
import type { Steps } from './step.ts'

/** Headers that say something about the protocol; the rest is HTTP's own business. */
const telling = [
  ...['authorization', 'dpop', 'dpop-nonce', 'content-type', 'x-fapi-interaction-id', 'www-authenticate'],
  ...['location', 'retry-after'],
]

/** A fetch that writes every request and its answer into the steps of one browser. */
export function recordingFetch(steps: Steps, places: () => KnownPlaces, now: () => Date): CustomFetch {
  return async (url, options) => {
    const at = now()
    const request = shownRequest(url, options)
    const finish = (rest: Parts) =>
      steps.add({
        ...purposeOf(url, bodyText(options), places()),
        at: at.toISOString(),
        milliseconds: now().getTime() - at.getTime(),
        method: options.method,
        url: url.split('?', 1)[0] ?? url,
        request,
        ...rest,
      })
    try {
      // undefined says the same to fetch as leaving these out, but not to its types.
      const response = await fetch(url, options as RequestInit)
      finish(await shownAnswer(response.clone()))
      return response
    } catch (error) {
      finish({ failure: 'No answer came: the connection could not be made or broke.' })
      throw error
    }
  }
}

type Parts = Pick<Parameters<Steps['add']>[0], 'answer' | 'failure' | 'note'>

function shownRequest(url: string, options: CustomFetchOptions) {
  const body = bodyText(options)
  return {
    headers: shownHeaders(new Headers(options.headers)),
    query: shownFields(new URL(url).searchParams),
    ...(body !== '' && { body: isForm(options) ? shownFields(new URLSearchParams(body)) : shownBody(body) }),
  }
}

async function shownAnswer(response: Response): Promise<Parts> {
  const text = await response.text()
  const challenge = `${response.headers.get('www-authenticate')} ${response.status < 400 ? '' : text}`
  return {
    answer: {
      status: response.status,
      headers: shownHeaders(response.headers),
      body: shownBody(text),
    },
    ...(challenge.includes('use_dpop_nonce') && {
      note: 'RFC 9449 §8: the proof must hold a nonce of this server. It sent one; the request goes out again with it.',
    }),
  }
}

function shownHeaders(headers: Headers): Shown {
  return shownFields([...headers].filter(([name]) => telling.includes(name)))
}

function isForm(options: CustomFetchOptions): boolean {
  return (new Headers(options.headers).get('content-type') ?? '').includes('x-www-form-urlencoded')
}

/** openid-client sends text and form parameters; other kinds of body do not occur here. */
function bodyText({ body }: CustomFetchOptions): string {
  return typeof body === 'string' || body instanceof URLSearchParams ? String(body) : ''
}
