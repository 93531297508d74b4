import type { Context } from 'koa'

type CookieName = 'sid' | 'half' | 'visit' | 'note'

/** Our own cookies: whole host, never readable by scripts, never sent by other sites' forms. */
export interface Cookies {
  read(ctx: Context, name: CookieName): string | undefined
  write(ctx: Context, name: CookieName, value: string, seconds?: number): void
  clear(ctx: Context, name: CookieName): void
}

export interface CookieSettings {
  /** False only on http://localhost; true adds `Secure` and the `__Host-` prefix. */
  readonly secure: boolean
  /** Tells apart programs on one host, since cookies know no ports; may be empty. */
  readonly prefix: string
}

export function openCookies({ secure, prefix }: CookieSettings): Cookies {
  const nameOf = (name: CookieName) => `${secure ? '__Host-' : ''}${prefix}${name}`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  const write = (ctx: Context, name: CookieName, value: string, seconds?: number) => {
    const age = seconds === undefined ? '' : `; Max-Age=${seconds}`
    ctx.append('Set-Cookie', `${nameOf(name)}=${value}; ${attributes}${age}`)
  }
  return {
    read: (ctx, name) => ctx.cookies.get(nameOf(name), { signed: false }),
    write,
    clear: (ctx, name) => write(ctx, name, '', 0),
  }
}
