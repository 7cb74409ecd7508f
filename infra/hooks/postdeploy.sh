#!/bin/sh
# Subscribes the app to the registries' events, after its code is there: infra/events.bicep. Repeating it changes nothing.
set -eu
cd "$(dirname "$0")/../.."

: "${AZURE_ENV_NAME:?azd sets it}" "${AZURE_LOCATION:?azd sets it}" "${AZURE_SUBSCRIPTION_ID:?azd sets it}"
: "${ACR_AUDIT_REGISTRY_IDS:?azd env set ACR_AUDIT_REGISTRY_IDS <resource ids of the registries, separated by commas>}"

deploy() {
  az deployment sub create \
    --name "acr-audit-events-$AZURE_ENV_NAME" \
    --subscription "$AZURE_SUBSCRIPTION_ID" \
    --location "$AZURE_LOCATION" \
    --template-file infra/events.bicep \
    --parameters \
      environmentName="$AZURE_ENV_NAME" \
      location="$AZURE_LOCATION" \
      registryIds="$ACR_AUDIT_REGISTRY_IDS" \
      privateNetwork="${ACR_AUDIT_PRIVATE_NETWORK:-false}" \
      existingTopics="${ACR_AUDIT_EXISTING_TOPICS:-}" \
      deliveryAttempts="${ACR_AUDIT_DELIVERY_ATTEMPTS:-30}" \
      deliveryMinutes="${ACR_AUDIT_DELIVERY_MINUTES:-1440}" \
    --only-show-errors --output none
}

# The app may not have started, and the topic's role may not be known everywhere, when this is tried for the first time.
attempt=1
until deploy; do
  [ "$attempt" -lt 4 ] || exit 1
  attempt=$((attempt + 1))
  echo "Trying again in a minute ($attempt of 4)." >&2
  sleep 60
done
echo "https://$ACR_AUDIT_APP_HOST/api/v1/health"
