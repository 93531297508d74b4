import { html } from '../html.ts'
import type { Software } from './software-register.ts'

/** What a person sees who opens the directory in a browser. */
export function indexPage(issuer: string, software: readonly Software[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo directory</title>
<link rel="stylesheet" href="/directory.css">
</head>
<body>
<main>
<h1>Demo directory</h1>
<p>Says which third parties exist, what they may do, and with which keys they speak. It asks nobody who they are:
it is for demonstrations only, and a bank in production refuses to trust it.</p>
<h2>What it does</h2>
<dl>
<dt><code>POST /software-statements</code></dt><dd>JSON in (<code>client_name</code>, <code>redirect_uris</code>,
<code>jwks</code> or <code>jwks_uri</code>, <code>roles</code>), a signed statement out</dd>
<dt><code>POST /certificates</code></dt><dd>a PEM certificate request in, a client certificate and the CA out</dd>
<dt><a href="/jwks"><code>GET /jwks</code></a></dt><dd>the key that signs statements</dd>
<dt><a href="/ca.pem"><code>GET /ca.pem</code></a></dt><dd>the CA of the client certificates</dd>
<dt><a href="/software"><code>GET /software</code></a></dt><dd>the register; one entry at <code>/software/{software_id}</code></dd>
<dt><code>POST /software/{software_id}/status</code></dt><dd><code>{"status":"Suspended"}</code>: Active, Suspended or Revoked</dd>
</dl>
<p>It signs as <code>${issuer}</code>.</p>
<h2>Registered software</h2>
${software.length === 0 ? html`<p>None yet.</p>` : html`<ul>${software.map(item)}</ul>`}
</main>
</body>
</html>
`.toString()
}

function item(software: Software) {
  return html`<li><a href="/software/${software.software_id}">${software.client_name}</a>
<span>${software.org_name} · ${software.roles.join(', ')} · ${software.status}</span></li>
`
}

export const stylesheet = `:root { color-scheme: light dark }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif; background: #fff; color: #14202b }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.75rem; margin: 0.5rem 0 }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem }
a { color: #0b5cad }
code { font-size: 0.9em; overflow-wrap: anywhere }
dt { margin-top: 0.75rem; font-weight: 600 }
dd { margin: 0.15rem 0 0 }
ul { padding: 0; list-style: none }
li { padding: 0.6rem 0; border-top: 1px solid #c3cbd3 }
li span { display: block; color: #4a5865 }
@media (prefers-color-scheme: dark) {
  body { background: #10161c; color: #e8edf2 }
  a { color: #7ab8ff }
  li { border-color: #3a4754 }
  li span { color: #a9b6c3 }
}
`
