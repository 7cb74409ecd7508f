/** A policy document in which every field is used; `changed` replaces top-level fields. */
export function policyDocument(changed: Readonly<Record<string, unknown>> = {}) {
  return {
    $schema: './policy.schema.json',
    version: 1,
    registries: ['contoso\\.azurecr\\.io'],
    environments: [
      {
        name: 'production',
        retainFor: 'P30D',
        retainReleases: 3,
        lockTag: true,
        monitoringWindow: 'PT2H',
        approvers: {
          principals: ['release-[0-9]+'],
          roles: ['Release\\.Approve'],
          distinctFromPusher: true,
        },
      },
      { name: 'staging' },
    ],
    repositories: [
      { repositories: 'team/.*', environments: ['staging', 'production'] },
      { repositories: 'tools/.*', environments: ['staging'] },
    ],
    immutableTags: [
      {
        repositories: 'team/.*',
        tags: 'v[0-9]+\\.[0-9]+\\.[0-9]+',
        matches: ['v1.2.3'],
        mustNotMatch: ['v1.2.3-rc1', 'latest'],
      },
    ],
    protectAtPush: [
      {
        repositories: 'team/app',
        tags: 'v[0-9]+\\.[0-9]+\\.[0-9]+',
        matches: ['v1.2.3'],
        mustNotMatch: ['v1.2.3-rc1'],
        environment: 'production',
      },
    ],
    retention: {
      rules: [
        {
          repositories: 'team/.*',
          tags: 'dev-.*',
          matches: ['dev-7'],
          mustNotMatch: ['v1.2.3'],
          keepNewest: 10,
          keepYounger: 'P30D',
          untaggedOlderThan: 'P14D',
        },
        { repositories: 'tools/.*', untaggedOlderThan: 'P7D' },
      ],
      keepTags: [{ repositories: '.*', tags: 'v.*', matches: ['v1'], mustNotMatch: ['dev-v1'] }],
      grace: 'P7D',
      planAge: 'PT12H',
      caps: { percent: 10, perRepository: 50, whole: 200 },
      mostSurprises: 2,
      byPolicy: ['scratch/.*'],
    },
    privacy: { hashAddresses: true, hashActors: false },
    ...changed,
  };
}
