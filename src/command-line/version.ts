import { readFileSync } from 'node:fs'

/** As package.json says. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  // Our own file: npm refuses a package without a version.
  return (JSON.parse(text) as { readonly version: string }).version
}
