// What each identity may do in one registry, in either mode of its permissions.
// https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
import { roles } from '../roles.bicep'

param registryName string

@allowed(['LegacyRegistryPermissions', 'AbacRepositoryPermissions'])
param roleAssignmentMode string

param auditorPrincipalId string
param lockerPrincipalId string

@description('Empty: nothing is ever deleted.')
param deleterPrincipalId string

param readLogs bool

var isAbac = roleAssignmentMode == 'AbacRepositoryPermissions'
var canDelete = !empty(deleterPrincipalId)
var suffix = uniqueString(resourceGroup().id)
var content = 'Microsoft.ContainerRegistry/registries'

var readingRoles = isAbac
  ? [roles['Container Registry Repository Reader'], roles['Container Registry Repository Catalog Lister']]
  : [roles.AcrPull]
var logRoles = readLogs ? [roles['Monitoring Reader']] : []
var deletingRoles = canDelete && !isAbac ? [roles.AcrDelete] : []

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: registryName
}

resource settingsReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'acr-audit auditor')
  properties: {
    roleName: 'acr-audit auditor ${suffix}'
    description: 'Reads how registries are set, their tasks, locks, and what soft delete keeps.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          '${content}/read'
          '${content}/tasks/read'
          '${content}/metadata/read'
          '${content}/deleted/read'
        ]
      }
    ]
  }
}

// Both forms of the permission in one role: which of them counts is the registry's mode.
resource locking 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'acr-audit locker')
  properties: {
    roleName: 'acr-audit locker ${suffix}'
    description: 'Reads and sets the lock attributes of tags and manifests; neither pushes nor deletes.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: ['${content}/metadata/read', '${content}/metadata/write']
        dataActions: ['${content}/repositories/metadata/read', '${content}/repositories/metadata/write']
      }
    ]
  }
}

resource deleting 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (canDelete) {
  name: guid(resourceGroup().id, 'acr-audit deleter')
  properties: {
    roleName: 'acr-audit deleter ${suffix}'
    description: 'Deletes tags and manifests, and restores what soft delete keeps; cannot unlock.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          '${content}/metadata/read'
          '${content}/deleted/read'
          '${content}/deleted/restore/action'
        ]
        dataActions: [
          '${content}/repositories/metadata/read'
          '${content}/repositories/metadata/delete'
          '${content}/repositories/content/delete'
        ]
      }
    ]
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in concat(readingRoles, logRoles): {
  scope: registry
  name: guid(registry.id, auditorPrincipalId, role)
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource readingSettings 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, auditorPrincipalId, settingsReader.id)
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: settingsReader.id
  }
}

resource lockingAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, lockerPrincipalId, locking.id)
  properties: {
    principalId: lockerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: locking.id
  }
}

resource deletingAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (canDelete) {
  scope: registry
  name: guid(registry.id, deleterPrincipalId, deleting.id)
  properties: {
    principalId: deleterPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: deleting.id
  }
}

resource deletingArtifacts 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in deletingRoles: {
  scope: registry
  name: guid(registry.id, deleterPrincipalId, role)
  properties: {
    principalId: deleterPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]
