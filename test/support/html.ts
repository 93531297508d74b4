/** One tag of a document, or the text between two. */
export type Piece =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  copy: '\u00a9',
  pound: '\u00a3',
  euro: '\u20ac',
  middot: '\u00b7',
  hellip: '\u2026',
  ndash: '\u2013',
  mdash: '\u2014',
  lsquo: '\u2018',
  rsquo: '\u2019',
  ldquo: '\u201c',
  rdquo: '\u201d',
  rarr: '\u2192',
}

/** Character references resolved; unknown names are left as they are. */
export function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}));/g,
    (whole, decimal, hex, name) => {
      if (name !== undefined) return named[name] ?? whole
      const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
    },
  )
}

const markup =
  /<!--[\s\S]*?-->|<![^>]*>|<(script|style|textarea|title)\b((?:"[^"]*"|'[^']*'|[^'">])*)>([\s\S]*?)<\/\1\s*>|<\/([a-zA-Z][^\s/>]*)[^>]*>|<([a-zA-Z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi

/** The document in order; comments are dropped, and the insides of script, style, textarea and title are text. */
export function readHtml(html: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const match of html.matchAll(markup)) {
    if (match.index > at) pieces.push(textPiece(html.slice(at, match.index)))
    at = match.index + match[0].length
    pieces.push(...piecesOf(match))
  }
  if (at < html.length) pieces.push(textPiece(html.slice(at)))
  return pieces
}

function piecesOf([
  ,
  raw,
  rawAttributes = '',
  inside = '',
  closed,
  opened,
  attributes = '',
]: RegExpExecArray): Piece[] {
  if (raw !== undefined) {
    const name = raw.toLowerCase()
    return [openPiece(name, rawAttributes), textPiece(inside), { kind: 'close', name }]
  }
  if (closed !== undefined) return [{ kind: 'close', name: closed.toLowerCase() }]
  return opened === undefined ? [] : [openPiece(opened.toLowerCase(), attributes)]
}

function textPiece(text: string): Piece {
  return { kind: 'text', text: unescapeHtml(text) }
}

function openPiece(name: string, attributes: string): Piece {
  const read = new Map<string, string>()
  for (const [, key = '', double, single, bare] of attributes.matchAll(
    /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  )) {
    const lower = key.toLowerCase()
    if (!read.has(lower)) read.set(lower, unescapeHtml(double ?? single ?? bare ?? ''))
  }
  return { kind: 'open', name, attributes: read }
}

/** What a person reads of it: no head, script or style, one space between words. */
export function readableText(pieces: readonly Piece[]): string {
  const hidden: string[] = []
  const words: string[] = []
  for (const piece of pieces) {
    if (piece.kind === 'open' && isHidden(piece.name)) hidden.push(piece.name)
    else if (piece.kind === 'close' && hidden.at(-1) === piece.name) hidden.pop()
    else if (piece.kind === 'text' && hidden.length === 0) words.push(piece.text)
    else words.push(isInline(piece) ? '' : ' ')
  }
  return words.join('').replace(/\s+/g, ' ').trim()
}

function isHidden(name: string): boolean {
  return name === 'head' || name === 'script' || name === 'style' || name === 'template'
}

function isInline(piece: Piece): boolean {
  return piece.kind !== 'text' && /^(a|abbr|b|bdi|em|i|span|strong|small|time|code)$/.test(piece.name)
}
