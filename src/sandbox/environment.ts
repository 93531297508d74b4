import { readFileSync } from 'node:fs'

/** The environment of a sandbox process, read once. Collects every fault and reports them together. */
export class Environment {
  readonly #values: Readonly<Record<string, string | undefined>>
  readonly #faults: string[] = []

  constructor(values: Readonly<Record<string, string | undefined>>) {
    this.#values = values
  }

  text(name: string, fallback?: string): string {
    const value = this.#values[name] || fallback
    if (value === undefined) this.#faults.push(`${name} is missing`)
    return value ?? ''
  }

  /** A TCP port; 0 lets the operating system choose. */
  port(name: string): number {
    const value = this.#values[name] || '0'
    if (/^\d{1,5}$/.test(value) && Number(value) < 65536) return Number(value)
    this.#faults.push(`${name} must be a port, 0 to 65535`)
    return 0
  }

  /** An absolute http(s) URL without a trailing slash. */
  url(name: string, fallback?: string): string {
    const value = this.text(name, fallback).replace(/\/+$/, '')
    if (value !== '' && !(URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)))
      this.#faults.push(`${name} must be an http or https URL`)
    return value
  }

  /** The content of the file that the variable names. */
  file(name: string): string {
    const path = this.text(name)
    if (path === '') return ''
    try {
      return readFileSync(path, 'utf8')
    } catch {
      this.#faults.push(`${name} names a file that cannot be read`)
      return ''
    }
  }

  /** Ends the process with 78 (configuration) when anything was wrong. */
  check(): void {
    if (this.#faults.length === 0) return
    process.stderr.write(`${this.#faults.join('\n')}\n`)
    process.exit(78)
  }
}
