import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'

const views = fileURLToPath(new URL('../../views/', import.meta.url))

export type TemplateFacts = Readonly<Record<string, unknown>>

/** Fills views/`name`.ejs. A template that names a fact it was not given throws. */
export type FillTemplate = (name: string, facts: TemplateFacts) => string

/** Templates are compiled once for each set of facts that pages hand them, which is a fixed few per template. */
export function openTemplates(): FillTemplate {
  const compiled = new Map<string, ejs.TemplateFunction>()
  return (name, facts) => {
    // `part` is what a template hands to a partial; partials share their parent's list of names
    const names = [...Object.keys(facts), 'part'].sort()
    const key = `${name} ${names.join(' ')}`
    const template = compiled.get(key) ?? compileTemplate(name, names)
    compiled.set(key, template)
    return template(facts)
  }
}

function compileTemplate(name: string, names: readonly string[]): ejs.TemplateFunction {
  const filename = `${views}${name}.ejs`
  return ejs.compile(readFileSync(filename, 'utf8'), {
    filename,
    strict: true,
    destructuredLocals: [...names],
    compileDebug: false,
  })
}
