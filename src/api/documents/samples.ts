/** Names that the examples of all routes share. A test that runs them puts those of its own registry in their place. */
export const sample = {
  registry: 'contoso.azurecr.io',
  repository: 'team/app',
  tag: '1.4.2',
  digest: 'sha256:3a94af690ae0ce94268f0b32f4fe4fa6b37afb61ce4f982a4c54949dcecd60ce',
  olderDigest: 'sha256:ee8c9e088093a6c8e1185a1d14c119f8f296a82465b1271f14620395a7e92cb7',
  approval: '8204777170864-a41c7f0be2d9',
  hold: '5b1d93c0aa27',
  finding: '0b7c3f5d9e1a4862b8c7d6e5f4a39281',
  plan: '8204777170001-77d0c2f1b3a4',
  planHash: '8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92',
  source: 'compose',
  time: '2026-05-02T14:03:00.000Z',
  later: '2026-05-03T09:00:00.000Z',
  until: '2026-08-01T00:00:00.000Z',
  recordId: 'd69e6cca-9099-48da-8d58-f27efd8371be',
  /** Entries of a log, and the tile of hashes that it ends with. */
  logSize: '48817',
  tile: '0/190.p/177',
  principal: '5f0c4d4e-2b8f-4c2a-9a7e-0d3c1b2a4f5e',
} as const;

/** The image that the examples are about, by tag and by digest. */
export const sampleImage = {
  repository: `${sample.registry}/${sample.repository}`,
  tag: `${sample.registry}/${sample.repository}:${sample.tag}`,
  digest: `${sample.registry}/${sample.repository}@${sample.digest}`,
} as const;
