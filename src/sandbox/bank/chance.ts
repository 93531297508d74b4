import { createHash } from 'node:crypto'

/** Draws that are the same for the same seed, on every machine and after every restart. Not for secrets. */
export interface Chance {
  /** True in `share` of all draws, 0 to 1. */
  hits(share: number): boolean
  /** A whole number, both ends included. */
  between(least: number, most: number): number
  pick<T>(options: readonly [T, ...T[]]): T
}

export function chance(seed: string): Chance {
  const next = mulberry32(createHash('sha256').update(seed).digest().readUInt32LE(0))
  return {
    hits: (share) => next() < share,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (options) => options[Math.floor(next() * options.length)] ?? options[0],
  }
}

/** The well-known 32-bit generator: small, fast, even enough for shopping trips. Answers 0 ≤ x < 1. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
