import { markup } from './markup.ts';

/** A command, or something else to be copied. */
export const Copyable = ({ text, label }: { text: string; label: string }) =>
  markup`<div class="copyable"><pre tabindex="0" role="region" aria-label=${label}><code>${text}</code></pre></div>`;
