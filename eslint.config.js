import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Which folders of src a folder may import besides itself. */
const mayImport = {
  errors: [],
  api: [],
  filter: ['api', 'errors'],
  order: [],
  pace: [],
  channel: [],
  native: [],
  netlink: ['native', 'pace'],
  rdma: ['api', 'errors', 'native', 'netlink'],
  config: ['api'],
  ledger: ['api', 'channel', 'config', 'native'],
  directory: ['errors'],
  rules: ['errors'],
  link: ['channel', 'config', 'directory', 'native', 'errors'],
  dataplane: [
    'channel',
    'ledger',
    'native',
    'errors',
    'config',
    'directory',
    'link',
    'pace',
    'rdma',
    'rules',
  ],
  daemon: [
    'api',
    'filter',
    'order',
    'pace',
    'config',
    'ledger',
    'channel',
    'native',
    'netlink',
    'rdma',
    'errors',
    'directory',
    'rules',
    'dataplane',
  ],
  ctl: ['api', 'errors', 'filter', 'order', 'rules'],
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

const packagesAwayFrom = (directory) =>
  Object.entries(homeOf)
    .filter(([, home]) => home !== directory)
    .map(([name, home]) => ({ group: [name, `${name}/*`], message: `only ${home} imports ${name}` }));

const foreignFolders = (folder) => {
  const allowed = [folder, ...mayImport[folder]];
  const foreign = Object.keys(mayImport).filter((name) => !allowed.includes(name));
  // A relative path that climbs out of the folder names the other one next.
  return {
    regex: `^(\\.\\./)+(${foreign.join('|')})/`,
    message: `src/${folder} may import ${allowed.join(', ')}`,
  };
};

const importRule = (folder, directory) => ({
  files: [`${directory}/**/*.{ts,tsx}`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [foreignFolders(folder), ...packagesAwayFrom(directory)] },
    ],
  },
});

/** Later rules replace earlier ones: first the folders, then the homes of packages within them. */
const importRules = [
  ...Object.keys(mayImport).map((folder) => importRule(folder, `src/${folder}`)),
  ...[...new Set(Object.values(homeOf))].map((home) => importRule(home.split('/')[1], home)),
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'exports have names, so that they can be found' },
      ],
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
  ...importRules,
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
    files: ['bin/*', '**/*.{js,mjs}'],
    languageOptions: {
      globals: { process: 'readonly', URL: 'readonly', console: 'readonly', Buffer: 'readonly' },
    },
  },
);
