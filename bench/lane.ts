import { connect, type TLSSocket } from 'node:tls'

/**
 * One keep-alive connection that has one request under way at most. Requests are bytes made ahead, answers are read
 * no further than needed: the load generator shares its cores with the server, so it has to be the lighter of the two.
 */
export class Lane {
  readonly #socket: TLSSocket
  #received = ''
  #done: ((answer: string) => void) | undefined
  #failed: (fault: Error) => void = () => undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', (fault) => this.#failed(fault))
    socket.on('close', () => {
      if (this.#done) this.#failed(new Error('the server closed a connection with a request under way'))
    })
  }

  static open(
    url: URL,
    ca: string,
    certificate?: { readonly certificate: string; readonly key: string },
  ): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const socket = connect(
        {
          host: '127.0.0.1',
          port: Number(url.port),
          servername: url.hostname,
          ca,
          ...(certificate && { cert: certificate.certificate, key: certificate.key }),
        },
        () => resolve(new Lane(socket)),
      )
      socket.once('error', reject)
    })
  }

  /** Sends one request; `done` is told the whole answer, `failed` why there is none. */
  send(request: Buffer, done: (answer: string) => void, failed: (fault: Error) => void): void {
    this.#done = done
    this.#failed = failed
    this.#socket.write(request)
  }

  close(): void {
    this.#done = undefined
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received)?.[1]
    if (length === undefined) {
      this.#failed(new Error('an answer without a length'))
      return
    }
    const size = end + 4 + Number(length)
    if (this.#received.length < size) return
    const answer = this.#received.slice(0, size)
    this.#received = this.#received.slice(size)
    const done = this.#done
    this.#done = undefined
    done?.(answer)
  }
}
