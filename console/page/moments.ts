import { duration } from '../../audit/graph/words.ts';
import { moment } from '../../audit/report/words.ts';
import { markup } from './markup.ts';

/** A time, to the second; nothing where there is none. */
export const At = ({ time }: { time: string | undefined }) =>
  time === undefined
    ? markup`<span class="quiet">–</span>`
    : markup`<time datetime=${time}>${moment(time)}</time>`;

/** How long something took; of what goes on, the script counts on. */
export function Lasted({ from, to }: { from: string; to: string | undefined }) {
  if (to !== undefined) return markup`<span>${duration(Date.parse(to) - Date.parse(from))}</span>`;
  return markup`<time data-since=${from} datetime=${from}>since ${moment(from).slice(11)}</time>`;
}
