import { beforeAll, describe, expect, it } from 'vitest';
import { resolveStudy } from '../support/resolve.ts';
import { sessionOf } from '../support/study-access.ts';
import {
  batchId,
  input,
  otherBatchId,
  result,
  sceneOf,
  statementsOf,
  type Scene,
} from '../support/study-scene.ts';
import { type Study, synthesize } from '../support/synth.ts';

let study: Study;
let scene: Scene;

beforeAll(async () => {
  study = await synthesize();
  scene = sceneOf(study.templates);
});

/** A copy of the templates that a test may break. */
const brokenTemplates = () => structuredClone(study.templates);

describe('the data key', () => {
  it('decrypts an input for nobody while there is no grant', () => {
    const allowed = scene.access.roles.filter((role) =>
      scene.access.mayUseKey(role, 'DataKey', 'kms:Decrypt', { context: input }),
    );

    expect(allowed.map(({ logicalId }) => logicalId)).toEqual([]);
  });

  it('decrypts with a grant for the worker that has it, and its batch only', () => {
    const { access, role } = scene;
    const grant = {
      grantId: 'g',
      granteePrincipal: sessionOf(role('Worker')),
      operations: ['Decrypt', 'GenerateDataKey'],
      encryptionContextSubset: { study: 'czarhipaa', batch: batchId },
    };
    const decrypt = (who: string, batch: string) =>
      access.mayUseKey(role(who), 'DataKey', 'kms:Decrypt', {
        context: { ...input, batch },
        grants: [grant],
      });

    expect(decrypt('Worker', batchId)).toBe(true);
    expect(decrypt('Worker', otherBatchId)).toBe(false);
    expect(decrypt('PeopleResearcher', batchId)).toBe(false);
  });

  it('denies an input even to a grantee that is no worker', () => {
    const { access, role } = scene;
    const grant = {
      grantId: 'g',
      granteePrincipal: sessionOf(role('PeopleOperator')),
      operations: ['Decrypt'],
    };

    const allowed = access.mayUseKey(role('PeopleOperator'), 'DataKey', 'kms:Decrypt', {
      context: input,
      grants: [grant],
    });

    expect(allowed).toBe(false);
  });

  it('lets uploader and researcher make data keys for inputs, and for nothing else', () => {
    const { access, role } = scene;
    const generate = (who: string, context: Record<string, string>) =>
      access.mayUseKey(role(who), 'DataKey', 'kms:GenerateDataKey', { context });

    expect(generate('PeopleUploader', input)).toBe(true);
    expect(generate('PeopleResearcher', input)).toBe(true);
    expect(generate('PeopleUploader', result)).toBe(false);
    expect(generate('PeopleResearcher', result)).toBe(false);
    expect(generate('PeopleUploader', { ...input, study: 'other' })).toBe(false);
    expect(generate('PeopleOperator', input)).toBe(false);
    expect(generate('Worker', input)).toBe(false);
  });

  it('lets the poller make data keys for inputs of its study, and nothing else', async () => {
    const { templates } = await synthesize({ ingest: true });
    const { access, role } = sceneOf(templates);
    const use = (action: string, context: Record<string, string>) =>
      access.mayUseKey(role('Poller'), 'DataKey', action, { context });

    expect(use('kms:GenerateDataKey', input)).toBe(true);
    expect(use('kms:GenerateDataKey', result)).toBe(false);
    expect(use('kms:GenerateDataKey', { ...input, study: 'other' })).toBe(false);
    expect(use('kms:GenerateDataKey', {})).toBe(false);
    for (const action of ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'CreateGrant', 'PutKeyPolicy']) {
      expect([action, use(`kms:${action}`, input)]).toEqual([action, false]);
      expect([action, use(`kms:${action}`, result)]).toEqual([action, false]);
    }
  });

  it('lets the researcher alone decrypt results', () => {
    const { access } = scene;

    const allowed = access.roles.filter((one) =>
      access.mayUseKey(one, 'DataKey', 'kms:Decrypt', { context: result }),
    );

    expect(allowed.map(({ logicalId }) => logicalId)).toEqual([
      expect.stringMatching(/^PeopleResearcher/),
    ]);
  });

  it('can be granted to worker sessions only, to decrypt and generate data keys only', () => {
    const templates = brokenTemplates();
    statementsOf(templates.Workers!, 'ArtifactsRoleDefaultPolicy', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 'kms:CreateGrant',
      Resource: '*',
    });
    const { access, role } = sceneOf(templates);
    const good = {
      'kms:GranteePrincipal': sessionOf(role('Worker'), 'i-0123456789abcdef0'),
      'kms:GrantConstraintType': 'EncryptionContextSubset',
      'kms:GrantOperations': ['Decrypt', 'GenerateDataKey'],
    };
    const grant = (keys: Record<string, string | string[]>) =>
      access.mayUseKey(role('ArtifactsRole'), 'DataKey', 'kms:CreateGrant', { keys });

    expect(grant(good)).toBe(true);
    expect(grant({ ...good, 'kms:GranteePrincipal': role('ArtifactsRole').arn })).toBe(false);
    expect(grant({ ...good, 'kms:GrantOperations': ['Decrypt', 'CreateGrant'] })).toBe(false);
    expect(grant({ ...good, 'kms:GrantConstraintType': 'EncryptionContextEquals' })).toBe(false);
    expect(grant({ 'kms:GranteePrincipal': good['kms:GranteePrincipal'] })).toBe(false);
  });
});

describe('the storage key', () => {
  it('is used through AWS services and never by itself', () => {
    const { access, role } = scene;
    const decrypt = (keys: Record<string, string>) =>
      access.mayUseKey(role('Worker'), 'StorageKey', 'kms:Decrypt', { keys });

    expect(decrypt({ 'kms:ViaService': 's3.us-east-1.amazonaws.com' })).toBe(true);
    expect(decrypt({})).toBe(false);
    expect(decrypt({ 'kms:ViaService': 'lambda.us-east-1.amazonaws.com' })).toBe(false);
  });
});

describe('the evidence key', () => {
  const digest = { 'kms:SigningAlgorithm': 'ECDSA_SHA_384', 'kms:MessageType': 'DIGEST' };
  const signers = (templates: Study['templates'], keys: Record<string, string> = digest) => {
    const { access } = sceneOf(templates);
    return access.roles
      .filter((role) => access.mayUseKey(role, 'EvidenceKey', 'kms:Sign', { keys }))
      .map(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, ''))
      .toSorted();
  };

  it('signs for the function that writes evidence and for the auditor, digests only', () => {
    const algorithm = 'kms:SigningAlgorithm';

    expect(signers(study.templates)).toEqual(['EvidenceWriter', 'PeopleAuditor']);
    expect(signers(study.templates, { ...digest, 'kms:MessageType': 'RAW' })).toEqual([]);
    expect(signers(study.templates, { ...digest, [algorithm]: 'ECDSA_SHA_256' })).toEqual([]);
    expect(signers(study.templates, {})).toEqual([]);
  });

  it('cannot be handed out by an IAM policy, neither its use nor a grant', () => {
    const templates = brokenTemplates();
    statementsOf(templates.Workers!, 'ArtifactsRoleDefaultPolicy', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 'kms:*',
      Resource: '*',
    });
    const { access, role } = sceneOf(templates);
    const may = (action: string) =>
      access.mayUseKey(role('ArtifactsRole'), 'EvidenceKey', action, { keys: digest });

    expect(signers(templates)).toEqual(['EvidenceWriter', 'PeopleAuditor']);
    expect(may('kms:CreateGrant')).toBe(false);
    expect(may('kms:DescribeKey')).toBe(true);
  });

  it('tells its public half, and what it is, to the auditor', () => {
    const { access, role } = scene;

    for (const action of ['kms:GetPublicKey', 'kms:DescribeKey', 'kms:GetKeyPolicy']) {
      expect(access.mayUseKey(role('PeopleAuditor'), 'EvidenceKey', action)).toBe(true);
    }
    expect(access.mayUseKey(role('PeopleResearcher'), 'EvidenceKey', 'kms:GetPublicKey')).toBe(
      false,
    );
  });

  it('is a pair for signatures that outlives its stack', () => {
    const [, key] = Object.entries(study.templates.Data!.Resources).find(([id]) =>
      id.startsWith('EvidenceKey'),
    )!;

    expect(key.Properties).toMatchObject({ KeySpec: 'ECC_NIST_P384', KeyUsage: 'SIGN_VERIFY' });
    expect(key.Properties.EnableKeyRotation).toBeUndefined();
    expect(key.DeletionPolicy).toBe('Retain');
  });
});

describe('evidence in S3L', () => {
  const key = 'evidence/v1/czarhipaa/batch/hash-0.zip';
  const creation = { 's3:ObjectCreationOperation': 'true' };
  const writers = (templates: Study['templates'], keys: Record<string, string>) => {
    const { access } = sceneOf(templates);
    return access.roles
      .filter((role) => access.mayUseBucket(role, 'Log', 's3:PutObject', key, keys))
      .map(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, ''));
  };

  it('is written by one role, and by that one only where there is none', () => {
    expect(writers(study.templates, { ...creation, 's3:if-none-match': '*' })).toEqual([
      'EvidenceWriter',
    ]);
    expect(writers(study.templates, creation)).toEqual([]);
  });

  it('is written by nobody else, whatever an IAM policy says', () => {
    const templates = brokenTemplates();
    statementsOf(templates.Workers!, 'ArtifactsRoleDefaultPolicy', 'PolicyDocument').push({
      Effect: 'Allow',
      Action: 's3:*',
      Resource: '*',
    });

    expect(writers(templates, { ...creation, 's3:if-none-match': '*' })).toEqual([
      'EvidenceWriter',
    ]);
  });

  it('is deleted, unlocked or read by no role, but read by the auditor', () => {
    const { access, role } = scene;
    const who = (action: string) =>
      access.roles
        .filter((one) => access.mayUseBucket(one, 'Log', action, key))
        .map(({ logicalId }) => logicalId);

    for (const action of [
      's3:DeleteObject',
      's3:DeleteObjectVersion',
      's3:PutObjectRetention',
      's3:BypassGovernanceRetention',
    ]) {
      expect([action, who(action)]).toEqual([action, []]);
    }
    expect(who('s3:GetObject')).toEqual([role('PeopleAuditor').logicalId]);
  });
});

describe('the writer of evidence', () => {
  it('is called by the sweeper alone', () => {
    const { access } = scene;
    const [writer] = resolveStudy(study.templates).filter(
      ({ type, logicalId }) =>
        type === 'AWS::Lambda::Function' && logicalId.startsWith('EventsWriteEvidence'),
    );

    const callers = access.roles.filter((role) =>
      access.may(role, 'lambda:InvokeFunction', writer!.arn),
    );

    expect(callers.map(({ logicalId }) => logicalId)).toEqual([
      expect.stringMatching(/^EventsSweepRole/),
    ]);
  });
});
