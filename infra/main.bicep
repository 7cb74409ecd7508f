// The app and what it can be made again from. What has to stay is in foundation.bicep, which comes first.
targetScope = 'subscription'

@description('Name of the azd environment; resource names are derived from it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region with Flex Consumption.')
param location string

@description('Resource ids of the audited registries, separated by commas.')
@minLength(1)
param registryIds string

@description('Client id of the app registration made by infra/app-roles.sh. Empty: every route but health answers 401.')
param authClientId string = ''

@description('Whether there is an identity that deletes; as for foundation.bicep.')
param deleterEnabled bool = false

@description('Whether storage and vault are reached by private endpoints alone, and events through a queue.')
param privateNetwork bool = false

@description('Whether the API answers outside the virtual network.')
param publicApi bool = true

@description('Address space of the virtual network.')
param networkPrefix string = '10.78.0.0/22'

@description('Megabytes of an instance.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('Instances at most.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Path of the policy in the package; empty: policy.json, if it is there.')
param policyPath string = ''

@description('Path of the sources of the inventory in the package; empty: inventory.json, if it is there.')
param inventoryPath string = ''

@description('Whether the diagnostic logs of registries are read by their resource ids; as for foundation.bicep.')
param readLogs bool = false

@description('Addresses that alert rules of Azure Monitor write to, separated by spaces.')
param alertEmails string = ''

@description('Resource ids of action groups that alert rules tell as well, separated by spaces.')
param alertGroups string = ''

@description('Webhooks that alerts are posted to: names and addresses (ops=https://…), separated by spaces.')
param alertWebhooks string = ''

@description('Names of those webhooks that are given checkpoints of the ledger as well, separated by spaces.')
param witnessWebhooks string = ''

@description('Public keys that signed the ledger before the present one, as GET ledger/keys tells them, separated by spaces.')
param formerKeys string = ''

@description('Identifier, with its version, of the secret that addresses and actors are replaced by.')
param privacyKeySecret string = ''

@description('Days that logs are kept. Evidence is not among them.')
@minValue(30)
@maxValue(730)
param logDays int = 90

var token = uniqueString(subscription().id, environmentName, location)
var evidenceGroup = 'rg-${environmentName}-evidence'
var registries = map(filter(split(registryIds, ','), id => !empty(trim(id))), id => split(trim(id), '/'))
var tags = {
  'azd-env-name': environmentName
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

resource audited 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = [for parts in registries: {
  scope: resourceGroup(parts[2], parts[4])
  name: parts[8]
}]

resource host 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  scope: resourceGroup(evidenceGroup)
  name: 'id-host-${token}'
}

resource auditor 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  scope: resourceGroup(evidenceGroup)
  name: 'id-auditor-${token}'
}

resource locker 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  scope: resourceGroup(evidenceGroup)
  name: 'id-locker-${token}'
}

resource deleter 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = if (deleterEnabled) {
  scope: resourceGroup(evidenceGroup)
  name: 'id-deleter-${token}'
}

resource evidence 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  scope: resourceGroup(evidenceGroup)
  name: 'stevidence${token}'
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  scope: resourceGroup(evidenceGroup)
  name: 'kv-${token}'
}

resource key 'Microsoft.KeyVault/vaults/keys@2024-11-01' existing = {
  parent: vault
  name: 'ledger'
}

module hostStorage 'app/host-storage.bicep' = {
  scope: group
  name: 'host-storage'
  params: {
    location: location
    token: token
    tags: tags
    hostPrincipalId: host.properties.principalId
    privateNetwork: privateNetwork
  }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: {
    location: location
    token: token
    tags: tags
    hostPrincipalId: host.properties.principalId
    logDays: logDays
  }
}

module alerts 'observability/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    location: location
    token: token
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    alertEmails: alertEmails
    alertGroups: alertGroups
  }
}

module workbook 'observability/workbook.bicep' = {
  scope: group
  name: 'workbook'
  params: {
    location: location
    token: token
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module findings 'app/findings-topic.bicep' = {
  scope: group
  name: 'findings-topic'
  params: {
    location: location
    token: token
    tags: tags
    auditorPrincipalId: auditor.properties.principalId
  }
}

module network 'app/network.bicep' = if (privateNetwork) {
  scope: group
  name: 'network'
  params: {
    location: location
    token: token
    tags: tags
    networkPrefix: networkPrefix
  }
}

// Before the app, which asks for its storage as soon as it is made.
module endpoints 'app/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  name: 'private-endpoints'
  params: {
    location: location
    tags: tags
    networkId: network!.outputs.networkId
    subnetId: network!.outputs.endpointSubnetId
    links: [
      { name: 'host-blob', target: hostStorage.outputs.accountId, group: 'blob' }
      { name: 'host-queue', target: hostStorage.outputs.accountId, group: 'queue' }
      { name: 'host-table', target: hostStorage.outputs.accountId, group: 'table' }
      { name: 'evidence-blob', target: evidence.id, group: 'blob' }
      { name: 'evidence-queue', target: evidence.id, group: 'queue' }
      { name: 'evidence-table', target: evidence.id, group: 'table' }
      { name: 'vault', target: vault.id, group: 'vault' }
    ]
  }
}

module app 'app/function-app.bicep' = {
  scope: group
  name: 'function-app'
  params: {
    location: location
    token: token
    tags: tags
    hostId: host.id
    hostClientId: host.properties.clientId
    auditorId: auditor.id
    auditorClientId: auditor.properties.clientId
    lockerId: locker.id
    lockerClientId: locker.properties.clientId
    deleterId: deleterEnabled ? deleter!.id : ''
    deleterClientId: deleterEnabled ? deleter!.properties.clientId : ''
    hostStorageName: hostStorage.outputs.accountName
    packageContainerName: hostStorage.outputs.packageContainerName
    evidenceEndpoints: {
      blob: evidence.properties.primaryEndpoints.blob
      queue: evidence.properties.primaryEndpoints.queue
      table: evidence.properties.primaryEndpoints.table
    }
    registries: [for (parts, index) in registries: {
      loginServer: audited[index].properties.loginServer
      resourceId: audited[index].id
    }]
    insightsConnectionString: monitoring.outputs.connectionString
    signingKeyUrl: key.properties.keyUriWithVersion
    vaultUri: vault.properties.vaultUri
    alertTopicEndpoint: findings.outputs.endpoint
    alertWebhooks: alertWebhooks
    witnessWebhooks: witnessWebhooks
    formerKeys: formerKeys
    privacyKeySecret: privacyKeySecret
    authClientId: authClientId
    policyPath: policyPath
    inventoryPath: inventoryPath
    readLogs: readLogs
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    publicApi: publicApi
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
  }
  dependsOn: [endpoints]
}

module appEndpoint 'app/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  name: 'app-endpoint'
  params: {
    location: location
    tags: tags
    networkId: network!.outputs.networkId
    subnetId: network!.outputs.endpointSubnetId
    links: [
      { name: 'app', target: app.outputs.id, group: 'sites' }
    ]
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output ACR_AUDIT_EVIDENCE_GROUP string = evidenceGroup
output ACR_AUDIT_EVIDENCE_STORAGE string = evidence.name
output ACR_AUDIT_APP_NAME string = app.outputs.name
output ACR_AUDIT_APP_HOST string = app.outputs.hostName
output ACR_AUDIT_ALERT_TOPIC_ID string = findings.outputs.id
output ACR_AUDIT_EVENT_SUBSCRIPTION string = 'acr-audit-${token}'
output ACR_AUDIT_AUDITOR_PRINCIPAL_ID string = auditor.properties.principalId
