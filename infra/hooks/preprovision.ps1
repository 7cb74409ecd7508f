# Deploys what outlives the app, before azd deploys the app: infra/foundation.bicep. Repeating it changes nothing.
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '../..')

foreach ($name in 'AZURE_ENV_NAME', 'AZURE_LOCATION', 'AZURE_SUBSCRIPTION_ID', 'ACR_AUDIT_REGISTRY_IDS') {
  if (-not [Environment]::GetEnvironmentVariable($name)) { throw "$name is missing: azd env set $name <value>" }
}

function ValueOf([string] $name, [string] $otherwise) {
  $value = [Environment]::GetEnvironmentVariable($name)
  if ($value) { $value } else { $otherwise }
}

function Deploy {
  az deployment sub create `
    --name "acr-audit-foundation-$env:AZURE_ENV_NAME" `
    --subscription $env:AZURE_SUBSCRIPTION_ID `
    --location $env:AZURE_LOCATION `
    --template-file infra/foundation.bicep `
    --parameters `
      "environmentName=$env:AZURE_ENV_NAME" `
      "location=$env:AZURE_LOCATION" `
      "registryIds=$env:ACR_AUDIT_REGISTRY_IDS" `
      "clusterIds=$(ValueOf 'ACR_AUDIT_CLUSTER_IDS' '')" `
      "inventorySubscriptionIds=$(ValueOf 'ACR_AUDIT_INVENTORY_SUBSCRIPTIONS' '')" `
      "readDefender=$(ValueOf 'ACR_AUDIT_READ_DEFENDER' 'false')" `
      "readLogs=$(ValueOf 'ACR_AUDIT_READ_LOGS' 'false')" `
      "deleterEnabled=$(ValueOf 'ACR_AUDIT_DELETER' 'false')" `
      "privateNetwork=$(ValueOf 'ACR_AUDIT_PRIVATE_NETWORK' 'false')" `
      "evidenceSku=$(ValueOf 'ACR_AUDIT_EVIDENCE_SKU' 'Standard_ZRS')" `
      "immutabilityDays=$(ValueOf 'ACR_AUDIT_IMMUTABILITY_DAYS' '365')" `
      "planDays=$(ValueOf 'ACR_AUDIT_PLAN_DAYS' '400')" `
      "lockEvidence=$(ValueOf 'ACR_AUDIT_LOCK_EVIDENCE' 'true')" `
      "policiesLocked=$(ValueOf 'ACR_AUDIT_EVIDENCE_LOCKED' 'false')" `
    --only-show-errors --output none
}

# An identity or a role that was just made is not known everywhere at once.
Deploy
if ($LASTEXITCODE -ne 0) {
  Write-Warning 'Trying once more in a minute.'
  Start-Sleep -Seconds 60
  Deploy
}
exit $LASTEXITCODE
