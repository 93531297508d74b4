/** The app's own look: not the bank's, so that nobody takes one for the other. */
export const stylesheet = `:root {
  color-scheme: light dark;
  --bg: #fbf8f3; --card: #fff; --text: #23201b; --muted: #625a4e; --border: #d9d0c1;
  --accent: #0a6e5c; --on-accent: #fff; --good: #0f6b3c; --bad: #a8201a; --code: #f4efe6; --warn: #fff1cf;
}
@media (prefers-color-scheme: dark) { :root {
  --bg: #17150f; --card: #211e17; --text: #f1ece2; --muted: #b9ae9c; --border: #453e31;
  --accent: #5fd0b6; --on-accent: #06201a; --good: #6fd39a; --bad: #ff8a80; --code: #2a261d; --warn: #3f3310;
} }
* { box-sizing: border-box }
body { margin: 0; font: 1rem/1.55 ui-rounded, system-ui, sans-serif; background: var(--bg); color: var(--text) }
header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1rem;
  padding: 0.75rem 1.25rem; border-bottom: 1px solid var(--border); background: var(--card) }
header p { margin: 0 }
.brand { display: flex; align-items: center; gap: 0.6rem; font-size: 1.2rem; font-weight: 700 }
.mark { width: 1.5rem; height: 1.5rem; border-radius: 50%; border: 0.4rem solid var(--accent); border-right-color: var(--border) }
.demo, .hint, .kind, small { color: var(--muted); font-size: 0.875rem }
.columns { display: grid; gap: 2rem; max-width: 80rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem }
@media (min-width: 60rem) { .columns { grid-template-columns: minmax(0, 5fr) minmax(0, 6fr) } }
main, section { min-width: 0 }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0.5rem 0 }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0.5rem 0 }
h3 { font-size: 0.95rem; margin: 1rem 0 0.25rem }
.lead { font-size: 1.1rem }
.promises { padding-left: 1.2rem; margin-top: 1.5rem }
.promises li { margin: 0.4rem 0 }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0 0.5rem }
button { font: inherit; font-weight: 600; min-height: 2.9rem; padding: 0.5rem 1.25rem; border-radius: 0.6rem; cursor: pointer;
  border: 2px solid var(--accent); background: var(--accent); color: var(--on-accent) }
button.secondary { background: transparent; color: var(--accent) }
button:focus-visible, summary:focus-visible, pre:focus-visible { outline: 3px solid var(--text); outline-offset: 2px }
.notice { border: 1px solid var(--border); border-left: 0.4rem solid var(--accent); border-radius: 0.4rem; background: var(--card);
  padding: 0.75rem 1rem; margin-bottom: 1rem }
.notice p { margin: 0 }
.notice.ended, .notice.trouble { border-left-color: var(--bad) }
.accounts { display: grid; gap: 1rem; margin-top: 1rem }
.account { background: var(--card); border: 1px solid var(--border); border-radius: 0.8rem; padding: 0.75rem 1.1rem 1rem }
.account p { margin: 0.15rem 0 }
.balance strong { font-size: 1.6rem; font-variant-numeric: tabular-nums }
.rows { list-style: none; padding: 0; margin: 0 }
.rows li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.4rem 0; border-top: 1px solid var(--border) }
.rows small { display: block }
.what { min-width: 0; overflow-wrap: anywhere }
.in, .out { font-variant-numeric: tabular-nums; white-space: nowrap }
.in { color: var(--good); font-weight: 600 }
.empty { color: var(--muted) }
.steps { list-style: none; padding: 0; margin: 0 }
.steps li { border: 1px solid var(--border); border-radius: 0.6rem; background: var(--card); margin-bottom: 0.5rem }
summary { display: flex; align-items: center; gap: 0.75rem; padding: 0.5rem 0.75rem; min-height: 3rem; cursor: pointer; list-style: none }
summary::-webkit-details-marker { display: none }
.number { flex: none; width: 1.9rem; text-align: center; border-radius: 1rem; background: var(--code); font-size: 0.85rem;
  line-height: 1.9rem; font-variant-numeric: tabular-nums }
.title { flex: 1; min-width: 0; font-weight: 600; line-height: 1.3 }
.title small { display: block; font-weight: 400; overflow-wrap: anywhere }
.status { flex: none; font-size: 0.85rem; text-align: right; font-variant-numeric: tabular-nums; color: var(--muted) }
.status small { display: block }
.good { color: var(--good) }
.bad { color: var(--bad) }
.step { padding: 0 0.75rem 0.75rem; border-top: 1px solid var(--border); font-size: 0.9rem }
.rule { color: var(--muted); margin: 0.5rem 0 }
.note { background: var(--warn); border-radius: 0.4rem; padding: 0.4rem 0.6rem }
.line { margin: 0.25rem 0; overflow-wrap: anywhere }
dl { display: grid; gap: 0 0.75rem; margin: 0.25rem 0 }
@media (min-width: 40rem) { dl { grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr) } }
dt { color: var(--muted); overflow-wrap: anywhere }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: 0.85rem }
pre { background: var(--code); border-radius: 0.4rem; padding: 0.5rem 0.6rem; margin: 0.25rem 0; white-space: pre-wrap;
  overflow-wrap: anywhere; max-height: 22rem; overflow-y: auto; font-size: 0.8rem }
figure { margin: 0.5rem 0; padding-left: 0.6rem; border-left: 3px solid var(--accent) }
figcaption { color: var(--muted) }
`
