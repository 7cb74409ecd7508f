// The key that signs checkpoints of the ledger. It cannot leave the vault, and the vault cannot be purged.
import { roles } from '../roles.bicep'

param location string
param token string
param auditorPrincipalId string
param privateNetwork bool
param lockEvidence bool

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: 'kv-${token}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource key 'Microsoft.KeyVault/vaults/keys@2024-11-01' = {
  parent: vault
  name: 'ledger'
  properties: {
    kty: 'EC'
    curveName: 'P-256'
    keyOps: ['sign', 'verify']
    attributes: {
      enabled: true
      exportable: false
    }
  }
}

// The smallest built-in role that may sign may also decrypt, back up and change the key.
resource signer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'acr-audit signer')
  properties: {
    roleName: 'acr-audit signer ${uniqueString(resourceGroup().id)}'
    description: 'Signs with a key and reads its public part.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        dataActions: ['Microsoft.KeyVault/vaults/keys/read', 'Microsoft.KeyVault/vaults/keys/sign/action']
      }
    ]
  }
}

resource signing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: key
  name: guid(key.id, auditorPrincipalId, signer.id)
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: signer.id
  }
}

resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, auditorPrincipalId, roles['Key Vault Secrets User'])
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Key Vault Secrets User'])
    description: 'Secrets that alerts to webhooks are signed by.'
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (lockEvidence) {
  scope: vault
  name: 'evidence'
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the key that signs the evidence of acr-audit. See docs/deployment.md, removal.'
  }
}

output vaultName string = vault.name
