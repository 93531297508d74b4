import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../../views/stylesheet.scss', import.meta.url))
const packages = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** Where `build-stylesheet.ts` leaves the compiled stylesheet for images that carry no Sass. */
export const prebuiltStylesheet = fileURLToPath(new URL('../../views/stylesheet.css', import.meta.url))

let opened: Promise<string> | undefined

/** The stylesheet's text: the prebuilt file where there is one, else compiled once per process. */
export function openStylesheet(): Promise<string> {
  opened ??= existsSync(prebuiltStylesheet) ? readFile(prebuiltStylesheet, 'utf8') : compileStylesheet()
  return opened
}

/** Compiles views/stylesheet.scss; needs the development dependency `sass`. */
export async function compileStylesheet(): Promise<string> {
  const { compileAsync } = await import('sass')
  const { css } = await compileAsync(source, { loadPaths: [packages], style: 'compressed', quietDeps: true })
  return css
}
