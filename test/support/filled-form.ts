import type { FormButton, FormField } from './html-form.ts'
import type { PageForm } from './page.ts'
import { Unexpected } from './unexpected.ts'

/** What a person types and ticks: by field name; a list ticks exactly these boxes of that name. */
export type Filling = Readonly<Record<string, string | readonly string[]>>

export interface FilledForm {
  readonly pairs: [string, string][]
  readonly action: string
}

/** HTML §4.10.21.4 "constructing the entry list", for forms without files. */
export function filledForm(form: PageForm, filling: Filling, buttonId: string | undefined): FilledForm {
  for (const name of Object.keys(filling)) mustHave(form, `a field "${name}"`, has(form, name))
  for (const [name, values] of Object.entries(filling)) checkValues(form, name, values)
  const button = buttonOf(form, buttonId)
  const pairs = form.fields.flatMap((field) => entries(field, filling[field.name]))
  if (button?.name !== undefined) pairs.push([button.name, button.value])
  return { pairs, action: button?.formAction ?? form.action }
}

function buttonOf(form: PageForm, id: string | undefined): FormButton | undefined {
  if (id === undefined) return form.buttons[0]
  const button = form.buttons.find((one) => one.id === id)
  mustHave(form, `a button "${id}"`, button !== undefined)
  return button
}

function has(form: PageForm, name: string): boolean {
  return form.fields.some((field) => field.name === name && !field.disabled)
}

function checkValues(form: PageForm, name: string, values: string | readonly string[]): void {
  const fields = form.fields.filter((field) => field.name === name && !field.disabled)
  if (fields.some((field) => field.kind === 'text')) return
  const possible = fields.flatMap((field) => (field.kind === 'select' ? field.options : [field.value]))
  for (const value of [values].flat()) mustHave(form, `"${value}" as ${name}`, possible.includes(value))
}

function entries(field: FormField, filled: string | readonly string[] | undefined): [string, string][] {
  if (field.disabled) return []
  if (field.kind === 'checkbox' || field.kind === 'radio') {
    const ticked = filled === undefined ? field.checked : [filled].flat().includes(field.value)
    return ticked ? [[field.name, field.value]] : []
  }
  if (filled === undefined) return [[field.name, field.value]]
  return [filled].flat().map((value): [string, string] => [field.name, value])
}

function mustHave(form: PageForm, expected: string, there: boolean): void {
  if (there) return
  const names = [
    ...new Set(form.fields.map((field) => field.name)),
    ...form.buttons.map((one) => one.id ?? '?'),
  ]
  throw new Unexpected(`the form on ${form.page.path}`, expected, names.join(', ') || 'none')
}
