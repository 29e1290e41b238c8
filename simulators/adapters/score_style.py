"""The look of a page of scores, by day and by night."""

STYLE = """
:root {
  color-scheme: light dark;
  --sans: "Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Noto Sans", sans-serif;
  --page: #f6f5f1; --paper: #ffffff; --ink: #1d2429; --quiet: #69757d; --line: #e4e3dd;
  --truth: #cfd6da; --first: #0f766e; --second: #c2570c; --third: #6d4aa8; --fourth: #1d6fb8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181b; --paper: #1c2226; --ink: #e6eaec; --quiet: #93a0a8; --line: #2d363c;
    --truth: #445058; --first: #4fd1c0; --second: #f6a564; --third: #b9a0ee; --fourth: #78b9f2;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 var(--sans); }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem; letter-spacing: -.015em; }
h2 { font-size: 1.15rem; margin: 0 0 .2rem; letter-spacing: -.01em; }
p { margin: 0 0 .9rem; color: var(--quiet); max-width: 46rem; }
.note { color: var(--ink); border-left: 3px solid var(--second); padding-left: .75rem; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.4rem 1.5rem;
  margin-top: 1.25rem; }
.tiles { display: grid; gap: .75rem; margin-top: 1.25rem;
  grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: .8rem 1rem;
  display: flex; flex-direction: column; }
.tile span, .tile small, small { color: var(--quiet); font-size: .8rem; }
.tile b { font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; letter-spacing: -.02em; }
figure { margin: .6rem 0 1rem; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
details { border-top: 1px solid var(--line); padding: .55rem 0 .2rem; }
summary { cursor: pointer; font-weight: 600; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; margin: .5rem 0;
  font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--quiet); font-weight: 500; white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
figcaption { color: var(--quiet); font-size: .82rem; margin-bottom: .4rem; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
"""
