import { expect, it } from 'vitest';
import { readQueryParameters } from '../../../../local/services/ec2/query-parameters.ts';

it('reads names with dots and numbers as structures and lists', () => {
  const body =
    'Action=RunInstances&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a' +
    '&TagSpecification.1.Tag.1.Value=b%20%2B&TagSpecification.1.Tag.2.Key=c&Placement.Tenancy=dedicated';

  expect(readQueryParameters(body)).toEqual({
    Action: 'RunInstances',
    TagSpecification: [
      { ResourceType: 'instance', Tag: [{ Key: 'a', Value: 'b +' }, { Key: 'c' }] },
    ],
    Placement: { Tenancy: 'dedicated' },
  });
});

it('keeps more than nine items in their order', () => {
  const body = Array.from({ length: 12 }, (_, index) => `Id.${12 - index}=${12 - index}`).join('&');

  expect(readQueryParameters(body)).toEqual({
    Id: Array.from({ length: 12 }, (_, index) => String(index + 1)),
  });
});

it.each([
  'A=1&A.B=2',
  'A.B=2&A=1',
  'A=1&A=2',
  'A.1=x&A.3=y',
  'A.0=x&A.1=y',
  '__proto__.1=x&__proto__=y',
])('refuses %s, which is no structure', (body) => {
  expect(() => readQueryParameters(body)).toThrow('is malformed');
});
