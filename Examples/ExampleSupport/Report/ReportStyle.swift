/// The look of reports.
enum ReportStyle {
  static let css = """
    :root {
      color-scheme: light dark;
      --paper: #ffffff; --ink: #1f2328; --quiet: #59636e; --rule: #d4d9df; --strong-rule: #1f2328;
      --tint: #f4f6f8; --accent: #0b62a8; --shade: #00000033;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14181d; --ink: #e6eaef; --quiet: #9aa4af; --rule: #323a43;
        --strong-rule: #aab3bd; --tint: #1c2229; --accent: #6cb6f2; --shade: #ffffff33;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; padding: 3rem 1.25rem 5rem; max-width: 72rem;
      background: var(--paper); color: var(--ink);
      font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    }
    h1, h2 { font-family: Charter, "Bitstream Charter", Cambria, Georgia, serif; }
    h1 { font-size: 2.1rem; line-height: 1.2; margin: 0.2rem 0 1rem; text-wrap: balance; }
    h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 0.9rem; }
    h3 { font-size: 0.95rem; margin: 0 0 0.4rem; }
    header p.quiet { margin: 0; }
    .summary { font-size: 1.1rem; max-width: 46rem; margin: 0; text-wrap: pretty; }
    section { margin-top: 2.75rem; }
    section > p { max-width: 46rem; }
    .quiet { color: var(--quiet); font-size: 0.875rem; }
    .note { color: var(--quiet); font-size: 0.9rem; max-width: 46rem; margin: 0.6rem 0; }
    .note b { color: var(--ink); }
    a { color: var(--accent); }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums lining-nums; }
    th, td { text-align: left; padding: 0.38rem 0.9rem; vertical-align: baseline; }
    th:first-child, td:first-child { padding-left: 0.2rem; }
    tbody th, .settings th { font-weight: 400; }
    .number { text-align: right; white-space: nowrap; }
    /* Shades at the edges show that there is more at that side; they are covered where there is not. */
    .wide {
      overflow-x: auto; background:
        linear-gradient(to right, var(--paper) 40%, transparent) left / 2.5rem 100% local no-repeat,
        linear-gradient(to left, var(--paper) 40%, transparent) right / 2.5rem 100% local no-repeat,
        linear-gradient(to right, var(--shade), transparent) left / 1rem 100% scroll no-repeat,
        linear-gradient(to left, var(--shade), transparent) right / 1rem 100% scroll no-repeat;
    }
    /* Names and dates stay on a line; the last column may hold sentences. */
    .run, .results td { white-space: nowrap; }
    .results td:last-child:not(.number) { white-space: normal; min-width: 14rem; }
    .wide:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .hint { display: none; margin: 0.3rem 0 0; text-align: right; }
    .results {
      min-width: 60%; border-top: 2px solid var(--strong-rule);
      border-bottom: 2px solid var(--strong-rule);
    }
    .results thead th {
      border-bottom: 1px solid var(--strong-rule); font-weight: 600; font-size: 0.9rem;
      vertical-align: bottom;
    }
    .results tbody tr + tr > * { border-top: 1px solid var(--rule); }
    .pictures { display: grid; gap: 1.25rem 1rem; align-items: start; }
    .pictures.medium {
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr));
    }
    .pictures.large { grid-template-columns: repeat(auto-fill, minmax(min(100%, 29rem), 1fr)); }
    .pictures.exact { display: flex; flex-wrap: wrap; }
    .pictures.exact .picture { max-width: 100%; }
    .spot > span {
      display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%;
      background: currentColor; margin-right: 0.45em;
    }
    .contents {
      display: flex; flex-wrap: wrap; gap: 0.35rem 1.4rem; margin-top: 1.5rem;
      padding: 0.7rem 0; border-block: 1px solid var(--rule); font-size: 0.95rem;
    }
    figure { margin: 0; }
    .picture summary { list-style: none; cursor: zoom-in; display: block; }
    .picture summary::-webkit-details-marker { display: none; }
    .picture summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .picture img { display: block; width: 100%; height: auto; border-radius: 2px; }
    .picture.small img, .picture details[open] img { image-rendering: pixelated; }
    .picture:has(details[open]) { grid-column: 1 / -1; max-width: none; }
    .exact .picture:has(details[open]) { width: 100% !important; }
    .picture details[open] img {
      max-height: 94vh; object-fit: contain; object-position: left top;
    }
    .picture details[open] summary { cursor: zoom-out; }
    .picture figcaption { margin-top: 0.4rem; font-size: 0.9rem; line-height: 1.4; }
    .picture .quiet { font-variant-numeric: tabular-nums; margin-left: 0.35em; }
    .chart svg { display: block; width: 100%; height: auto; }
    .charts > div { display: grid; gap: 1.5rem 1rem; align-items: start; }
    .charts-2 > div { grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
    .charts-3 > div { grid-template-columns: repeat(auto-fill, minmax(min(100%, 20.5rem), 1fr)); }
    .chart .data { margin: 0 0 0 0.25rem; }
    .on-phone { display: none; }
    .groups { columns: 2 22rem; column-gap: 3rem; }
    .groups > div { break-inside: avoid; padding-bottom: 1.75rem; }
    .settings { width: 100%; font-size: 0.925rem; border-top: 1px solid var(--strong-rule); }
    .settings th, .settings td { border-bottom: 1px solid var(--rule); padding-block: 0.28rem; }
    .settings td:nth-child(2) { text-align: right; overflow-wrap: anywhere; }
    .settings td:nth-child(3) { width: 4.5rem; text-align: right; padding-right: 0.2rem; }
    .settings .given td:nth-child(2) { font-weight: 600; }
    .settings .given td:nth-child(3), .settings .chosen td:nth-child(3) { color: var(--accent); }
    .settings .default td:nth-child(2) { color: var(--quiet); }
    pre {
      background: var(--tint); padding: 0.8rem 1rem; border-radius: 4px; margin: 0 0 1rem;
      white-space: pre-wrap; overflow-wrap: anywhere;
    }
    code { font: 0.875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
    dl {
      display: grid; gap: 0.9rem 2rem; margin: 0;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr));
    }
    dt { color: var(--quiet); font-size: 0.875rem; }
    dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
    @media (max-width: 46rem) {
      body { padding: 1.5rem 1rem 4rem; }
      h1 { font-size: 1.7rem; }
      .on-paper { display: none; }
      .on-phone, .hint { display: block; }
      th, td { padding-inline: 0.6rem; }
    }
    @media print {
      body { max-width: none; padding: 0; }
      figure, tr { break-inside: avoid; }
    }
    """
}
