# Takes away what `azd down` doesn't know of: the subscriptions to the registries' events, and the topics made for them.
# The evidence, the key that signs it and the identities stay: docs/deployment.md, removal.
$ErrorActionPreference = 'Stop'

if (-not $env:ACR_AUDIT_REGISTRY_IDS) { throw 'ACR_AUDIT_REGISTRY_IDS is missing: as at deployment' }
if (-not $env:ACR_AUDIT_EVENT_SUBSCRIPTION) {
  Write-Warning 'Nothing was deployed: there are no subscriptions to end.'
  exit 0
}

foreach ($id in $env:ACR_AUDIT_REGISTRY_IDS.Split(',').Trim() | Where-Object { $_ }) {
  $subscription, $group = $id.Split('/')[2, 4]
  $topics = az eventgrid system-topic list --subscription $subscription --resource-group $group --only-show-errors |
    ConvertFrom-Json
  foreach ($topic in $topics | Where-Object { $_.source -eq $id }) {
    az eventgrid system-topic event-subscription delete --yes --only-show-errors `
      --subscription $subscription --resource-group $group `
      --system-topic-name $topic.name --name $env:ACR_AUDIT_EVENT_SUBSCRIPTION
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    if ($topic.name.StartsWith('evgt-acr-audit-')) {
      az eventgrid system-topic delete --yes --only-show-errors `
        --subscription $subscription --resource-group $group --name $topic.name
      if ($LASTEXITCODE -ne 0) { Write-Warning "$($topic.name) stays: somebody else subscribes to it." }
    }
  }
}
exit 0
