/** A standard or specification of the Security Rule that a control of the report refers to. */
export interface Rule {
  readonly title: string;
  readonly kind: 'required' | 'addressable';
}

/** Where the citations are from. */
export const ruleSource = 'HIPAA Security Rule, 45 CFR part 164, subpart C (§§ 164.302 to 164.318)';

/** The citations that a run's record can prove something of, with their titles in the rule. */
export const securityRule = {
  '164.308(a)(1)(ii)(D)': { title: 'Information system activity review', kind: 'required' },
  '164.308(a)(6)(ii)': { title: 'Response and reporting', kind: 'required' },
  '164.310(d)(2)(i)': { title: 'Disposal', kind: 'required' },
  '164.310(d)(2)(ii)': { title: 'Media re-use', kind: 'required' },
  '164.310(d)(2)(iii)': { title: 'Accountability', kind: 'addressable' },
  '164.312(a)(1)': { title: 'Access control', kind: 'required' },
  '164.312(a)(2)(i)': { title: 'Unique user identification', kind: 'required' },
  '164.312(a)(2)(iv)': { title: 'Encryption and decryption', kind: 'addressable' },
  '164.312(b)': { title: 'Audit controls', kind: 'required' },
  '164.312(c)(1)': { title: 'Integrity', kind: 'required' },
} as const satisfies Readonly<Record<string, Rule>>;

export type Citation = keyof typeof securityRule;
