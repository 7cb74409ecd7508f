// Reading, and nothing else, in one AKS cluster: where its API server is, and what runs there.
import { roles } from '../roles.bicep'

param clusterName string
param auditorPrincipalId string

var readingRoles = [
  roles['Azure Kubernetes Service Cluster User Role']
  roles['Azure Kubernetes Service RBAC Reader']
]

resource cluster 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = {
  name: clusterName
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in readingRoles: {
  scope: cluster
  name: guid(cluster.id, auditorPrincipalId, role)
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]
