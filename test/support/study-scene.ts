import { mintCode } from '../../workflow/model/code.ts';
import { findResource, type ResolvedResource, resolveStudy } from './resolve.ts';
import { type StudyAccess, studyAccess } from './study-access.ts';
import type { StackTemplate } from './synth.ts';
import type { Templates } from './template-edits.ts';

export const batchId = mintCode(9, () => 0);
export const otherBatchId = mintCode(9, () => 5);
export const objectKey = `in/v1/czarhipaa/${batchId}/${mintCode(21, () => 1)}`;
export const resultKey = `out/v1/czarhipaa/${batchId}/result`;

/** Encryption contexts of an input and of a result of the batch. */
export const input = { study: 'czarhipaa', batch: batchId, kind: 'input' };
export const result = { ...input, kind: 'result' };

/** A study's policies, and what questions about them name. */
export interface Scene {
  readonly access: StudyAccess;
  /** Id of the S3 endpoint, as `aws:SourceVpce` of a call from inside the VPC. */
  readonly endpoint: string;
  /** The role whose logical id begins so. */
  readonly role: (idPrefix: string) => ResolvedResource;
}

export function sceneOf(templates: Templates): Scene {
  const resources = resolveStudy(templates);
  return {
    access: studyAccess(resources),
    endpoint: findResource(resources, 'AWS::EC2::VPCEndpoint', 'VpcStorageEndpoint').ref,
    role: (idPrefix) => findResource(resources, 'AWS::IAM::Role', idPrefix),
  };
}

/** The statements of a policy in a template, to be changed in place. */
export function statementsOf(
  template: StackTemplate,
  idPrefix: string,
  property: string,
): unknown[] {
  const [, resource] = Object.entries(template.Resources).find(([id]) => id.startsWith(idPrefix))!;
  return (resource.Properties[property] as { Statement: unknown[] }).Statement;
}
