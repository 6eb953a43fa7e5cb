/// How the quality report looks: one sheet for wide, narrow, light, dark and paper.
enum PageStyle {
    /// The sheet.
    ///
    /// It holds no `<` and no `&`, so that it is the same in HTML and in XML.
    static let sheet: Markup = "\(colours)\n\(frame)\n\(headline)\n\(charts)\n\(tables)\n\(media)"

    private static let colours: Markup = """
        :root { color-scheme: light dark; --page: #fbfaf7; --card: #ffffff; --ink: #20262b;
          --quiet: #6a737b; --line: #e4e1da; --rail: #eceae4; --accent: #2f6d8c;
          --tint: #2f6d8c1c; --good: #2c7a57; --open: #a8690c; --bad: #b23c32;
          --b0: #7fa8bd; --b1: #a9bd8b; --b2: #d3ae7c; --b3: #b59ac4; --b4: #86b8aa;
          --b5: #cf9a92; --on-block: #1b2126; }
        @media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1b1f23;
          --ink: #e4e7ea; --quiet: #98a2ab; --line: #2c3238; --rail: #2a3036;
          --accent: #74b3d1; --tint: #74b3d126; --good: #69bd94; --open: #dfa74a;
          --bad: #ea8479; --b0: #3f6679; --b1: #5d7044; --b2: #80633a; --b3: #6a5478;
          --b4: #3f6e62; --b5: #80544d; --on-block: #f0f2f4; } }
        """

    private static let frame: Markup = """
        * { box-sizing: border-box; margin: 0; print-color-adjust: exact;
          -webkit-print-color-adjust: exact; }
        body { background: var(--page); color: var(--ink); line-height: 1.5;
          font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        main { max-width: 1180px; margin: 0 auto; padding: 40px 28px 64px; }
        h1 { font-size: 34px; line-height: 1.15; letter-spacing: -0.02em; font-weight: 650; }
        h1 small { font-weight: 350; color: var(--quiet); font-size: 0.72em; }
        h2 { font-size: 20px; letter-spacing: -0.01em; font-weight: 620; }
        code { font: 0.88em ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
        section { margin-top: 44px; }
        .eyebrow { color: var(--quiet); font-size: 13px; letter-spacing: 0.04em;
          margin-bottom: 6px; }
        .lede { color: var(--quiet); margin-top: 8px; }
        .lede b { color: var(--ink); font-weight: 600; }
        .note { color: var(--quiet); max-width: 78ch; margin: 2px 0 16px; font-size: 14px; }
        .quiet { color: var(--quiet); }
        .warn { color: var(--open); }
        .outside { color: var(--bad); }
        .tag { display: inline-block; font-size: 12px; line-height: 1; padding: 4px 7px;
          border-radius: 5px; background: var(--rail); color: var(--quiet);
          white-space: nowrap; }
        .tag.bits16, .tag.refused { background: var(--tint); color: var(--accent); }
        footer { margin-top: 52px; padding-top: 16px; border-top: 1px solid var(--line);
          color: var(--quiet); font-size: 13px; max-width: 90ch; }
        .facts { padding-left: 18px; }
        .facts li { margin: 4px 0; }
        """

    private static let headline: Markup = """
        .plain { --state: var(--quiet); }
        .verdict { margin-top: 28px; background: var(--card); border: 1px solid var(--line);
          border-left: 5px solid var(--state); border-radius: 10px; padding: 22px 26px;
          display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 32px;
          align-items: center; }
        .stamp { font-size: 22px; font-weight: 620; color: var(--state);
          letter-spacing: -0.01em; }
        .verdict.plain .stamp { color: var(--ink); }
        .refusal { margin-top: 2px; }
        .verdict ul { list-style: none; padding: 0; margin-top: 10px; font-size: 14px; }
        .verdict li { margin-top: 6px; color: var(--quiet); }
        .verdict li b { color: var(--ink); font-weight: 600; }
        .interval figcaption { font-size: 12.5px; color: var(--quiet); margin-top: 34px; }
        .track { position: relative; height: 10px; margin-top: 34px; border-radius: 5px;
          background: var(--rail); }
        .track i { position: absolute; }
        .track .span { top: 0; bottom: 0; border-radius: 5px; background: var(--state);
          opacity: 0.45; min-width: 2px; }
        .track .estimate { top: -4px; bottom: -4px; width: 4px; margin-left: -2px;
          border-radius: 2px; background: var(--state); }
        .interval.plain { --state: var(--accent); }
        .pass { --state: var(--good); }
        .open, .inconclusive { --state: var(--open); }
        .fail { --state: var(--bad); }
        .word { color: var(--state); font-weight: 600; white-space: nowrap; }
        .word::before { content: "• "; }
        .track .zero { top: -8px; bottom: -8px; border-left: 1px solid var(--quiet); }
        .track .limit { top: -10px; bottom: -10px; border-left: 2px dashed var(--ink); }
        .track span { position: absolute; transform: translateX(-50%); font-size: 12.5px;
          white-space: nowrap; }
        .track .above { bottom: 22px; font-weight: 600; }
        .track .below { top: 16px; color: var(--quiet); }
        .track .nil { font-weight: 400; color: var(--quiet); }
        .tiles { margin-top: 16px; display: grid; gap: 1px; background: var(--line);
          grid-template-columns: repeat(3, minmax(0, 1fr)); border: 1px solid var(--line);
          border-radius: 10px; overflow: hidden; }
        .tile { background: var(--card); padding: 16px 20px; font-size: 13px;
          color: var(--quiet); }
        .tile .number { font-size: 25px; line-height: 1.3; font-weight: 600;
          color: var(--ink); letter-spacing: -0.02em; }
        .tile .none { color: var(--quiet); }
        .look { list-style: none; padding: 0; display: grid; gap: 12px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
        .look li { background: var(--card); font-size: 14px; border: 1px solid var(--line);
          border-radius: 10px; padding: 16px 20px; }
        .ranked { margin-bottom: 6px; padding-left: 32px; position: relative; }
        .ranked .rank { left: 0; top: 0; }
        .rank, .dot b { width: 22px; height: 22px; border-radius: 11px; text-align: center;
          background: var(--open); color: var(--page); font: 600 12.5px/22px system-ui,
          sans-serif; }
        .look .try { margin-top: 6px; }
        .look .try .tag { background: var(--tint); color: var(--accent); }
        """

    private static let charts: Markup = """
        .chart { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: 26px 24px 20px 76px; }
        .plot { position: relative; }
        .plot svg, .live svg { position: absolute; inset: 0; width: 100%; height: 100%; }
        .journey .plot { height: 190px; }
        .arena .plot { height: 340px; }
        .rule { position: absolute; left: 0; right: 0; border-top: 1px solid var(--line); }
        .rule em, .bound em { position: absolute; right: 100%; top: -9px; padding-right: 10px;
          font: 12px/18px system-ui, sans-serif; color: var(--quiet); white-space: nowrap; }
        .line { fill: none; stroke: var(--accent); stroke-width: 2px;
          vector-effect: non-scaling-stroke; stroke-linejoin: round; }
        .dot { position: absolute; width: 8px; height: 8px; margin: 0 0 -4px -4px;
          border-radius: 4px; background: var(--accent); }
        .dot.weight { background: var(--card); border: 1.5px solid var(--quiet); opacity: 0.75; }
        .dot.marked { background: var(--open); }
        .dot b { position: absolute; left: -7px; bottom: 13px; }
        .dot.key { position: static; display: inline-block; margin: 0 2px; }
        .block0 { fill: var(--b0); } .block1 { fill: var(--b1); } .block2 { fill: var(--b2); }
        .block3 { fill: var(--b3); } .block4 { fill: var(--b4); } .block5 { fill: var(--b5); }
        .arena rect { stroke: var(--card); stroke-width: 2px;
          vector-effect: non-scaling-stroke; }
        .label { position: absolute; overflow: hidden; padding: 5px 8px; font-size: 12px;
          line-height: 15px; color: var(--on-block); pointer-events: none; }
        .label b { font-weight: 560; display: block; white-space: nowrap; overflow: hidden;
          text-overflow: ellipsis; }
        .label small { display: block; font-size: 11.5px; opacity: 0.75; }
        .bound { position: absolute; left: 0; right: 0; border-top: 2px dashed var(--bad);
          pointer-events: none; }
        .bound em { color: var(--bad); right: auto; left: 0; top: -22px; padding: 0;
          font-weight: 600; }
        .live { position: relative; height: 44px; margin-top: 14px;
          border-bottom: 1px solid var(--line); }
        .live path { fill: var(--accent); opacity: 0.35; }
        .axis { display: flex; justify-content: space-between; gap: 12px; font-size: 12px;
          color: var(--quiet); margin-top: 6px; }
        .histogram { display: block; width: 100%; height: 46px; }
        .range { fill: var(--tint); }
        .inside { fill: var(--accent); opacity: 0.85; }
        .histogram .outside { fill: var(--bad); }
        .histogram path.zero { fill: none; stroke: var(--quiet); opacity: 0.5;
          stroke-dasharray: 2 2; }
        .edge { fill: none; stroke: var(--accent); stroke-width: 1.5px; }
        .histogram path { vector-effect: non-scaling-stroke; }
        """

    private static let tables: Markup = """
        table { border-collapse: collapse; width: 100%; font-size: 14px; }
        th { text-align: left; font-weight: 560; font-size: 12.5px; color: var(--quiet);
          padding: 8px 12px; border-bottom: 1px solid var(--line); }
        td { padding: 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
        .layers { table-layout: fixed; }
        .layers th:nth-child(1) { width: 27%; }
        .layers th:nth-child(2) { width: 31%; }
        .layers th:nth-child(3) { width: 16%; }
        .layers th:nth-child(4) { width: 9%; }
        .layers .name { position: relative; padding-left: 40px; }
        .layers .name b { font-weight: 580; }
        .layers .name .tag { margin-top: 6px; }
        .tensor { font-size: 12.5px; }
        .rank { position: absolute; left: 8px; top: 11px; }
        .worst { background: color-mix(in srgb, var(--open) 7%, transparent); }
        dl { display: grid; grid-template-columns: 44px 1fr; font-size: 12.5px;
          line-height: 1.45; margin-top: 6px; }
        dt { color: var(--quiet); }
        .meter { margin-bottom: 8px; font-size: 13.5px; }
        .meter small { color: var(--quiet); font-size: 12px; }
        .meter svg { display: block; width: 100%; height: 5px; margin-top: 3px;
          border-radius: 2.5px; }
        .rail { fill: var(--rail); }
        .level { fill: var(--accent); }
        .low .level { fill: var(--bad); }
        .middle .level { fill: var(--open); }
        .work .level { fill: var(--quiet); }
        .layers td:last-child p { font-size: 12px; margin-top: -4px; }
        .decisions td:first-child { width: 112px; }
        .decisions .places { width: 46%; }
        .places span { display: block; }
        .scroll { overflow-x: auto; }
        .confusion { width: auto; font-size: 13px; }
        .confusion th, .confusion td { text-align: center; padding: 6px 4px; min-width: 42px;
          border: 2px solid var(--page); }
        .confusion td { background: var(--rail); border-radius: 5px; }
        .confusion .right { background: color-mix(in srgb, var(--accent) var(--shade),
          var(--rail)); }
        .confusion .wrong { background: color-mix(in srgb, var(--bad) var(--shade),
          var(--rail)); }
        .confusion .strong { color: var(--page); }
        .confusion .sum { background: none; color: var(--quiet); padding-left: 12px; }
        .confusions { width: auto; min-width: 50%; }
        """

    private static let media: Markup = """
        @media screen and (max-width: 860px) { main { padding: 24px 16px 48px; }
          h1 { font-size: 27px; }
          section { margin-top: 34px; }
          .verdict { grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 18px;
            margin-top: 22px; }
          .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
          .tile { padding: 13px 14px; }
          .tile .number { font-size: 21px; }
          .tile:last-child:nth-child(odd) { grid-column: 1 / -1; }
          .chart { padding: 24px 14px 16px 66px; }
          .layers thead { display: none; }
          .layers, .layers tbody { display: block; }
          .layers tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
            gap: 4px 18px; background: var(--card); border: 1px solid var(--line);
            border-radius: 10px; padding: 14px; margin-bottom: 10px; }
          .layers td { border: 0; padding: 4px 0; }
          .layers td.name, .layers td.values, .layers td:nth-child(3) { grid-column: 1 / -1; }
          .layers td:nth-child(3) { display: grid; gap: 0 18px;
            grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
          .layers .worst .name { padding-left: 34px; }
          .layers .name { padding-left: 0; }
          .rank { left: 0; top: 4px; }
          .layers td.number::before, .layers td:last-child::before {
            content: attr(data-label); display: block; font-size: 12px; color: var(--quiet); }
          .decisions, .decisions tbody { display: block; }
          .decisions thead { display: none; }
          .decisions tr { display: block; border-bottom: 1px solid var(--line);
            padding: 10px 0; }
          .decisions td { display: block; border: 0; padding: 2px 0; }
          .decisions td:first-child, .decisions .places { width: auto; }
          .label.small, .label small { display: none; } }
        @media print { :root { --page: #ffffff; } body { font-size: 10.5pt; }
          main { max-width: none; padding: 0; }
          .tile { padding: 8px 12px; }
          .layers td { padding: 8px; font-size: 9pt; }
          section, .chart, .look li, tr, .tile { break-inside: avoid; }
          #layers, #decisions { break-inside: auto; }
          h2, .note { break-after: avoid; } }
        """
}
