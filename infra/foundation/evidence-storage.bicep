// The storage of the evidence: history, ledger, findings, dead letters. No shared keys: every access is some identity's.
param location string
param token string
param sku string
param immutabilityDays int
param planDays int
param privateNetwork bool
param lockEvidence bool

@description('Whether the policies were locked (infra/lock-evidence.sh): a locked policy cannot be deployed again.')
param policiesLocked bool

@description('Days for which deleted blobs, versions and containers can be brought back.')
param softDeleteDays int = 30

// Blobs that are written once. Where the policy is not locked yet an owner can still remove it: see docs/deployment.md.
var immutableContainers = ['ledger', 'ledger-witness', 'dead-letters-done', 'dead-letters-quarantine']
var mutableContainers = ['dead-letters', 'leases', 'retention-plans']
// Event Grid delivers to a queue that has to be there; the others are made when they are first needed.
var queues = ['registry-events']

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'stevidence${token}'
  location: location
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Event Grid, a trusted service, writes dead letters and messages also where the network is closed, and with its topic's
    // own identity alone: https://learn.microsoft.com/azure/event-grid/handler-storage-queues
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
  }
}

resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [for name in immutableContainers: {
  parent: blobs
  name: name
  properties: {
    publicAccess: 'None'
  }
}]

resource policies 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-01-01' = [for (name, index) in immutableContainers: if (!policiesLocked) {
  parent: immutable[index]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: immutabilityDays
    allowProtectedAppendWrites: false
  }
}]

resource mutable 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [for name in mutableContainers: {
  parent: blobs
  name: name
  properties: {
    publicAccess: 'None'
  }
}]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [for name in queues: {
  parent: queueService
  name: name
}]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'old-retention-plans'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['retention-plans/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterCreationGreaterThan: planDays
                }
              }
              version: {
                delete: {
                  daysAfterCreationGreaterThan: softDeleteDays
                }
              }
            }
          }
        }
        {
          // A dead letter that was put aside leaves a version behind.
          name: 'old-versions-of-dead-letters'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['dead-letters/']
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: softDeleteDays
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (lockEvidence) {
  scope: account
  name: 'evidence'
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the evidence of acr-audit. See docs/deployment.md, removal.'
  }
}

output accountName string = account.name
