import { Copyable } from '../page/code.ts';
import { markup } from '../page/markup.ts';

const tabs = [
  ['access', '/questions', 'Access'],
  ['key', '/questions/key', 'The key'],
  ['leftovers', '/questions/leftovers', 'Leftovers'],
] as const;
type Tab = (typeof tabs)[number][0];

/** Why an answer from nothing is none. */
export const noLog = 'the access log has no record';

/** The pages of questions, under their heading. */
export const QuestionTabs = ({ current }: { current: Tab }) =>
  markup`<h1>Questions</h1><nav class="tabs" aria-label="Questions"><ul>${tabs.map(([name, href, title]) => markup`<li><a href=${href} aria-current=${name === current ? 'page' : undefined}>${title}</a></li>`)}</ul></nav>`;

/** What to do where the console was given no access log. */
export const NoLog = () =>
  markup`<p class="notice">This console has no access log to ask. Copy the trail’s files, and start it with them:</p>${Copyable({ text: 'czar console --access-log <folder>', label: 'Command line' })}`;

/** The page of a question that needs the log, where there is none. */
export const NoLogContent = ({ current }: { current: Tab }) =>
  markup`${QuestionTabs({ current })}${NoLog()}`;

/** The command that gives the same answer. */
export const SameAsCommand = ({ text }: { text: string }) =>
  markup`<h2>The same as a command</h2>${Copyable({ text, label: 'Command line' })}`;
