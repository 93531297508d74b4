import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { Problem } from '../domain/problem.ts'
import { type Asset, makeAsset } from './asset.ts'

const types: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
}

const LARGEST = 200_000

/** The bank's logo from its file. Throws Problem `invalid-request` when it cannot be used, and says why. */
export function openLogo(file: string): Asset {
  const extension = extname(file).toLowerCase()
  const type = types[extension]
  if (type === undefined) throw new Problem('invalid-request', 'The logo must be an SVG, PNG or WebP file.')
  const body = read(file)
  if (body.length > LARGEST) throw new Problem('invalid-request', 'The logo must not be larger than 200 kB.')
  return makeAsset('logo', extension.slice(1), type, body)
}

/** A plain mark in the bank's colour, for the browser's tab. */
export function tabIcon(colour: string): Asset {
  const svg = [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">',
    `<rect width="32" height="32" rx="7" fill="${colour}"/>`,
    '<g fill="none" stroke="#ffffff" stroke-width="2"><circle cx="16" cy="16" r="9.5"/>',
    '<ellipse cx="16" cy="16" rx="4" ry="9.5"/><path d="M6.5 16h19"/></g></svg>',
  ].join('')
  return makeAsset('icon', 'svg', 'image/svg+xml', svg)
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Problem('invalid-request', `The logo file ${file} cannot be read.`, { cause })
  }
}
