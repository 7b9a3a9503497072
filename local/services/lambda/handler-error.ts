/** A failed invocation in the shape in which Lambda's Node runtime reports it. */
export interface ReportedError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

/** Describes whatever a handler threw, as Lambda's Node runtime does. */
export function reportError(thrown: unknown): ReportedError {
  if (thrown instanceof Error) {
    const { name, message, stack = '' } = thrown;
    return { errorType: name, errorMessage: message, trace: stack.split('\n') };
  }
  return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

/** The three ways in which a handler cannot be loaded, named as Lambda names them. */
export class LoadError extends Error {
  constructor(
    name: 'Runtime.ImportModuleError' | 'Runtime.HandlerNotFound' | 'Runtime.UserCodeSyntaxError',
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = name;
  }
}
