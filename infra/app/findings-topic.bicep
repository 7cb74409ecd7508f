// The topic that findings are published to, for whoever subscribes to it.
import { roles } from '../roles.bicep'

param location string
param token string
param tags object
param auditorPrincipalId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: 'evgt-findings-${token}'
  location: location
  tags: tags
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
  }
}

resource sending 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: topic
  name: guid(topic.id, auditorPrincipalId, roles['EventGrid Data Sender'])
  properties: {
    principalId: auditorPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['EventGrid Data Sender'])
  }
}

output id string = topic.id
output endpoint string = topic.properties.endpoint
