/** Why a command that runs until it is told to stop has to stop. */
export type Stop =
  | { readonly kind: 'signal'; readonly signal: string }
  /** Something was thrown that nobody caught. */
  | { readonly kind: 'fault'; readonly error: unknown }

/** What the command line may know of the process that it runs in; src/main.ts hands it in. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The working directory. */
  readonly folder: string
  readonly nodeVersion: string
  /** Whether a person's terminal reads what is said. */
  readonly terminal: boolean
  readonly now: () => Date
  /** One line for whoever wants the answer. */
  say(line: string): void
  /** One line for whoever watches: progress, remarks, errors. */
  warn(line: string): void
  /** Standard input, up to its end. */
  readInput(): Promise<string>
  /** Resolves when the process is asked to stop; from the first call on a signal no longer ends it by itself. */
  untilStopped(): Promise<Stop>
}
