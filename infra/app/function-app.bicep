// The Function app on Flex Consumption, its settings and who may call it.
param location string
param token string
param tags object

param hostId string
param hostClientId string
param auditorId string
param auditorClientId string
param lockerId string
param lockerClientId string

@description('Empty: there is no identity that deletes.')
param deleterId string
param deleterClientId string

param hostStorageName string
param packageContainerName string

@description('Endpoints of the evidence: blob, queue and table.')
param evidenceEndpoints object

@description('Audited registries: loginServer and resourceId of each.')
param registries array

param insightsConnectionString string
param signingKeyUrl string
param vaultUri string
param alertTopicEndpoint string
param alertWebhooks string
param witnessWebhooks string
param formerKeys string
param privacyKeySecret string
param authClientId string
param policyPath string
param inventoryPath string
param readLogs bool

@description('Empty: the app is in no virtual network.')
param subnetId string

param publicApi bool
param instanceMemory int
param maximumInstances int

var identityIds = concat([hostId, auditorId, lockerId], empty(deleterId) ? [] : [deleterId])
var webhookNames = map(filter(split(alertWebhooks, ' '), part => !empty(part)), part => split(part, '=')[0])

// docs/operations.md#settings. Values that are empty count as absent.
var settings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: hostClientId
  AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${hostClientId};Authorization=AAD'
  AuditStorage__credential: 'managedidentity'
  AuditStorage__clientId: auditorClientId
  AuditStorage__blobServiceUri: evidenceEndpoints.blob
  AuditStorage__queueServiceUri: evidenceEndpoints.queue
  AuditStorage__tableServiceUri: evidenceEndpoints.table
  REGISTRIES: join(map(registries, registry => '${registry.loginServer}=${registry.resourceId}'), ',')
  ACR_AUDIT_LOCKER_CLIENT_ID: lockerClientId
  ACR_AUDIT_DELETER_CLIENT_ID: deleterClientId
  ACR_AUDIT_POLICY: policyPath
  ACR_AUDIT_INVENTORY: inventoryPath
  ACR_AUDIT_LOGS: readLogs ? 'resource' : ''
  ACR_AUDIT_ARM_ENDPOINT: environment().resourceManager
  ACR_AUDIT_ALERT_TOPIC: alertTopicEndpoint
  ACR_AUDIT_ALERT_WEBHOOKS: alertWebhooks
  ACR_AUDIT_LEDGER_SIGNING_KEY: signingKeyUrl
  ACR_AUDIT_LEDGER_WITNESS_CONTAINER: '${evidenceEndpoints.blob}ledger-witness'
  ACR_AUDIT_LEDGER_WITNESS_WEBHOOKS: witnessWebhooks
  ACR_AUDIT_LEDGER_FORMER_KEYS: formerKeys
  ACR_AUDIT_PRIVACY_KEY_SECRET: privacyKeySecret
}
// Each webhook's secret is in the vault, under its name.
var webhookSecrets = toObject(
  webhookNames,
  name => 'ACR_AUDIT_ALERT_WEBHOOK_SECRET_${toUpper(replace(name, '-', '_'))}',
  name => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/alert-webhook-${name})'
)
// Signing people in without a secret: the registration trusts the auditor's identity (infra/app-roles.sh).
var signIn = empty(authClientId) ? {} : { OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: auditorClientId }

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: hostStorageName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: toObject(identityIds, id => id, id => {})
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: auditorId
    publicNetworkAccess: publicApi ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: hostId
          }
        }
      }
      runtime: {
        name: 'node'
        version: '22'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
      }
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(settings, webhookSecrets, signIn)
}

resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(authClientId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      // Event Grid brings the system key of the host, and no token. Both spellings: which one is compared is not documented.
      excludedPaths: ['/runtime/webhooks/eventgrid', '/runtime/webhooks/EventGrid', '/api/v1/health']
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: authClientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [authClientId, 'api://${authClientId}']
        }
      }
    }
    login: {
      tokenStore: {
        enabled: true
      }
    }
  }
  dependsOn: [appSettings]
}

output id string = app.id
output name string = app.name
output hostName string = app.properties.defaultHostName
