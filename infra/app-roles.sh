#!/bin/sh
# The app registration that App Service Authentication checks tokens against, with the app roles of acr-audit.
#   infra/app-roles.sh register                     makes it, or brings it up to date; then run azd provision again
#   infra/app-roles.sh assign <role> <object id>    gives an app role to a user, group, application or managed identity
# Needs: azd provision has run once; the right to make app registrations (Application Developer) or, to assign,
# Cloud Application Administrator. Before it: set -a; eval "$(azd env get-values)"; set +a
set -eu
cd "$(dirname "$0")/.."

: "${AZURE_ENV_NAME:?as azd env get-values prints it}"
name="acr-audit-$AZURE_ENV_NAME"
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)

app_id() { az ad app list --filter "displayName eq '$name'" --query '[0].appId' --output tsv; }

register() {
  : "${ACR_AUDIT_APP_HOST:?run azd provision first}" "${ACR_AUDIT_AUDITOR_PRINCIPAL_ID:?run azd provision first}" "${AZURE_TENANT_ID:?run azd provision first}"
  id=$(app_id)
  if [ -z "$id" ]; then
    id=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
  fi
  az ad app update --id "$id" --app-roles @infra/app-roles.json --identifier-uris "api://$id" \
    --web-redirect-uris "https://$ACR_AUDIT_APP_HOST/.auth/login/aad/callback" --enable-id-token-issuance true
  az ad sp show --id "$id" --output none 2>/dev/null || az ad sp create --id "$id" --output none
  # Who has no app role gets no token.
  az ad sp update --id "$id" --set appRoleAssignmentRequired=true
  # The app's identity stands in for a secret: https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
  if [ "$(az ad app federated-credential list --id "$id" --query "length([?name=='app-service'])" --output tsv)" = 0 ]; then
    authority=$(az cloud show --query endpoints.activeDirectory --output tsv)
    az ad app federated-credential create --id "$id" --output none --parameters "{
      \"name\": \"app-service\",
      \"issuer\": \"${authority%/}/$AZURE_TENANT_ID/v2.0\",
      \"subject\": \"$ACR_AUDIT_AUDITOR_PRINCIPAL_ID\",
      \"audiences\": [\"${ACR_AUDIT_TOKEN_AUDIENCE:-api://AzureADTokenExchange}\"]
    }"
  fi
  azd env set ACR_AUDIT_AUTH_CLIENT_ID "$id"
  echo "Registered $name as $id. Run azd provision for it to take effect."
}

assign() {
  role=$1
  principal=$2
  id=$(app_id)
  [ -n "$id" ] || { echo "There is no $name yet: register first." >&2; exit 1; }
  resource=$(az ad sp show --id "$id" --query id --output tsv)
  role_id=$(az ad sp show --id "$id" --query "appRoles[?value=='$role'].id | [0]" --output tsv)
  [ -n "$role_id" ] || { echo "There is no app role $role." >&2; exit 1; }
  az rest --method POST --uri "${graph%/}/v1.0/servicePrincipals/$resource/appRoleAssignedTo" \
    --headers Content-Type=application/json --output none \
    --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$role_id\"}"
  echo "$principal has $role."
}

case ${1:-} in
  register) register ;;
  assign) assign "${2:?role}" "${3:?object id}" ;;
  *)
    sed -n '2,6p' "$0" >&2
    exit 2
    ;;
esac
