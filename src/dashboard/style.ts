/** The stylesheet. Colours are of WCAG 2.2 AA contrast in both schemes, and never the only sign. */
export const style = `:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f6f8; --line: #c9d1d9; --text: #1b2026; --quiet: #525c67;
  --accent: #0b5c8f; --on-accent: #ffffff;
  --good: #1c6b34; --good-ground: #e2f3e6; --warn: #7a4d00; --warn-ground: #fdf1d8; --bad: #a1231d; --bad-ground: #fde6e4;
  --lane-0: #0b5c8f; --lane-1: #1c6b34; --lane-2: #7a4d00; --lane-3: #6a3aa2; --lane-4: #a1231d; --lane-5: #33647a; --lane-6: #5d5f00; --lane-7: #8a2f68;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161b; --raised: #1b2128; --line: #3b4550; --text: #e8edf2; --quiet: #a9b4c0;
    --accent: #7cc4f2; --on-accent: #06202f;
    --good: #86d99b; --good-ground: #12301b; --warn: #f3c469; --warn-ground: #3a2a06; --bad: #ff9d95; --bad-ground: #431512;
    --lane-0: #7cc4f2; --lane-1: #86d99b; --lane-2: #f3c469; --lane-3: #c9a7f5; --lane-4: #ff9d95; --lane-5: #8fd0e0; --lane-6: #d9dc78; --lane-7: #f2a3cf;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0.75rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; border-bottom: 1px solid var(--line); }
.brand { margin: 0; font-weight: 700; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; margin: 0; padding: 0; }
nav a[aria-current] { font-weight: 700; border-bottom: 3px solid var(--accent); }
nav a, .brand a { text-decoration: none; padding: 0.25rem 0; }
form[role=search] { display: flex; gap: 0.5rem; flex: 1 1 18rem; }
form[role=search] input { flex: 1; min-width: 0; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--ground); padding: 0.5rem; z-index: 1; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
h3, caption { font-size: 1rem; font-weight: 600; text-align: left; margin: 0; padding: 0.5rem 0; }
code, pre, time, td, dd, bdi { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
time { white-space: nowrap; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; }
dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; min-width: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.card, .empty, .problem, .note { background: var(--raised); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.problem { border-left: 0.4rem solid var(--bad); } .note { border-left: 0.4rem solid var(--accent); margin: 0.75rem 0; }
.cards.figures { grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); }
.card h3 { padding-top: 0; } .note h2, .problem h2 { margin-top: 0.25rem; } .card p, .empty p, .note p { margin: 0.25rem 0; }
.figure { font-size: 1.75rem; font-weight: 700; line-height: 1.2; }
.quiet { color: var(--quiet); }
.list { margin: 1rem 0; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: 0.4rem 0.6rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--quiet); font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 0.75rem; padding: 0 0.5rem; font-size: 0.85rem; white-space: nowrap; }
.badge.good { color: var(--good); background: var(--good-ground); } .badge.warn { color: var(--warn); background: var(--warn-ground); }
.badge.bad { color: var(--bad); background: var(--bad-ground); }
.unusual { border-bottom: 2px dotted var(--warn); } .code-point { background: var(--warn-ground); color: var(--warn); border-radius: 0.2rem; padding: 0 0.2rem; }
form.filter, form.deed { display: flex; flex-wrap: wrap; gap: 0.75rem 1rem; align-items: end; }
form.filter > div, form.deed > div { min-width: 0; max-width: 100%; }
form label { display: block; font-size: 0.9rem; color: var(--quiet); }
input, select, button, .button { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: 0.35rem; padding: 0.35rem 0.6rem; min-height: 2.25rem; max-width: 100%; }
form.deed .wide { flex: 1 1 20rem; } form.deed .wide input { width: 100%; }
button, .button { background: var(--accent); color: var(--on-accent); border-color: var(--accent); cursor: pointer; font-weight: 600; text-decoration: none; display: inline-block; }
button.copy { margin: 0 0 1rem; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 0.35rem; padding: 0.6rem; white-space: pre-wrap; margin: 0.25rem 0; }
.picture { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--raised); }
.picture svg { display: block; width: 100%; min-width: 40rem; height: auto; }
svg text { fill: var(--text); font: 13px system-ui, sans-serif; } svg text.quiet { fill: var(--quiet); }
svg .axis { stroke: var(--line); stroke-width: 1; } svg .as-of { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 3; }
svg .bar { fill: var(--accent); } svg .bar.gone { fill: var(--bad); } svg .mark { fill: var(--text); stroke: var(--ground); stroke-width: 1; }
svg .lane-0 { fill: var(--lane-0); } svg .lane-1 { fill: var(--lane-1); } svg .lane-2 { fill: var(--lane-2); } svg .lane-3 { fill: var(--lane-3); }
svg .lane-4 { fill: var(--lane-4); } svg .lane-5 { fill: var(--lane-5); } svg .lane-6 { fill: var(--lane-6); } svg .lane-7 { fill: var(--lane-7); }
svg .unsure { opacity: 0.45; } svg a:focus-visible { outline: 3px solid var(--accent); }
.tree, .tree ul { list-style: none; padding-left: 1.25rem; border-left: 2px solid var(--line); } .tree li { padding: 0.2rem 0 0.2rem 0.5rem; }
footer { color: var(--quiet); border-top: 1px solid var(--line); margin-top: 2rem; }
@media (min-width: 44.01rem) {
  td > div { min-width: 4.5rem; } td a code { white-space: nowrap; }
}
@media (max-width: 44rem) {
  .badge { white-space: normal; }
  table, thead, tbody, tr, td, caption { display: block; width: 100%; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.4rem 0.75rem; margin-bottom: 0.75rem; }
  td { border: 0; display: grid; grid-template-columns: minmax(6rem, 32%) 1fr; gap: 0.75rem; padding: 0.2rem 0; text-align: left; }
  td::before { content: attr(data-head); color: var(--quiet); } td > div { min-width: 0; }
  td.number { text-align: left; }
  dl.facts { grid-template-columns: 1fr; } dl.facts dd { margin-bottom: 0.5rem; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print { header, .skip, form, .tools, .paging { display: none; } }
`;
