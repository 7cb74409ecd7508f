/** A part of the workbook: a query by the name of its file, and how it is drawn. */
interface Panel {
  readonly query: string;
  readonly title: string;
  readonly visualization: 'table' | 'timechart' | 'barchart';
  /** Of the page, in percent. */
  readonly width?: number;
}

const panels: readonly Panel[] = [
  { query: 'findings', title: 'Findings opened', visualization: 'table', width: 50 },
  { query: 'alerts-told', title: 'Alerts by receiver', visualization: 'table', width: 50 },
  { query: 'events', title: 'Events', visualization: 'timechart', width: 50 },
  {
    query: 'event-delay',
    title: 'Seconds until an event is recorded',
    visualization: 'timechart',
    width: 50,
  },
  { query: 'lags', title: 'Minutes behind: comparisons and seals', visualization: 'timechart', width: 50 },
  { query: 'sealed', title: 'Records sealed', visualization: 'barchart', width: 50 },
  { query: 'stale-inventory', title: 'Sources that are not fresh', visualization: 'table', width: 50 },
  { query: 'lock-failures', title: 'Locks that failed', visualization: 'table', width: 50 },
  { query: 'dead-letters', title: 'Dead letters', visualization: 'table', width: 50 },
  { query: 'given-up', title: 'Work given up', visualization: 'table', width: 50 },
  { query: 'rejected-events', title: 'Events rejected', visualization: 'table', width: 50 },
  { query: 'failing-functions', title: 'Functions that fail', visualization: 'table', width: 50 },
  {
    query: 'trace',
    title: 'What became of an event, record, finding or alert: give its id above',
    visualization: 'table',
  },
];

/**
 * The workbook as JSON, from the texts of queries by their names. The form is that of the workbooks themselves:
 * https://github.com/microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json
 */
export function workbookText(textOf: (query: string) => string): string {
  const parameters = {
    type: 9,
    name: 'parameters',
    content: {
      version: 'KqlParameterItem/1.0',
      style: 'pills',
      parameters: [
        {
          version: 'KqlParameterItem/1.0',
          name: 'TimeRange',
          label: 'Time',
          type: 4,
          isRequired: true,
          value: { durationMs: 86_400_000 },
          typeSettings: {
            selectableValues: [3_600_000, 14_400_000, 86_400_000, 604_800_000, 2_592_000_000].map(
              (durationMs) => ({
                durationMs,
              }),
            ),
            allowCustom: true,
          },
        },
        { version: 'KqlParameterItem/1.0', name: 'Id', label: 'Id to follow', type: 1, value: '' },
      ],
    },
  };
  const items = panels.map(({ query, title, visualization, width }) => ({
    type: 3,
    name: query,
    content: {
      version: 'KqlItem/1.0',
      query: textOf(query),
      size: 0,
      title,
      noDataMessage: 'Nothing.',
      timeContextFromParameter: 'TimeRange',
      queryType: 0,
      resourceType: 'microsoft.operationalinsights/workspaces',
      visualization,
    },
    ...(width === undefined ? {} : { customWidth: String(width) }),
  }));
  return `${JSON.stringify({ version: 'Notebook/1.0', items: [parameters, ...items] }, undefined, 2)}\n`;
}
