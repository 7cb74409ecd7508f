# Subscribes the app to the registries' events, after its code is there: infra/events.bicep. Repeating it changes nothing.
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
    --name "acr-audit-events-$env:AZURE_ENV_NAME" `
    --subscription $env:AZURE_SUBSCRIPTION_ID `
    --location $env:AZURE_LOCATION `
    --template-file infra/events.bicep `
    --parameters `
      "environmentName=$env:AZURE_ENV_NAME" `
      "location=$env:AZURE_LOCATION" `
      "registryIds=$env:ACR_AUDIT_REGISTRY_IDS" `
      "privateNetwork=$(ValueOf 'ACR_AUDIT_PRIVATE_NETWORK' 'false')" `
      "existingTopics=$(ValueOf 'ACR_AUDIT_EXISTING_TOPICS' '')" `
      "deliveryAttempts=$(ValueOf 'ACR_AUDIT_DELIVERY_ATTEMPTS' '30')" `
      "deliveryMinutes=$(ValueOf 'ACR_AUDIT_DELIVERY_MINUTES' '1440')" `
    --only-show-errors --output none
}

# The app may not have started, and the topic's role may not be known everywhere, when this is tried for the first time.
for ($attempt = 1; $attempt -le 4; $attempt++) {
  Deploy
  if ($LASTEXITCODE -eq 0) {
    Write-Output "https://$env:ACR_AUDIT_APP_HOST/api/v1/health"
    exit 0
  }
  if ($attempt -lt 4) {
    Write-Warning "Trying again in a minute ($($attempt + 1) of 4)."
    Start-Sleep -Seconds 60
  }
}
exit 1
