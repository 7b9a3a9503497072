import { type Entity, ref } from './crate-entity.ts';
import type { EventChain } from './event-chain.ts';

/** What the files of a bundle are about. */
export interface FileFacts {
  readonly files: ReadonlyMap<string, string>;
  readonly workflow: string;
  readonly action: string;
  readonly chain: Pick<EventChain, 'count' | 'head'>;
}

const language = '#amazon-states-language';

const names: Readonly<Record<string, string>> = {
  'events.jsonl': 'Events of the execution, each with the hash of the one before',
  'record.json': 'Record of the execution',
  'report.html': 'Report of the execution',
  'graph.svg': 'What became of the states of the execution',
  'trace.csv': 'Tries of each state',
  'objects.csv': 'Objects of the batch, by opaque id',
  'access.csv': 'Who did what, by the access log',
  'controls.csv': 'What the record shows of controls',
  'cost.csv': 'What was consumed',
  'digests.csv': 'Digests of definition, templates and bundles',
  'mails.csv': 'Mails that were sent',
};

const formats: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  html: 'text/html',
  svg: 'image/svg+xml',
  csv: 'text/csv',
};

/** Describes the files of a payload, and what they refer to. */
export function describeFiles(paths: readonly string[], facts: FileFacts): Entity[] {
  const { files, workflow, action, chain } = facts;
  const described = paths.map((path): Entity => {
    const common = {
      '@id': path,
      encodingFormat: formats[path.slice(path.lastIndexOf('.') + 1)],
      contentSize: String(Buffer.byteLength(files.get(path) ?? '')),
    };
    if (path === workflow) {
      return {
        ...common,
        '@type': ['File', 'SoftwareSourceCode', 'ComputationalWorkflow'],
        name: 'State machine of a batch, as the execution ran it',
        programmingLanguage: ref(language),
      };
    }
    const told = { ...common, '@type': 'File', name: names[path] ?? path, about: ref(action) };
    return path === 'events.jsonl'
      ? { ...told, mentions: [ref('#event-count'), ref('#event-chain-head')] }
      : told;
  });
  return [
    ...described,
    {
      '@id': language,
      '@type': 'ComputerLanguage',
      name: 'Amazon States Language',
      url: ref('https://states-language.net/spec.html'),
    },
    { '@id': '#event-count', '@type': 'PropertyValue', name: 'events', value: chain.count },
    {
      '@id': '#event-chain-head',
      '@type': 'PropertyValue',
      name: 'hash of the last event',
      value: chain.head,
    },
  ];
}
