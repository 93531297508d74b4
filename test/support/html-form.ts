import type { Piece } from './html.ts'

export interface FormField {
  readonly name: string
  /** `text` stands for every kind that is filled in by typing. */
  readonly kind: 'text' | 'hidden' | 'checkbox' | 'radio' | 'select'
  readonly id?: string
  readonly label: string
  /** As it stands on the page: what would be sent if nobody touched it. */
  readonly value: string
  readonly checked: boolean
  readonly disabled: boolean
  /** Values of a select. */
  readonly options: readonly string[]
}

export interface FormButton {
  readonly id?: string
  readonly name?: string
  readonly value: string
  readonly label: string
  readonly formAction?: string
}

export interface HtmlForm {
  readonly id?: string
  /** As written; empty means the page's own URL. */
  readonly action: string
  readonly method: 'GET' | 'POST'
  readonly fields: readonly FormField[]
  readonly buttons: readonly FormButton[]
}

interface OpenElement {
  readonly piece: Extract<Piece, { kind: 'open' }>
  /** Index of the form it is inside of, by nesting. */
  readonly form: number | undefined
  text: string
  readonly options: { value: string; selected: boolean; text: string }[]
}

/** The forms of a document with their fields and submit buttons, also those tied to a form by `form="id"`. */
export function readForms(pieces: readonly Piece[]): readonly HtmlForm[] {
  const elements = controls(spoken(pieces))
  const forms = elements.filter(({ piece }) => piece.name === 'form')
  const labels = new Map(
    elements
      .filter(({ piece }) => piece.name === 'label')
      .map(({ piece, text }) => [piece.attributes.get('for') ?? '', tidy(text)]),
  )
  return forms.map(({ piece }, index) => {
    const id = piece.attributes.get('id')
    const own = elements.filter((element) => {
      const tied = element.piece.attributes.get('form')
      return tied === undefined ? element.form === index : tied === id
    })
    return {
      ...(id !== undefined && { id }),
      action: piece.attributes.get('action') ?? '',
      method: piece.attributes.get('method')?.toLowerCase() === 'post' ? 'POST' : 'GET',
      fields: own.flatMap((element) => fieldOf(element, labels)),
      buttons: own.flatMap(buttonOf),
    }
  })
}

/** Without what `aria-hidden` keeps from the accessible name, and so from a label. */
function spoken(pieces: readonly Piece[]): readonly Piece[] {
  let hidden: string | undefined
  let depth = 0
  return pieces.filter((piece) => {
    if (hidden === undefined && piece.kind === 'open' && piece.attributes.get('aria-hidden') === 'true')
      hidden = piece.name
    if (hidden === undefined) return true
    if (piece.kind !== 'text' && piece.name === hidden) depth += piece.kind === 'open' ? 1 : -1
    if (depth === 0) hidden = undefined
    return false
  })
}

const wanted = new Set(['form', 'input', 'button', 'select', 'textarea', 'label', 'option'])

function controls(pieces: readonly Piece[]): readonly OpenElement[] {
  const found: OpenElement[] = []
  const open: OpenElement[] = []
  let form: number | undefined
  let forms = 0
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      for (const element of open) element.text += piece.text
      const option = open.at(-1)
      if (option?.piece.name === 'option') endOfOption(open, option)
    } else if (piece.kind === 'close') {
      if (piece.name === 'form') form = undefined
      const at = open.findLastIndex((element) => element.piece.name === piece.name)
      if (at >= 0) open.splice(at, 1)
    } else if (wanted.has(piece.name)) {
      const element: OpenElement = { piece, form, text: '', options: [] }
      found.push(element)
      if (piece.name === 'form') form = forms++
      if (open.at(-1)?.piece.name === 'option') open.pop()
      if (piece.name !== 'input' && piece.name !== 'form') open.push(element)
    }
  }
  return found
}

function endOfOption(open: readonly OpenElement[], option: OpenElement): void {
  const select = open.findLast((element) => element.piece.name === 'select')
  const text = tidy(option.text)
  const value = option.piece.attributes.get('value') ?? text
  select?.options.push({ value, selected: option.piece.attributes.has('selected'), text })
}

function fieldOf(element: OpenElement, labels: ReadonlyMap<string, string>): readonly FormField[] {
  const { piece, options } = element
  const { attributes } = piece
  const name = attributes.get('name')
  const kind = kindOf(piece)
  if (name === undefined || kind === undefined) return []
  const id = attributes.get('id')
  const standard = kind === 'checkbox' || kind === 'radio' ? 'on' : ''
  const chosen = (options.find((option) => option.selected) ?? options[0])?.value
  const value = piece.name === 'textarea' ? element.text : (chosen ?? attributes.get('value') ?? standard)
  return [
    {
      name,
      kind,
      ...(id !== undefined && { id }),
      label: (id !== undefined && labels.get(id)) || '',
      value,
      checked: attributes.has('checked'),
      disabled: attributes.has('disabled'),
      options: options.map((option) => option.value),
    },
  ]
}

function kindOf({ name, attributes }: OpenElement['piece']): FormField['kind'] | undefined {
  if (name === 'select') return 'select'
  if (name === 'textarea') return 'text'
  if (name !== 'input') return undefined
  const type = attributes.get('type')?.toLowerCase() ?? 'text'
  if (type === 'submit' || type === 'button' || type === 'reset' || type === 'image') return undefined
  return type === 'hidden' || type === 'checkbox' || type === 'radio' ? type : 'text'
}

function buttonOf({ piece, text }: OpenElement): readonly FormButton[] {
  const { attributes } = piece
  const type = attributes.get('type')?.toLowerCase()
  const submits = piece.name === 'button' ? type === undefined || type === 'submit' : type === 'submit'
  if (!submits || (piece.name !== 'button' && piece.name !== 'input') || attributes.has('disabled')) return []
  const id = attributes.get('id')
  const name = attributes.get('name')
  const formAction = attributes.get('formaction')
  const value = attributes.get('value') ?? ''
  return [
    {
      ...(id !== undefined && { id }),
      ...(name !== undefined && { name }),
      ...(formAction !== undefined && { formAction }),
      value,
      label: piece.name === 'button' ? tidy(text) : value,
    },
  ]
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
