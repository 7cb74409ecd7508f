// What outlives the app: the evidence, the key that signs it, the identities, and what they may do elsewhere.
// A deployment of its own, made by the preprovision hook: `azd down` deletes the resource groups that azd's own
// deployment touched, so that one touches neither this group nor any registry's (docs/deployment.md#what-is-deployed).
targetScope = 'subscription'

@description('Name of the azd environment; resource names are derived from it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of everything but topics, which are where their registries are.')
param location string

@description('Resource ids of the audited registries, separated by commas.')
@minLength(1)
param registryIds string

@description('Resource ids of the AKS clusters whose workloads are read, separated by commas.')
param clusterIds string = ''

@description('Ids of the subscriptions whose Container Apps, instances, sites and jobs are read, separated by commas.')
param inventorySubscriptionIds string = ''

@description('Whether what Defender for Containers found is read in those subscriptions.')
param readDefender bool = false

@description('Whether the diagnostic logs of registries are read by their resource ids.')
param readLogs bool = false

@description('Whether there is an identity that deletes what approved retention plans let go.')
param deleterEnabled bool = false

@description('Whether storage and vault are reached by private endpoints alone.')
param privateNetwork bool = false

@description('Replication of the evidence.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param evidenceSku string = 'Standard_ZRS'

@description('Days for which the ledger and settled dead letters can be neither changed nor deleted.')
@minValue(1)
@maxValue(146000)
param immutabilityDays int = 365

@description('Days after which what retention plans decided is deleted.')
@minValue(30)
param planDays int = 400

@description('Whether a lock keeps the evidence from being deleted through Azure Resource Manager.')
param lockEvidence bool = true

@description('Whether the immutability policies were locked by infra/lock-evidence.sh.')
param policiesLocked bool = false

var token = uniqueString(subscription().id, environmentName, location)
var registries = map(filter(split(registryIds, ','), id => !empty(trim(id))), id => split(trim(id), '/'))
var clusters = map(filter(split(clusterIds, ','), id => !empty(trim(id))), id => split(trim(id), '/'))
var subscriptions = map(filter(split(inventorySubscriptionIds, ','), id => !empty(trim(id))), id => trim(id))

// No azd-env-name tag: by that tag azd looks for groups to delete.
resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}-evidence'
  location: location
}

module identities 'foundation/identities.bicep' = {
  name: 'acr-audit-identities-${token}'
  scope: group
  params: {
    location: location
    token: token
    deleterEnabled: deleterEnabled
  }
}

module evidence 'foundation/evidence-storage.bicep' = {
  name: 'acr-audit-evidence-${token}'
  scope: group
  params: {
    location: location
    token: token
    sku: evidenceSku
    immutabilityDays: immutabilityDays
    planDays: planDays
    privateNetwork: privateNetwork
    lockEvidence: lockEvidence
    policiesLocked: policiesLocked
  }
}

module evidenceAccess 'foundation/evidence-access.bicep' = {
  name: 'acr-audit-evidence-access-${token}'
  scope: group
  params: {
    accountName: evidence.outputs.accountName
    auditorPrincipalId: identities.outputs.auditorPrincipalId
  }
}

module signingKey 'foundation/signing-key.bicep' = {
  name: 'acr-audit-signing-key-${token}'
  scope: group
  params: {
    location: location
    token: token
    auditorPrincipalId: identities.outputs.auditorPrincipalId
    privateNetwork: privateNetwork
    lockEvidence: lockEvidence
  }
}

resource audited 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = [for parts in registries: {
  scope: resourceGroup(parts[2], parts[4])
  name: parts[8]
}]

// One at a time: registries of one group share their custom roles.
@batchSize(1)
module registryAccess 'foundation/registry-access.bicep' = [for (parts, index) in registries: {
  name: 'acr-audit-access-${token}-${index}'
  scope: resourceGroup(parts[2], parts[4])
  params: {
    registryName: parts[8]
    roleAssignmentMode: audited[index].properties.?roleAssignmentMode ?? 'LegacyRegistryPermissions'
    auditorPrincipalId: identities.outputs.auditorPrincipalId
    lockerPrincipalId: identities.outputs.lockerPrincipalId
    deleterPrincipalId: identities.outputs.deleterPrincipalId
    readLogs: readLogs
  }
}]

module clusterAccess 'foundation/cluster-access.bicep' = [for (parts, index) in clusters: {
  name: 'acr-audit-cluster-${token}-${index}'
  scope: resourceGroup(parts[2], parts[4])
  params: {
    clusterName: parts[8]
    auditorPrincipalId: identities.outputs.auditorPrincipalId
  }
}]

module subscriptionAccess 'foundation/subscription-access.bicep' = [for (id, index) in subscriptions: {
  name: 'acr-audit-inventory-${token}-${index}'
  scope: subscription(id)
  params: {
    auditorPrincipalId: identities.outputs.auditorPrincipalId
    readDefender: readDefender
  }
}]

output EVIDENCE_RESOURCE_GROUP string = group.name
output EVIDENCE_STORAGE_ACCOUNT string = evidence.outputs.accountName
output EVIDENCE_KEY_VAULT string = signingKey.outputs.vaultName
output AUDITOR_PRINCIPAL_ID string = identities.outputs.auditorPrincipalId
