import { type Html, html } from '../html.ts'
import type { Decoded, Field, Shown } from './shown.ts'
import type { Step } from './step.ts'

type Numbered = Step & { readonly number: number }

/** The steps as a list that opens and closes without a script; the latest one last. */
export function stepList(steps: readonly Numbered[]): Html {
  return html`<ol class="steps">${steps.map(item)}</ol>`
}

function item(step: Numbered): Html {
  const where = new URL(step.url)
  return html`<li id="step-${step.number}"><details>
<summary><span class="number">${step.number}</span><span class="title">${step.title}
<small>${step.method} ${where.pathname}</small></span>${outcome(step)}</summary>
<div class="step">
<p class="rule">${step.rule}</p>
${step.note && html`<p class="note">${step.note}</p>`}
<h3>Request</h3>
<p class="line"><code>${step.method} ${step.url}</code></p>
${shown(step.request.query)}${shown(step.request.headers)}${step.request.body && shown(step.request.body)}
${
  step.answer &&
  html`<h3>Answer</h3>
<p class="line"><code>${step.answer.status}</code></p>
${shown(step.answer.headers)}${shown(step.answer.body)}`
}
${step.failure && html`<p class="note">${step.failure}</p>`}
</div>
</details></li>
`
}

function outcome({ answer, failure, note, milliseconds }: Numbered): Html {
  if (failure !== undefined) return html`<span class="status bad">failed</span>`
  if (answer === undefined) return html`<span class="status">browser</span>`
  // A nonce that was asked for is no failure: the next step has it.
  const mood = answer.status < 400 ? 'good' : note ? '' : 'bad'
  return html`<span class="status ${mood}">${answer.status} <small>${milliseconds} ms</small></span>`
}

function shown({ fields, text, tokens }: Shown): Html {
  return html`${fields.length > 0 && html`<dl>${fields.map(field)}</dl>`}
${text !== undefined && text !== '' && html`<pre tabindex="0"><code>${text}</code></pre>`}${tokens.map(token)}`
}

function field({ name, value }: Field): Html {
  return html`<dt>${name}</dt><dd>${value.includes('\n') ? html`<pre tabindex="0">${value}</pre>` : value}</dd>`
}

function token({ name, header, claims }: Decoded): Html {
  return html`<figure><figcaption>${name}, taken apart</figcaption>
<pre tabindex="0"><code>${header}</code></pre><pre tabindex="0"><code>${claims}</code></pre></figure>`
}
