// One identity for each thing that may be done: what reads cannot write, what locks cannot delete.
param location string
param token string
param deleterEnabled bool

resource host 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-host-${token}'
  location: location
}

resource auditor 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-auditor-${token}'
  location: location
}

resource locker 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-locker-${token}'
  location: location
}

resource deleter 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = if (deleterEnabled) {
  name: 'id-deleter-${token}'
  location: location
}

output auditorPrincipalId string = auditor.properties.principalId
output lockerPrincipalId string = locker.properties.principalId
output deleterPrincipalId string = deleterEnabled ? deleter!.properties.principalId : ''
