#!/bin/sh
# Locks the immutability policies of the evidence. THIS CANNOT BE UNDONE: from then on nobody, Microsoft's support included,
# can delete the blobs before their time, nor the account that holds them; the period can only be made longer.
# Before it, an owner of the account can remove the policies.
set -eu

: "${AZURE_ENV_NAME:?as azd env get-values prints it}" "${ACR_AUDIT_EVIDENCE_STORAGE:?run azd provision first}"
: "${ACR_AUDIT_EVIDENCE_GROUP:?run azd provision first}"

printf 'Lock the policies of %s for ever? Type the name of the account: ' "$ACR_AUDIT_EVIDENCE_STORAGE" >&2
read -r answer
[ "$answer" = "$ACR_AUDIT_EVIDENCE_STORAGE" ] || { echo "Nothing was locked." >&2; exit 1; }

for container in ledger ledger-witness dead-letters-done dead-letters-quarantine; do
  etag=$(az storage container immutability-policy show --account-name "$ACR_AUDIT_EVIDENCE_STORAGE" \
    --resource-group "$ACR_AUDIT_EVIDENCE_GROUP" --container-name "$container" --query etag --output tsv)
  az storage container immutability-policy lock --account-name "$ACR_AUDIT_EVIDENCE_STORAGE" \
    --resource-group "$ACR_AUDIT_EVIDENCE_GROUP" --container-name "$container" --if-match "$etag" --output none
  echo "$container is locked."
done
# A locked policy cannot be deployed again.
azd env set ACR_AUDIT_EVIDENCE_LOCKED true
