/** Minutes in a row whose mean is below or above a bound. */
export interface ValueRule {
  alarm: string;
  /** LOINC codes, or `ECG` for the heart rate from ECG blocks; each is judged on its own. */
  codes: readonly string[];
  unit: string;
  is: 'below' | 'above';
  bound: number;
  minutes: number;
}

/** What stands for a code where the heart rate is from ECG blocks. */
export const ecgSource = 'ECG';

/** Heart rate. */
export const heartRateCode = '8867-4';

/** Oxygen saturation of arterial blood: by pulse oximetry, and by any method. */
export const saturationCodes = ['59408-5', '2708-6'] as const;

/**
 * The rules of `alarms.csv`: for research, to find minutes worth a look. They are not for the care of
 * anyone.
 */
export const valueRules: readonly ValueRule[] = [
  {
    alarm: 'HEART_RATE_LOW',
    codes: [heartRateCode, ecgSource],
    unit: '/min',
    is: 'below',
    bound: 40,
    minutes: 3,
  },
  {
    alarm: 'HEART_RATE_HIGH',
    codes: [heartRateCode, ecgSource],
    unit: '/min',
    is: 'above',
    bound: 130,
    minutes: 3,
  },
  {
    alarm: 'SATURATION_LOW',
    codes: saturationCodes,
    unit: '%',
    is: 'below',
    bound: 90,
    minutes: 2,
  },
];

/** The alarm of a subject whose data pause for more than so many minutes. */
export const gapRule = { alarm: 'DATA_GAP', longestMinutes: 15 } as const;

/** A minute with fewer intervals between beats has no heart rate for the rules. */
export const fewestIntervals = 3;
