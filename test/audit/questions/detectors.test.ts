import { expect, it } from 'vitest';
import { detect, detectorCodes } from '../../../audit/questions/detectors.ts';

const codesIn = (text: string) => [...detect(text).keys()];

it.each([
  ['SSN', '219-09-9999'],
  ['SSN', '{"ssn":"219099999"}'],
  ['MRN', 'MRN: 0048213'],
  ['MRN', 'medical record number 48213'],
  ['DATE-OF-BIRTH', 'dob=2019-03-02'],
  ['DATE-OF-BIRTH', 'born on 1938-01-31, it says'],
  ['DATE-OF-BIRTH', 'birthdate 3/2/71'],
  ['DATE-OF-BIRTH', '01/31/1938'],
  ['DATE-OF-BIRTH', '31.01.1938'],
  ['PHONE', '(617) 555-0142'],
  ['PHONE', '+1-617-555-0142'],
  ['PHONE', '+49 30 1234567'],
  ['EMAIL', 'jd@hospital.example.org'],
  ['NAME', 'in/visits of Smith'],
  ['NAME', 'John_Doe.csv'],
  ['NAME', 'executions/maryJohnson'],
])('finds %s in %s', (code, text) => {
  expect(codesIn(text)).toEqual([code]);
});

it('has a text that it finds for each of its codes, and none is found in an empty one', () => {
  expect(new Set(codesIn('219-09-9999 mrn 12345 dob 1/2/1938 617-555-0142 a@b.org John'))).toEqual(
    new Set(detectorCodes),
  );
  expect(codesIn('')).toEqual([]);
});

it.each([
  ['a time', '2026-11-23T21:33:34.120Z'],
  ['an earlier time', '1999-11-23T21:33:34Z'],
  ['a version of a policy', '2012-10-17'],
  [
    'an account and a key',
    'arn:aws:kms:us-east-1:111122223333:key/acba564e-1105-4533-b06d-6527e93b053a',
  ],
  ['a number that is never issued', '000-12-3456 666-12-3456 912-34-5678'],
  ['a bare number', '0048213 1767350400000 111122223333'],
  ['a date of the present without a word for birth', '2026-03-02'],
  ['an address of a machine', '10.0.1.17:8443'],
  ['a minted id', 'hzjrngwxdmdxgdfwzjpwm'],
  ['a digest', '5e198a13c50ef4c9dc9cd679d863bb9a952a06eb03d0d4b51'],
  ['a token in which letters spell a name', 'AQECAHh2amyR7k3jBruth9Q0zC4olga8mN1p='],
  ['an agent', 'aws-sdk-js/3.1164.0 os/linux#6.1 lang/js md/nodejs#24.1.0 api/kms#3.1164.0'],
  ['operations', 'Decrypt,GenerateDataKey'],
])('finds nothing in %s', (_, text) => {
  expect(codesIn(text)).toEqual([]);
});
