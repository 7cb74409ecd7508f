// Registry events to the app: deployed after its code, as Event Grid refuses a function that is not there yet.
// A deployment of its own, for it writes to the groups of registries: see foundation.bicep.
targetScope = 'subscription'

@minLength(1)
param environmentName string

param location string

@minLength(1)
param registryIds string

@description('Whether events go through a storage queue; as for main.bicep.')
param privateNetwork bool = false

@description('System topics that registries have already, as registry=topic, separated by commas. A registry can have one alone.')
param existingTopics string = ''

@minValue(1)
@maxValue(30)
param deliveryAttempts int = 30

@minValue(1)
@maxValue(1440)
param deliveryMinutes int = 1440

var token = uniqueString(subscription().id, environmentName, location)
var evidenceGroup = 'rg-${environmentName}-evidence'
var registries = map(filter(split(registryIds, ','), id => !empty(trim(id))), id => split(trim(id), '/'))
var topicPairs = filter(split(existingTopics, ','), pair => contains(pair, '='))
var topics = toObject(topicPairs, pair => toLower(trim(split(pair, '=')[0])), pair => trim(split(pair, '=')[1]))

resource audited 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = [for parts in registries: {
  scope: resourceGroup(parts[2], parts[4])
  name: parts[8]
}]

resource evidence 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  scope: resourceGroup(evidenceGroup)
  name: 'stevidence${token}'
}

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  scope: resourceGroup('rg-${environmentName}')
  name: 'func-${token}'
}

module topic 'events/registry-topic.bicep' = [for (parts, index) in registries: {
  scope: resourceGroup(parts[2], parts[4])
  name: 'acr-audit-topic-${token}-${index}'
  params: {
    registryId: audited[index].id
    location: audited[index].location
    topicName: topics[?toLower(parts[8])] ?? 'evgt-acr-audit-${parts[8]}'
    isNew: !contains(topics, toLower(parts[8]))
  }
}]

module access 'events/evidence-access.bicep' = [for (parts, index) in registries: {
  scope: resourceGroup(evidenceGroup)
  name: 'acr-audit-topic-access-${token}-${index}'
  params: {
    accountName: evidence.name
    topicPrincipalId: topic[index].outputs.principalId
    toQueue: privateNetwork
  }
}]

module subscriptions 'events/registry-subscription.bicep' = [for (parts, index) in registries: {
  scope: resourceGroup(parts[2], parts[4])
  name: 'acr-audit-subscription-${token}-${index}'
  params: {
    topicName: topic[index].outputs.name
    subscriptionName: 'acr-audit-${token}'
    functionId: '${app.id}/functions/registryEvents'
    storageId: access[index].outputs.accountId
    toQueue: privateNetwork
    deliveryAttempts: deliveryAttempts
    deliveryMinutes: deliveryMinutes
  }
}]
