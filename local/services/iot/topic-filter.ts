/** Tells whether a topic matches. */
export type TopicFilter = (topic: string) => boolean;

/** AWS's quotas. */
const longestTopicBytes = 256;
const mostSlashes = 7;

function problem(text: string, what: string): string | undefined {
  if (text === '') return `an empty ${what} is not allowed`;
  if (text.startsWith('$')) return `${what}s that begin with $ are not supported`;
  if (Buffer.byteLength(text) > longestTopicBytes)
    return `a ${what} has ${longestTopicBytes} bytes at most`;
  if (text.split('/').length - 1 > mostSlashes)
    return `a ${what} has ${mostSlashes} slashes at most`;
  return undefined;
}

/** Why nothing can be published to a topic, by AWS's quotas or here; undefined when it can. */
export function topicProblem(topic: string): string | undefined {
  return problem(topic, 'topic');
}

/** Why a topic filter cannot be used, by MQTT, by AWS's quotas or here; undefined when it can. */
export function filterProblem(filter: string): string | undefined {
  const levels = filter.split('/');
  const last = levels.length - 1;
  const misplaced = levels.some(
    (level, index) =>
      (level.includes('+') && level !== '+') ||
      (level.includes('#') && (level !== '#' || index !== last)),
  );
  return misplaced ? 'a wildcard is not where it may be' : problem(filter, 'topic filter');
}

/**
 * Reads a topic filter that {@link filterProblem} has nothing against: `+` stands for one level, `#`
 * at the end for any number of them, none included.
 */
export function topicFilter(filter: string): TopicFilter {
  const levels = filter.split('/');
  const isOpen = levels.at(-1) === '#';
  const fixed = isOpen ? levels.slice(0, -1) : levels;
  return (topic) => {
    const given = topic.split('/');
    if (isOpen ? given.length < fixed.length : given.length !== fixed.length) return false;
    return fixed.every((level, index) => level === '+' || level === given[index]);
  };
}
