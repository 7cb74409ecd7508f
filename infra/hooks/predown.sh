#!/bin/sh
# Takes away what `azd down` doesn't know of: the subscriptions to the registries' events, and the topics made for them.
# The evidence, the key that signs it and the identities stay: docs/deployment.md, removal.
set -eu

: "${ACR_AUDIT_REGISTRY_IDS:?as at deployment}"
if [ -z "${ACR_AUDIT_EVENT_SUBSCRIPTION:-}" ]; then
  echo "Nothing was deployed: there are no subscriptions to end." >&2
  exit 0
fi

lower() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]'; }

printf '%s\n' "$ACR_AUDIT_REGISTRY_IDS" | tr ',' '\n' | tr -d ' ' | while read -r id; do
  [ -n "$id" ] || continue
  subscription=$(printf '%s' "$id" | cut -d/ -f3)
  group=$(printf '%s' "$id" | cut -d/ -f5)
  az eventgrid system-topic list --subscription "$subscription" --resource-group "$group" \
    --query '[].[name, source]' --output tsv --only-show-errors </dev/null |
    while read -r topic source; do
      [ "$(lower "$source")" = "$(lower "$id")" ] || continue
      az eventgrid system-topic event-subscription delete --yes --only-show-errors \
        --subscription "$subscription" --resource-group "$group" \
        --system-topic-name "$topic" --name "$ACR_AUDIT_EVENT_SUBSCRIPTION" </dev/null
      case $topic in
        evgt-acr-audit-*)
          az eventgrid system-topic delete --yes --only-show-errors \
            --subscription "$subscription" --resource-group "$group" --name "$topic" </dev/null ||
            echo "$topic stays: somebody else subscribes to it." >&2
          ;;
      esac
    done
done
