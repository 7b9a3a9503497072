import { fixed } from './geometry.ts';
import type { Look } from './palette.ts';

/** Radius of an icon's disc, in px. */
export const iconRadius = 7.5;

/** What stands on the disc, as lines around its centre; a state that was not entered has an empty ring. */
const marks: Readonly<Record<Look, string>> = {
  succeeded: 'M-3.4,.2L-1,2.7L3.6,-2.6',
  failed: 'M-2.7,-2.7L2.7,2.7M2.7,-2.7L-2.7,2.7',
  'gave up': 'M-2.7,-2.7L2.7,2.7M2.7,-2.7L-2.7,2.7',
  caught: 'M-3.2,-1.6Q-2.8,2.2 .2,2.2L3,2.2M.9,-.1L3.2,2.2L.9,4.4',
  aborted: 'M-2.3,-2.3L2.3,-2.3L2.3,2.3L-2.3,2.3Z',
  running: 'M-3.4,0L-3.3,0M0,0L.1,0M3.4,0L3.5,0',
  'not entered': 'M-3,0L3,0',
  plain: '',
};

/** What stands on the disc of a look, as lines around 0, 0. */
export const markOf = (look: Look): string => marks[look];

/** The icon of a look around a point: told by its form, not only by its colour. */
export function icon(look: Look, x: number, y: number, scale = 1): string {
  const at = `translate(${fixed(x)},${fixed(y)})${scale === 1 ? '' : ` scale(${scale})`}`;
  return `<g class="czar-icon" transform="${at}"><circle r="${iconRadius}"/><path d="${marks[look]}"/></g>`;
}
