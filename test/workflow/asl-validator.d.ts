declare module 'asl-validator' {
  /** Checks a state machine definition against the language's schema and rules. */
  export default function validate(definition: unknown): {
    readonly isValid: boolean;
    readonly errorsText: (separator?: string) => string;
  };
}
