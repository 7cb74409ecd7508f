// The system topic of one registry: one that is there, which has to have an identity, or a new one.
param registryId string
param location string
param topicName string
param isNew bool

resource made 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (isNew) {
  name: topicName
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: registryId
    topicType: 'Microsoft.ContainerRegistry.Registries'
  }
}

resource found 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (!isNew) {
  name: topicName
}

output name string = topicName
output principalId string = isNew ? made!.identity.principalId : found!.identity.principalId
