#!/bin/sh
# Deploys what outlives the app, before azd deploys the app: infra/foundation.bicep. Repeating it changes nothing.
set -eu
cd "$(dirname "$0")/../.."

: "${AZURE_ENV_NAME:?azd sets it}" "${AZURE_LOCATION:?azd sets it}" "${AZURE_SUBSCRIPTION_ID:?azd sets it}"
: "${ACR_AUDIT_REGISTRY_IDS:?azd env set ACR_AUDIT_REGISTRY_IDS <resource ids of the registries, separated by commas>}"

deploy() {
  az deployment sub create \
    --name "acr-audit-foundation-$AZURE_ENV_NAME" \
    --subscription "$AZURE_SUBSCRIPTION_ID" \
    --location "$AZURE_LOCATION" \
    --template-file infra/foundation.bicep \
    --parameters \
      environmentName="$AZURE_ENV_NAME" \
      location="$AZURE_LOCATION" \
      registryIds="$ACR_AUDIT_REGISTRY_IDS" \
      clusterIds="${ACR_AUDIT_CLUSTER_IDS:-}" \
      inventorySubscriptionIds="${ACR_AUDIT_INVENTORY_SUBSCRIPTIONS:-}" \
      readDefender="${ACR_AUDIT_READ_DEFENDER:-false}" \
      readLogs="${ACR_AUDIT_READ_LOGS:-false}" \
      deleterEnabled="${ACR_AUDIT_DELETER:-false}" \
      privateNetwork="${ACR_AUDIT_PRIVATE_NETWORK:-false}" \
      evidenceSku="${ACR_AUDIT_EVIDENCE_SKU:-Standard_ZRS}" \
      immutabilityDays="${ACR_AUDIT_IMMUTABILITY_DAYS:-365}" \
      planDays="${ACR_AUDIT_PLAN_DAYS:-400}" \
      lockEvidence="${ACR_AUDIT_LOCK_EVIDENCE:-true}" \
      policiesLocked="${ACR_AUDIT_EVIDENCE_LOCKED:-false}" \
    --only-show-errors --output none
}

# An identity or a role that was just made is not known everywhere at once.
deploy || {
  echo "Trying once more in a minute." >&2
  sleep 60
  deploy
}
