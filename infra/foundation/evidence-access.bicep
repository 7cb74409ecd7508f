// What the auditor may do with the evidence: as little as each container needs.
import { roles } from '../roles.bicep'

param accountName string
param auditorPrincipalId string

// The app moves, leases and overwrites here.
var mutableContainers = ['dead-letters', 'leases', 'retention-plans']
// Written and never deleted; that nothing is written twice is their policy's doing.
var appendedContainers = ['ledger', 'ledger-witness', 'dead-letters-done', 'dead-letters-quarantine']
var blobActions = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: accountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: account
  name: 'default'
}

resource mutable 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [for name in mutableContainers: {
  parent: blobs
  name: name
}]

resource appended 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [for name in appendedContainers: {
  parent: blobs
  name: name
}]

// https://learn.microsoft.com/rest/api/storageservices/put-blob#permissions
resource writer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'acr-audit evidence writer')
  properties: {
    roleName: 'acr-audit evidence writer ${uniqueString(resourceGroup().id)}'
    description: 'Reads and writes blobs, and deletes none.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/read']
        dataActions: ['${blobActions}/read', '${blobActions}/write', '${blobActions}/add/action']
      }
    ]
  }
}

resource tableAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, auditorPrincipalId, roles['Storage Table Data Contributor'])
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Storage Table Data Contributor'])
    description: 'History, findings, plans and inventory are tables, made when they are first needed.'
  }
}

resource queueAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, auditorPrincipalId, roles['Storage Queue Data Contributor'])
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Storage Queue Data Contributor'])
    description: 'Work is handed on by queues, made when they are first needed.'
  }
}

resource mutableAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in mutableContainers: {
  scope: mutable[index]
  name: guid(account.id, name, auditorPrincipalId, roles['Storage Blob Data Contributor'])
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Storage Blob Data Contributor'])
  }
}]

resource appendedAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in appendedContainers: {
  scope: appended[index]
  name: guid(account.id, name, auditorPrincipalId, writer.id)
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: writer.id
  }
}]
