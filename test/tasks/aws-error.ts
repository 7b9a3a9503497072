/** An error as an AWS client throws it. */
export function awsError(
  name: string,
  { status = 400, fault = 'client' }: { status?: number; fault?: 'client' | 'server' } = {},
): Error {
  return Object.assign(new Error(`AWS says ${name} of CANARY-in-an-aws-message`), {
    name,
    $fault: fault,
    $metadata: { httpStatusCode: status, requestId: 'request-1' },
  });
}
