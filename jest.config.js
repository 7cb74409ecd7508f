// Source is ESM; jest runs it as CommonJS through swc, so no flags are needed.
const esmOnly = [
  'canonicalize',
  'jose',
  'cron-parser',
  'luxon',
  'selfsigned',
  '@peculiar',
  '@noble',
  'https-proxy-agent',
  'http-proxy-agent',
  'agent-base',
  'proxy-agent-negotiate',
  '@kubernetes',
  'js-yaml',
  'openid-client',
  'oauth4webapi',
  'socks-proxy-agent',
];

export default {
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/property-seed.js'],
  globalSetup: '<rootDir>/test/build-bundle.js',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  reporters: ['default', '<rootDir>/test/closing-line-reporter.js'],
  testTimeout: 60_000,
  maxWorkers: 2,
};
