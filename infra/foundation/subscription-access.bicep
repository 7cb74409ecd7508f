// Reading what runs in one subscription: docs/azure-inventory.md#roles.
targetScope = 'subscription'

import { roles } from '../roles.bicep'

param auditorPrincipalId string
param readDefender bool

resource inventoryReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'acr-audit inventory reader')
  properties: {
    roleName: 'acr-audit inventory reader ${uniqueString(subscription().id)}'
    description: 'Reads which images Container Apps, Container Instances, App Service and Functions name.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: [
          'Microsoft.Resources/subscriptions/read'
          'Microsoft.App/containerApps/read'
          'Microsoft.App/containerApps/revisions/read'
          'Microsoft.App/jobs/read'
          'Microsoft.App/jobs/executions/read'
          'Microsoft.App/sessionPools/read'
          'Microsoft.ContainerInstance/containerGroups/read'
          'Microsoft.ContainerInstance/containerGroupProfiles/read'
          'Microsoft.Web/sites/read'
          'Microsoft.Web/sites/config/read'
          'Microsoft.Web/sites/sitecontainers/read'
          'Microsoft.Web/sites/slots/read'
          'Microsoft.Web/sites/slots/config/read'
          'Microsoft.Web/sites/slots/sitecontainers/read'
        ]
      }
    ]
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, auditorPrincipalId, inventoryReader.id)
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: inventoryReader.id
  }
}

resource defender 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (readDefender) {
  name: guid(subscription().id, auditorPrincipalId, roles['Security Reader'])
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Security Reader'])
  }
}
