import eslint from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Which folders of src a folder may import besides itself. */
const mayImport = {
  errors: [],
  api: [],
  channel: [],
  native: [],
  config: ['api'],
  ledger: ['api', 'channel', 'config', 'native'],
  dataplane: ['channel', 'ledger', 'native', 'errors', 'config'],
  daemon: ['api', 'config', 'ledger', 'channel', 'native', 'errors', 'dataplane'],
  ctl: ['api', 'errors'],
  lab: ['config', 'native', 'errors', 'channel'],
  bench: ['lab', 'errors'],
  setup: ['errors'],
};

/** Packages that only one folder may import. */
const homeOf = {
  ink: 'src/ctl/ui',
  react: 'src/ctl/ui',
  ssh2: 'src/ctl/ssh',
  koffi: 'src/native',
  fastify: 'src/daemon',
  pino: 'src/daemon',
};

const zones = Object.entries(mayImport).map(([folder, others]) => ({
  target: `./src/${folder}`,
  from: './src',
  except: [folder, ...others].map((name) => `./${name}`),
  message: `src/${folder} may import ${['itself', ...others].join(', ')}`,
}));

/** Forbids the packages that are not at home in `folder`. */
const packageRule = (folder) => ({
  files: [`${folder}/**/*.{ts,tsx}`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: Object.entries(homeOf)
          .filter(([, home]) => home !== folder)
          .map(([name, home]) => ({ group: [name, `${name}/*`], message: `only ${home} imports ${name}` })),
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true } },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } })],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
      'import-x/no-cycle': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Handlers are async by their contract, with or without something to wait for.
      '@typescript-eslint/require-await': 'off',
      // What comes from afar is stripped of control characters: their names are in the code.
      'no-control-regex': 'off',
      // A template shows numbers as they are.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowNullish: true },
      ],
    },
  },
  packageRule('src'),
  ...[...new Set(Object.values(homeOf))].map(packageRule),
  {
    files: ['test/**/*.{ts,tsx}'],
    rules: {
      // node:test returns promises from test() and describe() that nobody awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    files: ['bin/*', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', URL: 'readonly', console: 'readonly' } },
  },
);
