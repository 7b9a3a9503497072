/**
 * Name of a study's state machine. It is physical: a person reads it in the console, and policies
 * of other stacks name it without depending on BatchStack.
 */
export const stateMachineName = (pit: string): string => `${pit}-batch`;

/** What the names of all queues of a study's batches match; see `queueName` of the model. */
export const batchQueuePattern = (pit: string): string => `${pit}-batch-*`;
