// Who is told what the queries find; docs/observability.md says what each means.
param location string
param token string
param tags object
param workspaceId string

@description('Addresses that are written to, separated by spaces.')
param alertEmails string

@description('Resource ids of action groups that are told as well, separated by spaces.')
param alertGroups string

var emails = filter(split(alertEmails, ' '), address => !empty(address))
var otherGroups = filter(split(alertGroups, ' '), id => !empty(id))

// Severity 1 is for somebody now, 2 for the same day, 3 for the same week. A window is longer than the step between two
// looks, since telemetry arrives minutes late.
var rules = [
  {
    name: 'urgent-findings'
    title: 'A critical or high finding'
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('queries/urgent-findings.kql')
    dimensions: ['finding', 'kind', 'registry']
  }
  {
    name: 'lock-failures'
    title: 'Locks could not be set or undone'
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('queries/lock-failures.kql')
    dimensions: ['registry', 'repository']
  }
  {
    name: 'silence'
    title: 'The audit says nothing'
    severity: 1
    frequency: 'PT5M'
    window: 'PT30M'
    query: loadTextContent('queries/silence.kql')
    dimensions: []
  }
  {
    name: 'dead-letters'
    title: 'Events that could not be delivered wait'
    severity: 2
    frequency: 'PT15M'
    window: 'PT1H'
    query: loadTextContent('queries/dead-letters.kql')
    dimensions: []
  }
  {
    name: 'given-up'
    title: 'Work was given up'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('queries/given-up.kql')
    dimensions: ['what', 'registry', 'reason', 'receiver']
  }
  {
    name: 'stale-inventory'
    title: 'A source of the inventory is not fresh'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('queries/stale-inventory.kql')
    dimensions: ['source']
  }
  {
    name: 'reconcile-lag'
    title: 'A registry was not compared for three hours'
    severity: 2
    frequency: 'PT30M'
    window: 'PT6H'
    query: loadTextContent('queries/reconcile-lag.kql')
    dimensions: ['registry']
  }
  {
    name: 'seal-lag'
    title: 'Records wait to be sealed'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('queries/seal-lag.kql')
    dimensions: ['registry']
  }
  {
    name: 'ledger-failures'
    title: 'The ledger was not sealed, or not witnessed'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('queries/ledger-failures.kql')
    dimensions: ['what', 'registry', 'witness']
  }
  {
    name: 'failing-functions'
    title: 'A function fails'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('queries/failing-functions.kql')
    dimensions: ['OperationName']
  }
  {
    name: 'rejected-events'
    title: 'Events were rejected'
    severity: 3
    frequency: 'PT1H'
    window: 'PT2H'
    query: loadTextContent('queries/rejected-events.kql')
    dimensions: ['registry', 'reason']
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'acr-audit'
    enabled: true
    emailReceivers: map(emails, address => {
      name: address
      emailAddress: address
      useCommonAlertSchema: true
    })
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for each in rules: {
  name: 'acr-audit-${each.name}-${token}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'acr-audit: ${each.title}'
    severity: each.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: each.frequency
    windowSize: each.window
    autoMitigate: true
    // A workspace has its tables only some time after it is made.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: each.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: map(each.dimensions, name => {
            name: name
            operator: 'Include'
            values: ['*']
          })
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: concat([group.id], otherGroups)
    }
  }
}]
