import { declared, type Look, lookClass, schemes, styleInPage } from '../graph/palette.ts';

/** A row is drawn as succeeded, and bars in it as what they are: so that one comes first. */
const looks: readonly Look[] = ['succeeded', 'failed', 'caught', 'aborted', 'running'];

const ofLook = (look: Look): string => {
  const name = lookClass(look);
  return `.timeline .${name} .wait{fill:var(--${name}-fill)}.timeline .${name} path{stroke:var(--${name}-line)}.timeline .${name} .on-wait,.timeline text.${name}{fill:var(--${name}-text)}`;
};

const columns = [1, 2, 3, 4, 5, 6, 7, 8];
const nth = (kind: string): string =>
  columns.map((at) => `.${kind}${at} tr>:nth-child(${at})`).join();
const nthCell = (kind: string): string =>
  columns.map((at) => `.${kind}${at} tbody>tr>:nth-child(${at})`).join();

/** Columns of numbers, codes and digests, rows that share something, times and badges: of the report's sections wherever they stand. */
export const columnStyle = [
  `${nth('n')}{text-align:right}`,
  `${nthCell('c')},${nthCell('d')}{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:var(--code,11.5px);line-height:1.6}`,
  `${nthCell('c')}{white-space:nowrap}`,
  // A digest of 64 digits stands in two lines.
  `${nthCell('d')}{min-width:calc(32.2ch + var(--gap,14px));max-width:calc(32.5ch + var(--gap,14px));overflow-wrap:anywhere}`,
  // Above the rows that share what it tells.
  `table .group.group th{background:var(--czar-panel);text-align:left;font:inherit;font-weight:600;max-width:none;padding:5px 8px}`,
  `time{white-space:nowrap}`,
  `.badge svg{width:10px;height:10px;margin-right:5px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}`,
].join('\n');

/** The timeline, in the colours of the graph. */
export const timelineStyle = [
  `.timeline{display:block;min-width:860px;width:100%;font-family:inherit}
.timeline text{fill:var(--czar-text)}
.timeline text.quiet{fill:var(--czar-quiet)}
.timeline .tick{stroke:var(--czar-panelLine);stroke-width:.5;stroke-dasharray:2 3}
.timeline g g text{fill:var(--czar-back)}
.timeline g path{stroke-width:14}
.timeline g .wait{stroke-width:1}`,
  ...looks.map(ofLook),
].join('\n');

/** The style of the page, in the colours of the graph: on screens light or dark, on paper light. */
export const pageStyle = [
  `:root{--gap:14px;color-scheme:light dark;${declared(schemes.light)}}`,
  `@media screen and (prefers-color-scheme:dark){:root{${declared(schemes.dark)}}}`,
  `*{box-sizing:border-box}
body{margin:0;background:var(--czar-back);color:var(--czar-text);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,nav,footer{max-width:1360px;margin:0 auto;padding:0 32px}
header{padding-top:40px}
header .kind{margin:0;color:var(--czar-quiet);font-size:13px;letter-spacing:.06em;text-transform:uppercase}
h1{font-size:30px;line-height:1.2;margin:4px 0 6px;letter-spacing:-.01em}
h1 code{font-size:.94em}
header .meta{color:var(--czar-quiet);margin:0 0 20px}
nav{border-bottom:1px solid var(--czar-panelLine);padding-bottom:14px}
a{color:var(--czar-running-text);text-underline-offset:3px}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--czar-running-line);outline-offset:2px}
section{padding-top:34px}
h2{font-size:20px;line-height:1.3;margin:0 0 10px}
h3{font-size:15px;margin:22px 0 8px}
p,ul{margin:0 0 10px;max-width:84ch}
ul{padding-left:20px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;margin:0;padding:0;font-size:14px;max-width:none}
small,.quiet{color:var(--czar-quiet)}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em}
.figures{display:flex;flex-wrap:wrap;gap:1px;margin:0 0 20px;background:var(--czar-panelLine);border:1px solid var(--czar-panelLine);border-radius:8px;overflow:hidden}
.figures div{flex:1 1 150px;background:var(--czar-panel);padding:12px 16px}
dt{font-size:12.5px;color:var(--czar-quiet)}
dd{margin:2px 0 0;font-size:17px;font-weight:600;font-variant-numeric:tabular-nums}
.badge{display:inline-block;border:1px solid;border-radius:99px;padding:0 9px;font-size:13px;line-height:21px;font-weight:600;white-space:nowrap}
.badge.good{color:var(--czar-succeeded-text);background:var(--czar-succeeded-fill)}
.badge.bad{color:var(--czar-failed-text);background:var(--czar-failed-fill)}
.badge.open{color:var(--czar-running-text);background:var(--czar-running-fill)}
.badge.neutral{color:var(--czar-quiet);background:var(--czar-panel)}
strong.bad{color:var(--czar-failed-text)}
.verdict{border:1px solid var(--czar-panelLine);border-radius:8px;background:var(--czar-panel);padding:10px 14px;max-width:none}
.scroll{overflow-x:auto;margin:0 0 16px}
.graph{border:1px solid var(--czar-panelLine);border-radius:8px}
.graph svg{display:block;margin:0 auto;max-width:100%;min-width:1000px;height:auto}
table{border-collapse:collapse;min-width:min(100%,720px);font-size:13px;line-height:1.45;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--czar-quiet);padding:0 0 6px}
th,td{text-align:left;vertical-align:top;padding:5px var(--gap) 5px 0}
thead th{border-bottom:1.5px solid var(--czar-panelLine);white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:500}
tbody tr{border-bottom:1px solid color-mix(in srgb,var(--czar-panelLine) 35%,transparent)}`,
  styleInPage(),
  columnStyle,
  timelineStyle,
  `footer{padding-top:28px;padding-bottom:48px;color:var(--czar-quiet);font-size:13px}
@page{size:A4;margin:14mm}
@media print{:root{--code:6pt;--gap:9px}body{font-size:10pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}header,main,nav,footer{max-width:none;padding-left:0;padding-right:0}header{padding-top:0}nav{display:none}section{padding-top:18pt}h2,h3,caption,thead,p:has(+.scroll){break-after:avoid}#graph{break-before:page;padding-top:0}tr,.figures,.verdict,p{break-inside:avoid}.scroll{overflow:visible}table{font-size:8pt}thead th{white-space:normal}.timeline{min-width:0}.graph{border:0;break-inside:avoid}.graph svg{min-width:0;max-height:225mm}.badge{font-size:8.5pt;line-height:1.4}footer{break-before:avoid;padding-bottom:0}}`,
].join('\n');
