import { type Attributes, type MeterProvider, metrics } from '@opentelemetry/api';
import { type InstrumentName, instruments, type Metrics } from '../audit/metrics.ts';

type Record = (value: number, attributes?: Attributes) => void;

/**
 * Metrics of OpenTelemetry. Without an SDK that registers a provider, recording does nothing and costs next to nothing:
 * https://opentelemetry.io/docs/specs/otel/metrics/noop/
 */
export function openTelemetryMetrics(
  provider: () => MeterProvider = () => metrics.getMeterProvider(),
): Metrics {
  const made = new Map<InstrumentName, Record>();

  function instrument(name: InstrumentName): Record {
    const { kind, unit, description } = instruments[name];
    const meter = provider().getMeter('acr-audit');
    switch (kind) {
      case 'counter': {
        const counter = meter.createCounter(name, { unit, description });
        return (value, attributes) => counter.add(value, attributes);
      }
      case 'histogram': {
        const histogram = meter.createHistogram(name, { unit, description });
        return (value, attributes) => histogram.record(value, attributes);
      }
      case 'gauge': {
        const gauge = meter.createGauge(name, { unit, description });
        return (value, attributes) => gauge.record(value, attributes);
      }
    }
  }

  return {
    record(name, value, attributes) {
      const known = made.get(name);
      // Made when first needed: an SDK may register after the app was loaded.
      const record = known ?? instrument(name);
      if (known === undefined) made.set(name, record);
      record(value, attributes);
    },
  };
}
