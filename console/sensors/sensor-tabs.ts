import { markup } from '../page/markup.ts';

const tabs = [
  ['devices', '/sensors', 'Devices'],
  ['gaps', '/sensors/gaps', 'Gaps'],
] as const;

/** The two pages on sensors. */
export const SensorTabs = ({ current }: { current: (typeof tabs)[number][0] }) =>
  markup`<nav class="tabs" aria-label="Sensors"><ul>${tabs.map(([name, href, title]) => markup`<li><a href=${href} aria-current=${name === current ? 'page' : undefined}>${title}</a></li>`)}</ul></nav>`;
