/**
 * Why a fleet cannot go on. `FOLDER`: its folder is not one of registered devices. `UNREACHABLE`: nobody
 * answers, or no longer. `UNTRUSTED`: the endpoint's certificate is of no CA known here. `REFUSED`: the
 * endpoint takes the device for none of its own.
 */
export type FleetFailure = 'FOLDER' | 'UNREACHABLE' | 'UNTRUSTED' | 'REFUSED';

/** A fleet that cannot go on; the message names no folder, no device and no endpoint. */
export class FleetError extends Error {
  readonly failure: FleetFailure;

  constructor(failure: FleetFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FleetError';
    this.failure = failure;
  }
}
