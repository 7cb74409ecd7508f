// What the service does, on one page: docs/observability.md.
param location string
param token string
param tags object
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, token, 'acr-audit')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'acr-audit'
    category: 'workbook'
    sourceId: workspaceId
    version: 'Notebook/1.0'
    serializedData: loadTextContent('workbook.json')
  }
}
