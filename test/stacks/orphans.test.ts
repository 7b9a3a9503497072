import { beforeAll, describe, expect, it } from 'vitest';
import { account, region, resolveStudy } from '../support/resolve.ts';
import { studyAccess, type StudyAccess } from '../support/study-access.ts';
import { synthesize } from '../support/synth.ts';

let access: StudyAccess;

beforeAll(async () => {
  access = studyAccess(resolveStudy((await synthesize()).templates));
});

/** Roles that may delete a volume or an interface with these tags. */
function deleters(kind: 'volume' | 'network-interface', tags: Record<string, string>): string[] {
  const action = kind === 'volume' ? 'ec2:DeleteVolume' : 'ec2:DeleteNetworkInterface';
  const keys = Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
  const resource = `arn:aws:ec2:${region}:${account}:${kind}/id-0123456789abcdef0`;
  return access.roles
    .filter((role) =>
      access.may(role, action, resource, Object.fromEntries(keys) as Record<string, string>),
    )
    .map(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, ''));
}

describe.each(['volume', 'network-interface'] as const)('a %s', (kind) => {
  it('that was made for a worker of the study can be deleted by the sweeper alone', () => {
    const tags = { 'czar:study': 'czarhipaa', 'czar:batch': 'bcdfghjkw' };

    expect(deleters(kind, tags)).toEqual(['EventsSweepRole']);
  });

  it.each([
    ['has no tag', {}],
    ['is the workbench’s or the bastion’s', { 'czar:study': 'czarhipaa' }],
    ['is another study’s', { 'czar:study': 'other', 'czar:batch': 'bcdfghjkw' }],
  ])('that %s can be deleted by nobody', (_, tags) => {
    expect(deleters(kind, tags)).toEqual([]);
  });
});
