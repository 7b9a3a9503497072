/**
 * Name of a study's state machine. It is physical: a person reads it in the console, and policies
 * of other stacks name it without depending on BatchStack.
 */
export const stateMachineName = (pit: string): string => `${pit}-batch`;

/** What the names of all queues of a study's batches match; see `queueName` of the model. */
export const batchQueuePattern = (pit: string): string => `${pit}-batch-*`;

/** Name of the state machine of a study's sensor ingest. */
export const ingestMachineName = (pit: string): string => `${pit}-ingest`;

/**
 * Name of the sensor queue. It is physical, as the names of batches' queues are: rights and settings
 * in stacks that IngestStack builds on name it.
 */
export const sensorQueueName = (pit: string): string => `${pit}-sensors`;

/** Name of the queue of messages that the poller could not read, five times over. */
export const sensorDeadLetterQueueName = (pit: string): string => `${pit}-sensors-dead`;

/** Name of the policy that every device's certificate has; a person attaches it. */
export const devicePolicyName = (pit: string): string => `${pit}-device`;
