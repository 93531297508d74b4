import { readableText, readHtml } from './html.ts'
import { type FormField, type HtmlForm, readForms } from './html-form.ts'
import type { Answer } from './transport.ts'
import { Unexpected } from './unexpected.ts'

/** A form together with the page it stands on. */
export interface PageForm extends HtmlForm {
  readonly page: Page
}

/** What the browser shows after a navigation. */
export class Page {
  readonly url: string
  /** The last answer; undefined once the browser has left for a third party. */
  readonly answer: Answer | undefined
  /** Everything that was answered on the way, redirects included, oldest first. */
  readonly trail: readonly Answer[]
  readonly text: string
  readonly title: string
  readonly links: readonly { readonly href: string; readonly text: string }[]
  readonly forms: readonly PageForm[]

  constructor(url: string, trail: readonly Answer[], left: boolean) {
    this.url = url
    this.trail = trail
    this.answer = left ? undefined : trail.at(-1)
    const pieces = readHtml(this.answer?.body ?? '')
    this.text = readableText(pieces)
    this.title = /<title[^>]*>([\s\S]*?)<\/title>/i.exec(this.answer?.body ?? '')?.[1]?.trim() ?? ''
    this.links = linksOf(this.answer?.body ?? '')
    this.forms = readForms(pieces).map((form) => ({ ...form, page: this }))
  }

  /** The URL at the third party to which the browser was sent, when it was. */
  get callback(): string | undefined {
    return this.answer === undefined ? this.url : undefined
  }

  get status(): number | undefined {
    return this.answer?.status
  }

  /** The form with this id, or the one that holds a button or field with this id. Throws Unexpected. */
  form(id: string): PageForm {
    const found = this.forms.find(
      (form) =>
        form.id === id ||
        form.buttons.some((button) => button.id === id) ||
        form.fields.some((one) => one.id === id),
    )
    if (found === undefined)
      throw new Unexpected(`the page ${this.path}`, `a form with "${id}"`, this.described)
    return found
  }

  hasForm(id: string): boolean {
    return this.forms.some((form) => form.id === id || form.buttons.some((button) => button.id === id))
  }

  /** All fields of this name, on whatever form. */
  fields(name: string): readonly FormField[] {
    return this.forms.flatMap((form) => form.fields).filter((field) => field.name === name)
  }

  /** The first field of this name. Throws Unexpected when there is none. */
  field(name: string): FormField {
    const [first] = this.fields(name)
    if (first === undefined)
      throw new Unexpected(`the page ${this.path}`, `a field "${name}"`, this.described)
    return first
  }

  get path(): string {
    return new URL(this.url).pathname
  }

  /** Status and first words, for sentences about what came instead. */
  get described(): string {
    if (this.callback !== undefined) return `a redirect to ${this.callback.split('?')[0]}`
    return `${this.status} "${this.title || this.text.slice(0, 80)}"`
  }
}

function linksOf(html: string): Page['links'] {
  const links: { href: string; text: string }[] = []
  let open: { href: string; text: string } | undefined
  for (const piece of readHtml(html)) {
    if (piece.kind === 'open' && piece.name === 'a') {
      open = { href: piece.attributes.get('href') ?? '', text: '' }
      links.push(open)
    } else if (piece.kind === 'close' && piece.name === 'a') open = undefined
    else if (piece.kind === 'text' && open !== undefined) open.text += piece.text
  }
  return links.map(({ href, text }) => ({ href, text: text.replace(/\s+/g, ' ').trim() }))
}
