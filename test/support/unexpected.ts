/** The other side answered something else than the specifications promise; the message is one readable sentence. */
export class Unexpected extends Error {
  readonly where: string
  readonly expected: string
  readonly received: string

  constructor(where: string, expected: string, received: string) {
    super(`${where}: expected ${expected}, received ${received}.`)
    this.name = 'Unexpected'
    this.where = where
    this.expected = expected
    this.received = received
  }
}
