/** The id of a state's rows in the table of states: its name in lower case, with dashes. */
export const stateId = (state: string): string =>
  `state-${state
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')}`;
