/** What every page says of where it looks. */
export interface ConsoleFacts {
  readonly study: string;
  /** `embedded cloud`, or AWS with its region. */
  readonly place: string;
  /** Whether runs cannot be started from here. */
  readonly isReadOnly: boolean;
}
