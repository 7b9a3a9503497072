// @ts-check
import awscdk from 'eslint-plugin-awscdk';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Folders of run-time code: they never load CDK. */
const runTime = [
  'workflow/model',
  'tasks',
  'ingest',
  'worker',
  'pipelines',
  'audit',
  'client',
  'local',
  'synthetic',
];

/** Forbids an import by pattern, with the reason a reader needs. */
const forbid = (...patterns) => [
  'error',
  { patterns: patterns.map(([group, message]) => ({ group, message })) },
];

const cdk = [['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'], 'Run-time code never loads CDK.'];
const local = [['**/local/**'], 'The product does not know that it runs on a laptop.'];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'cdk.out', '.czar', 'coverage'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['*.js', '*.mjs', 'client/*.mjs', 'console/static/*.js'],
        },
      },
    },
    plugins: { 'import-x': importX },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      'import-x/no-cycle': ['error', { maxDepth: 4 }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: runTime.map((folder) => `${folder}/**/*.ts`),
    rules: { 'no-restricted-imports': forbid(cdk, local) },
  },
  {
    files: ['workflow/*.ts', 'stacks/**/*.ts'],
    extends: [awscdk.configs.recommended],
    rules: {
      // Functions that take a scope add to it; `this` is a constructor's way only.
      'awscdk/require-passing-this': 'off',
      'awscdk/no-variable-construct-id': 'off',
      // Props are taken apart in the parameter list, or passed on whole.
      'awscdk/construct-constructor-property': 'off',
      'awscdk/no-unused-props': 'off',
    },
  },
  { files: ['local/**/*.ts', 'console/**/*.ts'], rules: { 'no-restricted-imports': forbid(cdk) } },
  {
    files: ['workflow/*.ts', 'stacks/**/*.ts'],
    rules: {
      'no-restricted-imports': forbid(local, [
        ['**/tasks/**', '**/worker/**', '**/client/**'],
        'Stacks name an entry file by path, never import it.',
      ]),
    },
  },
  {
    files: ['workflow/model/**/*.ts'],
    rules: {
      'no-restricted-imports': forbid(cdk, local, [
        ['@aws-sdk/*', '../**'],
        'The model imports zod only.',
      ]),
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines': 'off' },
  },
  {
    // The rule breaks down over vitest/node, which it follows into its bundle.
    files: [
      'test/failures/run-failures.ts',
      'test/mutations/run-mutations.ts',
      'test/support/longest-first.ts',
      'vitest.config.ts',
    ],
    rules: { 'import-x/no-cycle': 'off' },
  },
);
