import { type Content, markup } from './markup.ts';

/** A column; numbers stand to the right, and a wide one breaks its lines. */
export interface Column {
  readonly title: string;
  readonly kind?: 'n' | 'wide';
}

/** A table with a caption and headers; a row's first cell is its header. */
export function Table({
  caption,
  columns,
  rows,
}: {
  caption: string;
  columns: readonly Column[];
  rows: readonly (readonly Content[])[];
}) {
  const head = columns.map(
    ({ title, kind }) => markup`<th scope="col" class=${kind}>${title}</th>`,
  );
  const body = rows.map(
    ([first, ...others]) =>
      markup`<tr><th scope="row" class=${columns[0]?.kind}>${first}</th>${others.map((cell, index) => markup`<td class=${columns[index + 1]?.kind}>${cell}</td>`)}</tr>`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table class="dense">
    <caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody>
  </table></div>`;
}
