#!/bin/sh
# What only a real subscription can prove. Run it after azd up, and send the report back if something is not as expected:
#   set -a; eval "$(azd env get-values)"; set +a; sh infra/smoke-test.sh [--write] [--keep]
# Without --write it reads alone. With --write it imports, tags, locks and deletes a small image in the repository
# acr-audit-smoke of the first registry, and takes it away again unless --keep is given.
# Needs: az, signed in as somebody with Audit.Read, Reader on the groups, and for --write AcrPush and AcrDelete; curl.
# The report names no subscription and no tenant. It ends with 0 when nothing failed.
set -u

write=''
keep=''
for argument in "$@"; do
  case $argument in
    --write) write=yes ;;
    --keep) keep=yes ;;
    *) echo "$argument is not known" >&2; exit 2 ;;
  esac
done
: "${AZURE_ENV_NAME:?see the head of this file}" "${AZURE_RESOURCE_GROUP:?}" "${ACR_AUDIT_APP_HOST:?}" "${ACR_AUDIT_APP_NAME:?}"
: "${ACR_AUDIT_EVIDENCE_GROUP:?}" "${ACR_AUDIT_EVIDENCE_STORAGE:?}" "${ACR_AUDIT_REGISTRY_IDS:?}" "${ACR_AUDIT_EVENT_SUBSCRIPTION:?}"

report=smoke-test-$AZURE_ENV_NAME-$(date -u +%Y%m%dT%H%M%SZ).txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base=https://$ACR_AUDIT_APP_HOST
registry_id=$(printf '%s' "$ACR_AUDIT_REGISTRY_IDS" | cut -d, -f1 | tr -d ' ')
registry=${registry_id##*/}
registry_subscription=$(printf '%s' "$registry_id" | cut -d/ -f3)
registry_group=$(printf '%s' "$registry_id" | cut -d/ -f5)
failed=0

redacted() { sed -E 's/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/<id>/g; s/(Bearer|code=)[^ "&]*/\1<secret>/g'; }
say() { printf '%s\n' "$*" | redacted | tee -a "$report"; }
# result <number> <what> <expected> <found>: ok when found begins with expected.
result() {
  case $4 in
    $3*) say "ok    $1 $2: $4" ;;
    *) failed=$((failed + 1)); say "FAIL  $1 $2: expected $3, found $4" ;;
  esac
}
note() { say "note  $1 $2: $3"; }
status_of() { curl -sS -o "$work/body" -D "$work/head" -w '%{http_code}' --max-time 60 "$@" 2>"$work/error" || cat "$work/error"; }
query() { az "$@" --only-show-errors --output tsv 2>"$work/error" || head -c 300 "$work/error"; }

say "acr-audit smoke test, $(date -u +%Y-%m-%dT%H:%M:%SZ)"
note 0.1 "az" "$(query version --query '"azure-cli"')"
note 0.2 "bicep" "$(az bicep version --only-show-errors 2>&1 | head -n 1)"

say "1 The app"
result 1.1 "health answers without a token" 200 "$(status_of "$base/api/v1/health")"
result 1.2 "history does not" "[34]0[12]" "$(status_of "$base/api/v1/history?image=$registry.azurecr.io")"
# 401 by the host for want of a key, not a redirect and not a challenge of App Service Authentication.
found=$(status_of -X POST -H 'Content-Type: application/json' -H 'aeg-event-type: Notification' -d '[]' \
  "$base/runtime/webhooks/EventGrid?functionName=registryEvents")
result 1.3 "the webhook is excluded from sign-in, and asks for its key" 401 "$found"
if grep -qi '^www-authenticate: *bearer' "$work/head"; then
  result 1.4 "the refusal is the host's" "no challenge" "a challenge of App Service Authentication: excludedPaths does not work"
else
  result 1.4 "the refusal is the host's" "no challenge" "no challenge"
fi
result 1.5 "functions are there" "" "$(query functionapp function list --resource-group "$AZURE_RESOURCE_GROUP" --name "$ACR_AUDIT_APP_NAME" --query 'length(@)')"
forged=$(printf '{"auth_typ":"aad","role_typ":"roles","claims":[{"typ":"roles","val":"Audit.Read"},{"typ":"oid","val":"x"}]}' | base64 | tr -d '\n')
result 1.6 "a forged principal is not believed" "[34]0[12]" "$(status_of -H "x-ms-client-principal: $forged" "$base/api/v1/status")"

say "2 Sign-in"
token=''
if [ -n "${ACR_AUDIT_AUTH_CLIENT_ID:-}" ]; then
  token=$(az account get-access-token --resource "api://$ACR_AUDIT_AUTH_CLIENT_ID" --query accessToken --output tsv 2>"$work/error") || token=
  if [ -n "$token" ]; then
    result 2.1 "status with a token" 200 "$(status_of -H "Authorization: Bearer $token" "$base/api/v1/status")"
    say "$(head -c 4000 "$work/body")"
    result 2.2 "findings with a token" 200 "$(status_of -H "Authorization: Bearer $token" "$base/api/v1/findings?limit=20")"
    say "$(head -c 4000 "$work/body")"
  else
    result 2.1 "a token for the API" "a token" "$(head -c 300 "$work/error")"
  fi
else
  note 2 "no app registration" "infra/app-roles.sh register has not run"
fi

say "3 The evidence"
account() { query storage account show --resource-group "$ACR_AUDIT_EVIDENCE_GROUP" --name "$ACR_AUDIT_EVIDENCE_STORAGE" --query "$1"; }
result 3.1 "shared keys are off" false "$(account allowSharedKeyAccess)"
result 3.2 "versioning is on" true "$(query storage account blob-service-properties show --resource-group "$ACR_AUDIT_EVIDENCE_GROUP" --account-name "$ACR_AUDIT_EVIDENCE_STORAGE" --query isVersioningEnabled)"
for container in ledger ledger-witness dead-letters-done dead-letters-quarantine; do
  note 3.3 "$container is immutable (days, state)" "$(query storage container immutability-policy show --account-name "$ACR_AUDIT_EVIDENCE_STORAGE" --resource-group "$ACR_AUDIT_EVIDENCE_GROUP" --container-name "$container" --query '[immutabilityPeriodSinceCreationInDays, state]' | tr '\n\t' '  ')"
done
note 3.4 "the lifecycle rules" "$(query storage account management-policy show --resource-group "$ACR_AUDIT_EVIDENCE_GROUP" --account-name "$ACR_AUDIT_EVIDENCE_STORAGE" --query 'policy.rules[].name' | tr '\n\t' '  ')"

say "4 The registry"
mode=$(query acr show --ids "$registry_id" --query roleAssignmentMode)
note 4.1 "mode of permissions" "$mode"
for topic in $(query eventgrid system-topic list --subscription "$registry_subscription" --resource-group "$registry_group" --query '[].name'); do
  note 4.2 "topic $topic (state, identity)" "$(query eventgrid system-topic show --subscription "$registry_subscription" --resource-group "$registry_group" --name "$topic" --query '[provisioningState, identity.type]' | tr '\n\t' '  ')"
  note 4.3 "its subscription (state, endpoint)" "$(query eventgrid system-topic event-subscription show --subscription "$registry_subscription" --resource-group "$registry_group" --system-topic-name "$topic" --name "$ACR_AUDIT_EVENT_SUBSCRIPTION" --query '[provisioningState, destination.endpointType, deliveryWithResourceIdentity.destination.endpointType]' | tr '\n\t' '  ')"
done

# history_has <image> <text>: waits up to five minutes for an entry of the image's history.
history_has() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    status_of -H "Authorization: Bearer $token" --get --data-urlencode "image=$1" "$base/api/v1/history" >/dev/null
    if grep -q "$2" "$work/body"; then
      echo "found"
      return
    fi
    sleep 15
  done
  echo "nothing in five minutes"
}

if [ -n "$write" ] && [ -n "$token" ]; then
  say "5 What a live registry does (acr-audit-smoke)"
  server=$(query acr show --ids "$registry_id" --query loginServer)
  image=$server/acr-audit-smoke
  acr() { az acr "$@" --subscription "$registry_subscription" --only-show-errors 2>&1 | head -c 300 | tr '\n' ' '; }
  note 5.1 "import" "$(acr import --name "$registry" --source mcr.microsoft.com/hello-world:latest --image acr-audit-smoke:one --force)"
  note 5.2 "an import makes an event that is recorded" "$(history_has "$image:one" '"source":"event"')"
  say "$(head -c 4000 "$work/body")"
  digest=$(query acr repository show --subscription "$registry_subscription" --name "$registry" --image acr-audit-smoke:one --query digest)
  note 5.3 "lock the tag alone" "$(acr repository update --name "$registry" --image acr-audit-smoke:one --write-enabled false --query changeableAttributes)"
  note 5.4 "delete its digest: is a tag's lock enough?" "$(acr repository delete --name "$registry" --image "acr-audit-smoke@$digest" --yes)"
  note 5.5 "unlock the tag" "$(acr repository update --name "$registry" --image acr-audit-smoke:one --write-enabled true --query changeableAttributes)"
  note 5.6 "import again" "$(acr import --name "$registry" --source mcr.microsoft.com/hello-world:latest --image acr-audit-smoke:one --force)"
  note 5.7 "lock the digest alone" "$(acr repository update --name "$registry" --image "acr-audit-smoke@$digest" --write-enabled false --delete-enabled false --query changeableAttributes)"
  note 5.8 "tag it again as two: is a manifest's lock in the way?" "$(acr import --name "$registry" --source "$image@$digest" --image acr-audit-smoke:two)"
  note 5.9 "untag one: is a manifest's lock in the way?" "$(acr repository untag --name "$registry" --image acr-audit-smoke:one)"
  note 5.10 "an untag is found by a comparison, within an hour" "ask again: $base/api/v1/history?image=$image:one"
  note 5.11 "unlock the digest" "$(acr repository update --name "$registry" --image "acr-audit-smoke@$digest" --write-enabled true --delete-enabled true --query changeableAttributes)"
  note 5.12 "delete the digest" "$(acr repository delete --name "$registry" --image "acr-audit-smoke@$digest" --yes)"
  result 5.13 "the deletion is recorded" found "$(history_has "$image@$digest" '"kind":"deleted"')"
  say "$(head -c 4000 "$work/body")"
  [ -n "$keep" ] || note 5.14 "take the repository away" "$(acr repository delete --name "$registry" --repository acr-audit-smoke --yes)"
else
  note 5 "not asked for" "--write, with a token, tries what only a live registry tells"
fi

say "6 By hand, and tell what you saw"
say "ask   6.1 Take the app's network or code away for ten minutes, push, bring it back: is the push in the history, late?"
say "ask   6.2 Leave it away for longer than the subscription retries: is there a blob in dead-letters, and is it replayed?"
say "ask   6.3 Geo-replicated registry: does one push make one event, or one for each replica (history, location)?"
say "ask   6.4 Registry in ABAC mode: does enforceLocks lock (finding LockFailed, or locks in digests)?"
say "ask   6.5 Sign in to $base/dashboard in a browser: which roles has the page?"
say "$failed failed. The report is in $report"
[ "$failed" = 0 ]
