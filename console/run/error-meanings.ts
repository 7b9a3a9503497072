/** What the errors of a batch's execution mean, each as the rest of a sentence that begins with a state. */
export const errorMeanings: Readonly<Record<string, string>> = {
  AwsUnavailableError: 'an AWS service did not answer, and the retries ran out',
  InsufficientCapacityError: 'EC2 had no room for the machine',
  StillOpeningError: 'the batch had not been opened in the time for it',
  StillEvaporatingError: 'something of the batch was still shutting down',
  RequestRefusedError:
    'the request, or the batch that it names, is not one that can run; nothing was launched',
  BatchTakenError: 'another execution opened the batch first',
  ManifestMismatchError: "the batch's listing is missing, or is not that of its manifest",
  RunEndedError: 'the execution was redriven, and this run was over',
  QuotaExceededError: 'the account may not launch this many, or this kind of, machines',
  WorkerLostError: 'a machine ended, never came online, or no longer answered',
  WorkerBrokenError: 'a machine said that it cannot do its work',
  KeyUnavailableError: 'the data key is disabled, pending deletion, or gone',
  ObjectsFailedError: 'more objects failed than the request tolerates',
  PipelineFailedError: "the pipeline's consolidation ended with an error",
  RemnantsError: 'something of the batch was left after its end',
  IngestBusyError: 'another execution of the ingest was running',
  WorkbenchStoppedError: 'the workbench does not exist, or is not running',
  WorkbenchUnreachableError: 'the workbench is starting, or does not answer',
  ContractError: 'input, output or environment of a task had not the agreed form: a defect',
  PermissionError: 'AWS denied a call that the task should be allowed to make: a defect',
  'States.Timeout': 'it did not end in its time',
  'States.HeartbeatTimeout': 'it fell silent',
  'States.TaskFailed': 'its task failed',
  'States.QueryEvaluationError': 'an expression of the state machine failed: a defect',
  OtherError: 'it ended with an error that is none of czarhipaa’s and none of AWS’s',
};

/** What an error means; its name alone where nobody wrote that down. */
export const meaningOf = (code: string): string => errorMeanings[code] ?? 'it ended with an error';
