/** One kind of request, to be made over and over: everything the load generator has to know of it. */
export interface Recipe {
  readonly url: string
  /** PEM of the authority that the server's certificate is from. */
  readonly ca: string
  /** PEM, shown in the handshake. */
  readonly certificate?: { readonly certificate: string; readonly key: string }
  readonly form: Readonly<Record<string, string>>
  /** A parameter that has another value in every request, in turn. */
  readonly turns?: { readonly name: string; readonly values: readonly string[] }
  /** A fresh ES256 client assertion in every request; signed before the clock starts. */
  readonly assertion?: {
    readonly clientId: string
    readonly audience: string
    readonly kid: string
    /** PKCS #8 PEM. */
    readonly privateKey: string
  }
  /** What every answer must contain, so that no error is counted as speed. */
  readonly expect: string
}

/** What the load generator's process is asked to do. */
export type Order =
  | { readonly kind: 'prepare'; readonly recipe: Recipe; readonly count: number }
  | { readonly kind: 'saturate'; readonly seconds: number; readonly connections: number }
  | {
      readonly kind: 'arrive'
      readonly seconds: number
      readonly connections: number
      /** Arrivals per second. */
      readonly rate: number
    }

/** What was measured; times in milliseconds. */
export interface Measured {
  readonly answered: number
  readonly elapsedMs: number
  /** From the moment a request was due until its answer was there. Only of `arrive`. */
  readonly latenciesMs: readonly number[]
}

export type Reply = { readonly measured: Measured } | { readonly fault: string }
