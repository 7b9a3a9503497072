/** Writes a line. Whose log it is narrows this to the messages and fields that it can have. */
type WriteLine = (
  message: string,
  fields?: Readonly<Record<string, string | number | undefined>>,
) => void;

/** Ids and codes as this system and AWS spell them; nothing that a sentence or a path would pass. */
const harmless = /^[A-Za-z0-9_-]{1,80}$/;

/**
 * Makes a log of JSON lines. SSM keeps what a command prints, so nothing of the data may pass.
 *
 * A text that does not look like an id or a code is withheld, whoever wrote it into a field.
 */
export function createLog(write: (line: string) => void, now: () => Date): WriteLine {
  return (message, fields = {}) => {
    const line: Record<string, string | number> = { time: now().toISOString(), message };
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      line[name] = typeof value === 'number' || harmless.test(value) ? value : 'withheld';
    }
    write(`${JSON.stringify(line)}\n`);
  };
}
