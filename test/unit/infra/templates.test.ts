import { describe, expect, it } from '@jest/globals';
import { checkTemplates, parseTemplates } from '../../../infra/checks/template-check.ts';
import { pinnedFacts, templateTexts } from './infra-files.ts';

const facts = pinnedFacts();
const texts = templateTexts();

/** What is found when one text of one file is put another way. */
function foundAfter(path: string, was: string, becomes: string): readonly string[] {
  const text = texts.get(path) ?? '';
  if (!text.includes(was)) throw new Error(`${path} has no ${was}`);
  return checkTemplates(parseTemplates(new Map([...texts, [path, text.replace(was, () => becomes)]])), facts);
}

describe('the templates', () => {
  it('when they are read as they are, nothing is wrong with them', () => {
    expect(texts.size).toBeGreaterThan(15);
    expect(checkTemplates(parseTemplates(texts), facts)).toEqual([]);
  });

  it('when the facts are counted, every one is of a resource that is used', () => {
    const used = [...parseTemplates(texts).values()]
      .flatMap(({ statements }) => statements)
      .flatMap((statement) =>
        statement.kind === 'resource' ? [`${statement.type}@${statement.apiVersion}`] : [],
      );
    expect([...facts.types.keys()].sort()).toEqual([...new Set(used)].sort());
  });
});

interface Mistake {
  readonly mistake: string;
  readonly path: string;
  readonly was: string;
  readonly becomes: string;
  readonly found: string;
}

const mistakes: readonly Mistake[] = [
  {
    mistake: 'a property is misspelt',
    path: 'foundation/evidence-storage.bicep',
    was: 'allowSharedKeyAccess: false',
    becomes: 'allowSharedKeysAccess: false',
    found: 'there is no property allowSharedKeysAccess: is allowSharedKeyAccess meant?',
  },
  {
    mistake: 'a property is in the wrong case, deep inside',
    path: 'app/function-app.bicep',
    was: 'instanceMemoryMB: instanceMemory',
    becomes: 'instanceMemoryMb: instanceMemory',
    found: 'there is no property instanceMemoryMb: is instanceMemoryMB meant?',
  },
  {
    mistake: 'a property of a variable that a resource is made of is misspelt',
    path: 'events/registry-subscription.bicep',
    was: 'maxDeliveryAttempts: deliveryAttempts',
    becomes: 'maxDeliveryAttempt: deliveryAttempts',
    found: 'there is no property maxDeliveryAttempt: is maxDeliveryAttempts meant?',
  },
  {
    mistake: 'a property of an item of a list is misspelt',
    path: 'foundation/registry-access.bicep',
    was: `dataActions: ['\${content}/repositories/metadata/read', '\${content}/repositories/metadata/write']`,
    becomes: `dataAction: ['\${content}/repositories/metadata/read', '\${content}/repositories/metadata/write']`,
    found: 'there is no property dataAction: is dataActions meant?',
  },
  {
    mistake: 'the version of an API is one that there is not',
    path: 'foundation/signing-key.bicep',
    was: "'Microsoft.KeyVault/vaults/keys@2024-11-01'",
    becomes: "'Microsoft.KeyVault/vaults/keys@2024-11-10'",
    found: 'Microsoft.KeyVault/vaults/keys@2024-11-10 is not among the type facts',
  },
  {
    mistake: 'a type is misspelt',
    path: 'events/registry-topic.bicep',
    was: "resource made 'Microsoft.EventGrid/systemTopics@2025-02-15'",
    becomes: "resource made 'Microsoft.EventGrid/systemTopic@2025-02-15'",
    found: 'Microsoft.EventGrid/systemTopic@2025-02-15 is not among the type facts',
  },
  {
    mistake: 'the id of a role is that of another',
    path: 'roles.bicep',
    was: "'Storage Queue Data Message Sender': 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'",
    becomes: "'Storage Queue Data Message Sender': '974c5e8b-45b9-4653-ba55-5f855dd0fb88'",
    found: 'Storage Queue Data Message Sender is c6a89b2d-59bc-44d0-9896-0f6e12d7b80a, not 974c5e8b',
  },
  {
    mistake: 'a role is misspelt where it is given',
    path: 'app/findings-topic.bicep',
    was: "roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['EventGrid Data Sender'])",
    becomes:
      "roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Event Grid Data Sender'])",
    found: 'Event Grid Data Sender is no role that is listed',
  },
  {
    mistake: 'the id of a role is written out',
    path: 'app/monitoring.bicep',
    was: "roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Monitoring Metrics Publisher'])",
    becomes:
      "roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')",
    found: 'b24988ac-6180-42a0-ab88-20f7382dd24c is written out: name the role',
  },
  {
    mistake: 'a module does not wait for the one that makes what it refers to',
    path: 'main.bicep',
    was: 'hostStorageName: hostStorage.outputs.accountName\n    packageContainerName: hostStorage.outputs.packageContainerName',
    becomes: `hostStorageName: 'sthost\${token}'\n    packageContainerName: 'app-package'`,
    found:
      'app refers to a Microsoft.Storage/storageAccounts, and does not wait for hostStorage, which makes it',
  },
  {
    mistake: 'roles on the evidence are given without waiting for it',
    path: 'foundation.bicep',
    was: 'accountName: evidence.outputs.accountName\n    auditorPrincipalId',
    becomes: `accountName: 'stevidence\${token}'\n    auditorPrincipalId`,
    found:
      'evidenceAccess refers to a Microsoft.Storage/storageAccounts, and does not wait for evidence, which makes it',
  },
  {
    mistake: 'a subscription does not wait for its topic',
    path: 'events.bicep',
    was: 'topicName: topic[index].outputs.name',
    becomes: `topicName: 'evgt-acr-audit-\${parts[8]}'`,
    found:
      'subscriptions refers to a Microsoft.EventGrid/systemTopics, and does not wait for topic, which makes it',
  },
  {
    mistake: 'an output of a module is misspelt',
    path: 'main.bicep',
    was: 'hostStorage.outputs.packageContainerName',
    becomes: 'hostStorage.outputs.packageContainer',
    found: 'there is no packageContainer in it',
  },
  {
    mistake: 'a property that is read from a resource is misspelt',
    path: 'main.bicep',
    was: 'key.properties.keyUriWithVersion',
    becomes: 'key.properties.keyUriWithversion',
    found: 'there is no keyUriWithversion in it',
  },
  {
    mistake: 'a module is not given what it needs',
    path: 'foundation.bicep',
    was: '    planDays: planDays\n',
    becomes: '',
    found: 'foundation/evidence-storage.bicep is not given planDays',
  },
  {
    mistake: 'a module is given what it does not take',
    path: 'main.bicep',
    was: 'logDays: logDays',
    becomes: 'retentionDays: logDays',
    found: 'app/monitoring.bicep takes no retentionDays',
  },
  {
    mistake: 'a module is given another kind of value',
    path: 'main.bicep',
    was: 'instanceMemory: instanceMemory',
    becomes: "instanceMemory: '2048'",
    found: 'instanceMemory is string, and app/function-app.bicep takes int',
  },
  {
    mistake: 'a text is loaded from a file that is not there',
    path: 'observability/alerts.bicep',
    was: "loadTextContent('queries/seal-lag.kql')",
    becomes: "loadTextContent('queries/seals-lag.kql')",
    found: 'observability/queries/seals-lag.kql is not there',
  },
  {
    mistake: 'a property of an alert rule is misspelt',
    path: 'observability/alerts.bicep',
    was: 'failingPeriods: {',
    becomes: 'failingPeriod: {',
    found: 'there is no property failingPeriod: is failingPeriods meant?',
  },
  {
    mistake: 'how an alert rule compares is none of the ways that there are',
    path: 'observability/alerts.bicep',
    was: "timeAggregation: 'Count'\n          operator: 'GreaterThan'",
    becomes: "timeAggregation: 'Count'\n          operator: 'Greater'",
    found: 'operator',
  },
  {
    mistake: 'a workbook has no category',
    path: 'observability/workbook.bicep',
    was: "    category: 'workbook'\n",
    becomes: '',
    found: 'category is missing',
  },
  {
    mistake: 'a module names a file that is not there',
    path: 'main.bicep',
    was: "'app/monitoring.bicep'",
    becomes: "'app/monitor.bicep'",
    found: 'app/monitor.bicep is not there',
  },
  {
    mistake: 'a module of a subscription is deployed to a group',
    path: 'foundation.bicep',
    was: 'scope: subscription(id)',
    becomes: 'scope: group',
    found: 'is for a subscription, and is deployed to resourceGroup',
  },
  {
    mistake: 'a property that has to be there is missing',
    path: 'foundation/signing-key.bicep',
    was: '    tenantId: subscription().tenantId\n',
    becomes: '',
    found: 'tenantId is missing',
  },
  {
    mistake: 'a value is none of those that there are',
    path: 'foundation/evidence-storage.bicep',
    was: "minimumTlsVersion: 'TLS1_2'",
    becomes: "minimumTlsVersion: '1.2'",
    found: "minimumTlsVersion is '1.2', and has to be one of",
  },
  {
    mistake: 'a value is of another kind',
    path: 'foundation/evidence-storage.bicep',
    was: 'days: softDeleteDays',
    becomes: "days: '30'",
    found: 'days is string, and has to be int',
  },
  {
    mistake: 'one side of a choice is none of the values that there are',
    path: 'foundation/evidence-storage.bicep',
    was: "privateNetwork ? 'Deny' : 'Allow'",
    becomes: "privateNetwork ? 'Denied' : 'Allow'",
    found: "defaultAction is 'Denied', and has to be one of",
  },
  {
    mistake: 'a property is given that only Azure sets',
    path: 'foundation/evidence-storage.bicep',
    was: 'allowProtectedAppendWrites: false',
    becomes: "state: 'Locked'",
    found: 'state is read-only',
  },
  {
    mistake: 'the kind of a destination is none that there is',
    path: 'events/registry-subscription.bicep',
    was: "endpointType: 'AzureFunction'",
    becomes: "endpointType: 'AzureFunctions'",
    found: 'endpointType is none of AzureFunction',
  },
  {
    mistake: 'the parent of a resource is of another type',
    path: 'foundation/evidence-storage.bicep',
    was: "containers@2025-01-01' = [for name in mutableContainers: {\n  parent: blobs",
    becomes: "containers@2025-01-01' = [for name in mutableContainers: {\n  parent: queueService",
    found: 'the parent of mutable is no Microsoft.Storage/storageAccounts/blobServices',
  },
  {
    mistake: 'a name stands for nothing',
    path: 'app/network.bicep',
    was: 'cidrSubnet(networkPrefix, 24, 0)',
    becomes: 'cidrSubnet(networkPrefixes, 24, 0)',
    found: 'nothing is named networkPrefixes',
  },
  {
    mistake: 'a function is misspelt',
    path: 'main.bicep',
    was: 'var token = uniqueString(',
    becomes: 'var token = uniqueStrings(',
    found: 'the function uniqueStrings is not known',
  },
  {
    mistake: 'a parameter is not used',
    path: 'app/host-storage.bicep',
    was: "privateNetwork ? 'Disabled' : 'Enabled'\n    networkAcls: {\n      bypass: 'None'\n      defaultAction: privateNetwork ? 'Deny' : 'Allow'",
    becomes: "'Enabled'\n    networkAcls: {\n      bypass: 'None'\n      defaultAction: 'Allow'",
    found: 'privateNetwork is not used',
  },
];

describe('the checks of the templates', () => {
  it.each(mistakes)('when $mistake, it is found', ({ path, was, becomes, found }) => {
    expect(foundAfter(path, was, becomes)).toContainEqual(expect.stringContaining(found));
  });
});
