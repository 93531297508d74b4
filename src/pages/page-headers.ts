import type { Context } from 'koa'

/** An origin (`https://app.example:8443`) or a scheme (`acme:`); nothing that could end the directive it is put in. */
const FORM_TARGET = /^[a-z][a-z0-9+.-]*:(\/\/[a-z0-9.:[\]-]+)?$/i

const permissions =
  'camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self)'

/**
 * What every answer of the customers' door carries, redirects and errors included. `secure` is false only where
 * Postern is clicked on http://localhost.
 */
export function setPageHeaders(ctx: Context, { secure }: { readonly secure: boolean }): void {
  ctx.set({
    'Content-Security-Policy': contentSecurityPolicy(),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': permissions,
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-store',
  })
  if (secure) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains')
}

/**
 * No script, no frame, nothing from elsewhere. `formTarget` is where a form of this page may end up beside our own
 * origin: browsers apply form-action to every hop of the redirect that follows a post. Throws TypeError when it is
 * not an origin or a scheme.
 */
export function contentSecurityPolicy(formTarget?: string): string {
  if (formTarget !== undefined && !FORM_TARGET.test(formTarget))
    throw new TypeError('A form target must be an origin or a scheme.')
  return [
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'none'",
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    `form-action 'self'${formTarget === undefined ? '' : ` ${formTarget}`}; report-to csp`,
  ].join('; ')
}
