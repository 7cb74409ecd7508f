# The app registration that App Service Authentication checks tokens against, with the app roles of acr-audit.
#   infra/app-roles.ps1 register                     makes it, or brings it up to date; then run azd provision again
#   infra/app-roles.ps1 assign <role> <object id>    gives an app role to a user, group, application or managed identity
# Needs what infra/app-roles.sh needs.
param(
  [Parameter(Mandatory)] [ValidateSet('register', 'assign')] [string] $Command,
  [string] $Role,
  [string] $PrincipalId
)
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
Set-Location (Join-Path $PSScriptRoot '..')

if (-not $env:AZURE_ENV_NAME) { throw 'AZURE_ENV_NAME is missing: as azd env get-values prints it' }
$name = "acr-audit-$env:AZURE_ENV_NAME"
$id = az ad app list --filter "displayName eq '$name'" --query '[0].appId' --output tsv

if ($Command -eq 'register') {
  foreach ($needed in 'ACR_AUDIT_APP_HOST', 'ACR_AUDIT_AUDITOR_PRINCIPAL_ID', 'AZURE_TENANT_ID') {
    if (-not [Environment]::GetEnvironmentVariable($needed)) { throw "$needed is missing: run azd provision first" }
  }
  if (-not $id) { $id = az ad app create --display-name $name --sign-in-audience AzureADMyOrg --query appId --output tsv }
  az ad app update --id $id --app-roles '@infra/app-roles.json' --identifier-uris "api://$id" `
    --web-redirect-uris "https://$env:ACR_AUDIT_APP_HOST/.auth/login/aad/callback" --enable-id-token-issuance true
  if (-not (az ad sp list --filter "appId eq '$id'" --query '[0].id' --output tsv)) { az ad sp create --id $id --output none }
  # Who has no app role gets no token.
  az ad sp update --id $id --set appRoleAssignmentRequired=true
  # The app's identity stands in for a secret: https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
  $credentials = az ad app federated-credential list --id $id --query "[].name" --output tsv
  if ($credentials -notcontains 'app-service') {
    $authority = (az cloud show --query endpoints.activeDirectory --output tsv).TrimEnd('/')
    $audience = if ($env:ACR_AUDIT_TOKEN_AUDIENCE) { $env:ACR_AUDIT_TOKEN_AUDIENCE } else { 'api://AzureADTokenExchange' }
    $file = New-TemporaryFile
    @{
      name = 'app-service'; issuer = "$authority/$env:AZURE_TENANT_ID/v2.0"
      subject = $env:ACR_AUDIT_AUDITOR_PRINCIPAL_ID; audiences = @($audience)
    } | ConvertTo-Json | Set-Content $file
    az ad app federated-credential create --id $id --output none --parameters "@$file"
    Remove-Item $file
  }
  azd env set ACR_AUDIT_AUTH_CLIENT_ID $id
  Write-Output "Registered $name as $id. Run azd provision for it to take effect."
}
else {
  if (-not $Role -or -not $PrincipalId) { throw 'assign takes a role and an object id' }
  if (-not $id) { throw "There is no $name yet: register first" }
  $graph = (az cloud show --query endpoints.microsoftGraphResourceId --output tsv).TrimEnd('/')
  $resource = az ad sp show --id $id --query id --output tsv
  $roleId = az ad sp show --id $id --query "appRoles[?value=='$Role'].id | [0]" --output tsv
  if (-not $roleId) { throw "There is no app role $Role" }
  $file = New-TemporaryFile
  @{ principalId = $PrincipalId; resourceId = $resource; appRoleId = $roleId } | ConvertTo-Json | Set-Content $file
  az rest --method POST --uri "$graph/v1.0/servicePrincipals/$resource/appRoleAssignedTo" `
    --headers Content-Type=application/json --output none --body "@$file"
  Remove-Item $file
  Write-Output "$PrincipalId has $Role."
}
