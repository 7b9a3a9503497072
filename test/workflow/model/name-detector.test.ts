import { describe, expect, it } from 'vitest';
import { detectNames, type NameFinding } from '../../../workflow/model/name-detector.ts';

const telling: Readonly<Record<NameFinding, readonly string[]>> = {
  'a date': [
    '1938-01-31',
    '1938_01_31',
    '1938.1.31',
    '19380131',
    'visit19380131.csv',
    '31.01.1938',
    '1-31-1938',
    '01/31/1938',
    '1-31-38',
    '01_31_38',
    '31.01.38',
    '38-01-31',
    '01311938',
    '31011938',
    '31jan1938',
    '31Jan38',
    'Jan-31-1938',
    'Jan311938',
    'jan1938',
    'January_1938',
    'Jan-38',
    'march-5',
    'january 31st 1938',
    'January 31, 1938',
    '31st of January 1938',
    '2_feb_2024',
    '20240131T101500',
    '20240131101500',
    '240131_ecg.edf',
    '2024-01',
    'visits_2024_01.csv',
    '01-2024',
    'dob380131',
    'DOB_1938',
    'birthdate-1938',
    'ecg-2024-01-31-arm2.edf',
  ],
  'a social security number': [
    '123-45-6789',
    '123_45_6789',
    '123.45.6789',
    '123 45 6789',
    'id123-45-6789x',
    'ssn1234',
    'SSN-6789',
  ],
  'a medical record number': [
    'mrn12345',
    'MRN-123456',
    'MRN_0012',
    'mrn #445566',
    'medrec-445566',
    'medical_record_no_445',
    'patient_id_00123456',
    'patient00012.csv',
    'PID-123456',
    'chart12345',
  ],
  'a Medicare beneficiary identifier': ['1EG4-TE5-MK73', '1EG4TE5MK73', '1eg4_te5_mk73.csv'],
  'a phone number': [
    '617-555-0123',
    '617.555.0123',
    '617_555_0123',
    '(617)555-0123',
    '(617) 555-0123',
    '+1-617-555-0123',
    '+44 20 7946 0958',
    '+49-30-123456',
    'tel5550123',
    'phone_555-0123',
  ],
  'an e-mail address': ['jd@example.org', 'a.b-c@mail.example.edu.csv'],
  'a long number': ['1234567', 'id00123456.csv', '6175550123', 'sample12345678'],
  "a person's name": [
    'John.csv',
    'john_visits.csv',
    'visits-JOHN-2.csv',
    'JohnSmith.csv',
    'visitsJohn.csv',
    'johnsmith1938.csv',
    'johndoe.csv',
    'jsmith.csv',
    'Smith_J.csv',
    'garcia-ecg.edf',
    'Doe,Jane.csv',
    'Doe, Jane.csv',
    'Quackenbush,_Zeb.csv',
    'mrs_jones',
    'JOHN-12',
  ],
};

/** What research files, studies, tickets and ids are usually called. */
const harmless = `
  visits-01.csv visits-12.csv run_20.csv sample-0001.fastq.gz ecg_360hz.edf site03-arm2.csv v1.2.3
  tool-1.12.40.tar.gz v1.10.22 chr12_1000_2000.vcf chr12_10000000_20000000.vcf
  SRR1234567_1.fastq.gz GSM1234567.txt ENSG00000139618.tsv rs1234567.txt NCT01234567.pdf
  NM_000546.fa NM_001126112.fa GCF_000001405.40.fna 3f2504e0-4f89-11d3-9a0c-0305e82c3301.json
  9e107d9d372bb6826bd81d3542a419d6.bin patients.csv patientParameters.csv timeseries.csv
  patient_0001.csv subject-042.csv sub-01_ses-02_task-rest_bold.nii.gz plate_01_02_03.csv
  well_1_2_34.csv MR0001.dcm MR000123.dcm IM-0001-0012.dcm 1.2.840.10008.5.1.4.1.1.7.dcm
  MARCH1.csv SEPT2.csv DEC1.tsv benchmark.csv bench-mark.csv julia-results.csv grace_trial.csv
  amber.top cohort_2019.csv study2020.csv 2024_report.pdf hg38.fa GRCh38.p14.fa n1000000.csv
  1000000rows.csv spo2_95.csv bp_120_80.csv temp_36.6.csv kaplan_meier.csv cox_regression.R
  fisher_exact.csv wilson_score.csv data.csv.gz x.txt README.md batch-bcdfghjkw run-000123.csv
  sample_000131.csv heart_rate.csv Heart_Rate.csv blood-pressure.csv ABC-123 CZAR-42 OPS-99999
  czarhipaa vitals-summary m7i.large results_v2_final.csv maya.csv decimal.csv separation.csv
  octave.m novel.csv arm2 day-3 week_12 hour23 t0 baseline followup-6mo 6min-walk 12lead-ecg
`
  .trim()
  .split(/\s+/);

describe('the name detector', () => {
  describe.each(Object.entries(telling))('finds %s', (finding, texts) => {
    it.each(texts)('in %s', (text) => {
      expect(detectNames(text)).toContain(finding);
    });
  });

  it.each(harmless)('leaves %s alone', (text) => {
    expect(detectNames(text)).toEqual([]);
  });

  it('tells every kind that a text has, once, and never the text', () => {
    const findings = detectNames('John-Smith_1938-01-31_and_1940-02-01_mrn12345.csv');

    expect(findings).toEqual(['a date', 'a medical record number', "a person's name"]);
  });

  it('finds what stands beside a public identifier', () => {
    expect(detectNames('SRR1234567_john.csv')).toEqual(["a person's name"]);
    expect(detectNames('NCT01234567-1938-01-31.csv')).toEqual(['a date']);
  });

  it('is quick on the longest name a file can have', () => {
    const started = performance.now();
    for (const piece of ['1', 'a', '1-', 'a_', '1.a', ' ', 'jan', '12-']) {
      detectNames(piece.repeat(1024 / piece.length));
    }

    expect(performance.now() - started).toBeLessThan(500);
  });
});
