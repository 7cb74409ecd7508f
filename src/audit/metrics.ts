/** What a number is: `counter` sums up, `histogram` is distributed, `gauge` is as it is now. */
export type InstrumentKind = 'counter' | 'histogram' | 'gauge';

interface Instrument {
  readonly kind: InstrumentKind;
  /** As UCUM has it: https://opentelemetry.io/docs/specs/semconv/general/metrics/#instrument-units */
  readonly unit: string;
  readonly description: string;
}

/**
 * Everything that is measured, by its name. Names and units are a promise: dashboards outside are made of them. What is
 * measured is told apart by few values alone (registry, kind, outcome), never by repository, tag or digest.
 */
export const instruments = {
  'acr_audit.events': { kind: 'counter', unit: '{event}', description: 'Events of registries, by outcome' },
  'acr_audit.event.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'From an event being handed over to it being settled',
  },
  'acr_audit.findings': {
    kind: 'counter',
    unit: '{finding}',
    description: 'Changes of findings, by kind, severity and change',
  },
  'acr_audit.alerts': {
    kind: 'counter',
    unit: '{alert}',
    description: 'Attempts to tell an alert, by receiver and outcome',
  },
  'acr_audit.alert.delay': {
    kind: 'histogram',
    unit: 's',
    description: 'From a finding changing to a receiver having taken the alert',
  },
  'acr_audit.ledger.sealed': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records sealed, by registry',
  },
  'acr_audit.ledger.failures': {
    kind: 'counter',
    unit: '{run}',
    description: 'Runs that could not seal the log of a registry',
  },
  'acr_audit.ledger.lag': {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest record that waits to be sealed; 0 when none does',
  },
  'acr_audit.locks': {
    kind: 'counter',
    unit: '{lock}',
    description: 'Locks set and undone, by registry and change',
  },
  'acr_audit.lock.failures': {
    kind: 'counter',
    unit: '{lock}',
    description: 'Changes of locks that the registry refused or did not show',
  },
  'acr_audit.reconcile.lag': {
    kind: 'gauge',
    unit: 's',
    description: 'Since the last round began in which a registry was compared whole',
  },
  'acr_audit.reconcile.failed': {
    kind: 'gauge',
    unit: '{repository}',
    description: 'Repositories whose last comparison failed',
  },
  'acr_audit.reconcile.waiting': {
    kind: 'gauge',
    unit: '{comparison}',
    description: 'Comparisons that wait or are being made',
  },
  'acr_audit.inventory.age': {
    kind: 'gauge',
    unit: 's',
    description: 'Since the last complete look at a source of the inventory',
  },
  'acr_audit.dead_letters': {
    kind: 'gauge',
    unit: '{blob}',
    description: 'Dead letters, by whether they wait or are in quarantine',
  },
} as const satisfies Readonly<Record<string, Instrument>>;

export type InstrumentName = keyof typeof instruments;

/** Takes numbers; never throws and never waits. */
export interface Metrics {
  record(name: InstrumentName, value: number, attributes?: Readonly<Record<string, string>>): void;
}
